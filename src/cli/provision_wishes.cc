#include "cli/provision_wishes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "cli/context.h"
#include "wire/url.h"

namespace farshore::cli {

namespace {

core::CheckTarget target_of(const wire::Url& url, std::string path) {
    return {.tls = url.tls, .host = url.host, .port = url.port, .path = std::move(path)};
}

std::string path_of(const wire::Url& url) {
    return (url.path.empty() ? "/" : url.path) + (url.query.empty() ? "" : "?" + url.query);
}

// Without the zones of load balancers, which AWS has to tell.
core::TrafficSide side_of(const config::Region& region) {
    core::TrafficSide side{.region = region.id, .serving = {}, .answer = {}};
    if (const auto url = wire::parse_url(region.health)) {
        side.serving = target_of(*url, path_of(*url));
    }
    if (!region.answers.empty()) {
        core::RecordAnswer answer;
        if (wire::is_ip_address(region.answers.front())) {
            answer.addresses = region.answers;
        } else {
            answer.name = to_lower(region.answers.front());
        }
        side.answer = std::move(answer);
    }
    return side;
}

}  // namespace

Result<config::Config> needed_configuration(const Context& context) {
    Result<std::optional<config::Config>> config = context.configuration();
    if (!config) {
        return std::unexpected(config.error());
    }
    if (!*config) {
        return fail(
            ErrorKind::malformed,
            "no configuration is named",
            "name farshore.yaml with --config; `farshore init` writes one"
        );
    }
    return **std::move(config);
}

std::vector<core::TableWish> wishes_of(const config::Config& config) {
    std::vector<RegionId> regions{config.preferred()};
    for (const config::Region& region : config.regions) {
        if (region.id != regions.front()) {
            regions.push_back(region.id);
        }
    }
    std::vector<RegionId> with_witness = regions;
    if (!config.witness.value().empty()) {
        with_witness.push_back(config.witness);
    }
    std::vector<core::TableWish> wishes;
    for (const config::Table& table : config.tables) {
        wishes.push_back({.table = table.name, .use = core::TableUse::data, .regions = regions});
    }
    wishes.push_back(
        {.table = config.detect.heartbeat_table,
         .use = core::TableUse::heartbeat,
         .regions = regions}
    );
    wishes.push_back(
        {.table = config.fence.epoch_table,
         .use = core::TableUse::epoch,
         .regions = std::move(with_witness)}
    );
    return wishes;
}

bool is_aws_balancer(std::string_view name) {
    return name.contains(".elb.") && name.contains(".amazonaws.com");
}

core::TrafficWish traffic_wish(const config::Config& config) {
    core::TrafficWish wish{
        .app = config.app,
        .zone = config.traffic->zone,
        .record = config.traffic->record,
        .ttl = std::max<std::int64_t>(to_ms(config.traffic->ttl) / 1000, 1),
        .preferred = {},
        .standby = {},
        .takeover = {},
        .failure_threshold = config.traffic->failure_threshold
    };
    for (const config::Region& region : config.regions) {
        (region.preferred ? wish.preferred : wish.standby) = side_of(region);
        if (!region.preferred) {
            const auto url = wire::parse_url(region.agents.empty() ? region.health : region.agents);
            if (url) {
                const std::string below = region.agents.empty() ? "" : url->path;
                wish.takeover = target_of(
                    *url,
                    below + "/route53/" + config.app.value() + "/" + config.preferred().value()
                );
            }
        }
    }
    return wish;
}

}  // namespace farshore::cli
