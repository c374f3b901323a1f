#include "cli/config_view.h"

#include <boost/json.hpp>

#include "base/enum_names.h"

namespace farshore::cli {

namespace json = boost::json;
using config::Config;

namespace {

// The longest unit that says it exactly: the loader reads whole numbers.
std::string exact(Duration duration) {
    const std::int64_t ms = to_ms(duration);
    if (ms % 1000 != 0 || ms == 0) {
        return std::to_string(ms) + "ms";
    }
    const std::int64_t s = ms / 1000;
    if (s % 86'400 == 0) {
        return std::to_string(s / 86'400) + "d";
    }
    if (s % 3600 == 0) {
        return std::to_string(s / 3600) + "h";
    }
    return s % 60 == 0 ? std::to_string(s / 60) + "m" : std::to_string(s) + "s";
}

// Leaves out what the file may leave out and has no default worth showing.
void put(json::object& out, std::string_view key, const std::string& text) {
    if (!text.empty()) {
        out[key] = text;
    }
}

template <class Enum>
json::array words(const std::vector<Enum>& values) {
    json::array out;
    for (const Enum value : values) {
        out.emplace_back(to_string(value));
    }
    return out;
}

json::object aws_of(const config::AwsAccess& aws) {
    json::object out;
    json::object credentials;
    put(credentials, "file", aws.credentials_file);
    put(credentials, "profile", aws.profile);
    if (!credentials.empty()) {
        out["credentials"] = std::move(credentials);
    }
    json::object endpoints;
    for (const auto& [service, urls] : {std::pair{"dynamodb", &aws.dynamodb}, {"sts", &aws.sts}}) {
        json::object by_region;
        for (const auto& [region, url] : *urls) {
            by_region[region.value()] = url;
        }
        if (!by_region.empty()) {
            endpoints[service] = std::move(by_region);
        }
    }
    put(endpoints, "route53", aws.route53);
    if (!endpoints.empty()) {
        out["endpoints"] = std::move(endpoints);
    }
    json::array resolvers;
    for (const config::Listen& resolver : aws.resolvers) {
        resolvers.emplace_back(resolver.text());
    }
    if (!resolvers.empty()) {
        out["resolver"] = std::move(resolvers);
    }
    put(out, "source_address", aws.source_address);
    put(out, "ca_file", aws.ca_file);
    return out;
}

json::object join_of(const config::Join& join) {
    json::array roles;
    for (const config::JoinRole& role : join.roles) {
        json::object one{{"arn", role.arn}, {"hosts", role.hosts}};
        put(one, "region", role.region.value());
        roles.push_back(std::move(one));
    }
    json::object aws{{"roles", std::move(roles)}};
    if (!join.sts_regions.empty()) {
        json::array regions;
        for (const RegionId& region : join.sts_regions) {
            regions.emplace_back(region.value());
        }
        aws["sts_regions"] = std::move(regions);
    }
    if (!join.urls.empty()) {
        aws["urls"] = json::array(join.urls.begin(), join.urls.end());
    }
    return {{"aws", std::move(aws)}};
}

enum class Slotted { yes, no };  // a step inside of a parallel one stands where that stands

json::array steps_of(const std::vector<core::DeclaredStep>& steps, Slotted slotted) {
    json::array out;
    for (const core::DeclaredStep& step : steps) {
        json::object values;
        put(values, "name", step.name);
        if (slotted == Slotted::yes) {
            values["at"] = to_string(step.at);
        }
        if (!step.verbs.empty()) {
            values["verbs"] = words(step.verbs);
        }
        if (step.when) {
            values["when"] = step.when->text();
        }
        if (step.kind == core::StepKind::parallel) {
            values["steps"] = steps_of(step.steps, Slotted::no);
        } else {
            values["timeout"] = exact(step.timeout);
        }
        if (step.kind == core::StepKind::command) {
            values["run"] = json::array(step.run.begin(), step.run.end());
            values["attempts"] = step.attempts;
        }
        values["on_failure"] = to_string(step.on_failure);
        out.push_back(json::object{{to_string(step.kind), std::move(values)}});
    }
    return out;
}

json::object controller_of(const Config::Controller& controller) {
    json::object out;
    put(out, "id", controller.id.value());
    put(out, "region", controller.region.value());
    out["listen"] = controller.listen.text();
    put(out, "url", controller.url);
    json::object tls;
    put(tls, "certificate", controller.certificate_file);
    put(tls, "key", controller.key_file);
    put(tls, "ca", controller.ca_file);
    if (!tls.empty()) {
        out["tls"] = std::move(tls);
    }
    put(out, "tokens", controller.tokens_file);
    put(out, "operator_token", controller.operator_token_file);
    return out;
}

json::object detect_of(const config::Detect& detect) {
    json::object out{
        {"quorum", std::to_string(detect.quorum_needed) + " of " + std::to_string(detect.quorum_of)
        },
        {"probe_every", exact(detect.probe_every)},
        {"probe_timeout", exact(detect.probe_timeout)},
        {"unhealthy_for", exact(detect.unhealthy_for)},
        {"healthy_for", exact(detect.healthy_for)},
        {"fresh_for", exact(detect.fresh_for)},
        {"early", detect.early},
        {"heartbeat_table", detect.heartbeat_table.value()}
    };
    put(out, "control_target", detect.control_target);
    return out;
}

json::object regions_of(const Config& config) {
    json::object out;
    for (const config::Region& region : config.regions) {
        json::object entry{{"preferred", region.preferred}};
        put(entry, "health", region.health);
        out[region.id.value()] = std::move(entry);
    }
    return out;
}

json::array tables_of(const Config& config) {
    json::array out;
    for (const config::Table& table : config.tables) {
        out.push_back(json::object{{"name", table.name.value()}});
    }
    return out;
}

}  // namespace

json::value config_document(const Config& config) {
    json::object out{
        {"version", 1},
        {"app", config.app.value()},
        {"objectives", {{"rto", exact(config.rto)}, {"rpo", exact(config.rpo)}}},
        {"regions", regions_of(config)}
    };
    if (!config.witness.value().empty()) {
        out["witness"] = json::object{{"region", config.witness.value()}};
    }
    out["store"] = json::object{{"sqlite", config.store_path}};
    out["tables"] = tables_of(config);
    out["detect"] = detect_of(config.detect);
    out["decide"] = json::object{
        {"mode", to_string(config.decide.mode)},
        {"max_loss", exact(config.decide.max_loss)},
        {"cooldown", exact(config.decide.cooldown)},
        {"approve_within", exact(config.decide.approve_within)},
        {"require_drill_within",
         config.decide.require_drill_within ? exact(*config.decide.require_drill_within)
                                            : std::string{"off"}}
    };
    out["fence"] = json::object{
        {"on_controller_loss", to_string(config.fence.on_controller_loss)},
        {"lease", exact(config.fence.lease)},
        {"clock_error", exact(config.fence.clock_error)},
        {"unknown_for", exact(config.fence.unknown_for)},
        {"epoch_table", config.fence.epoch_table.value()}
    };
    out["switchover"] = json::object{
        {"hold_max", exact(config.switchover.hold_max)},
        {"hold_when_lag_below", exact(config.switchover.hold_when_lag_below)},
        {"drain_timeout", exact(config.switchover.drain_timeout)},
        {"drain_attempts", config.switchover.drain_attempts},
        {"pause_between_attempts", exact(config.switchover.pause_between_attempts)}
    };
    out["losses"] = json::object{
        {"unreadable_after", exact(config.losses.unreadable_after)},
        {"undecided_after", exact(config.losses.undecided_after)}
    };
    out["levers"] = json::object{
        {"data_impaired", words(config.levers.data_impaired)},
        {"stack_impaired", words(config.levers.stack_impaired)},
        {"region_lost", words(config.levers.region_lost)}
    };
    if (!config.steps.empty()) {
        out["steps"] = steps_of(config.steps, Slotted::yes);
    }
    if (config.traffic) {
        out["traffic"] = json::object{
            {"route53",
             {{"zone", config.traffic->zone},
              {"record", config.traffic->record},
              {"ttl", exact(config.traffic->ttl)},
              {"mechanism", "health-state"}}}
        };
    }
    out["verify"] =
        json::object{{"path", config.verify.path}, {"timeout", exact(config.verify.timeout)}};
    if (!config.agents.empty()) {
        json::array agents;
        for (const HostId& host : config.agents) {
            agents.emplace_back(host.value());
        }
        out["agents"] = std::move(agents);
    }
    if (!config.join.roles.empty()) {
        out["join"] = join_of(config.join);
    }
    out["aws"] = aws_of(config.aws);
    out["controller"] = controller_of(config.controller);
    return out;
}

}  // namespace farshore::cli
