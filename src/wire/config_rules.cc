#include "wire/config_rules.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "core/evidence/observers.h"
#include "wire/url.h"

namespace farshore::config {

namespace {

std::string shown(Duration duration) {
    return to_text(duration);
}

// The controller is a vantage of its own where it stands; without a place it may be in either
// Region.
bool stands_nowhere(const Config& config) {
    return config.controller.region.value().empty();
}

std::ptrdiff_t preferred_count(const Config& config) {
    return std::ranges::count_if(config.regions, &Region::preferred);
}

// How long declared steps may keep an automatic failover from its raise. A person who has to
// approve takes the time that a person takes.
Duration in_front_of_a_raise(const Config& config) {
    Duration sum{};
    for (const core::DeclaredStep& step : config.steps) {
        const bool ours = step.verbs.empty() ||
                          std::ranges::find(step.verbs, core::Verb::failover) != step.verbs.end();
        if (step.at == core::Slot::before && ours && step.kind != core::StepKind::approve) {
            sum += step.timeout * step.attempts;
        }
    }
    return sum;
}

bool moves_users(const Config& config) {
    const auto shifts = [](const std::vector<Lever>& levers) {
        return std::ranges::find(levers, Lever::shift) != levers.end();
    };
    return shifts(config.levers.data_impaired) || shifts(config.levers.stack_impaired) ||
           shifts(config.levers.region_lost);
}

// At best, until the application is back for all users that DNS moves.
core::RtoForecast best_case(const Config& config) {
    return core::forecast_rto(rto_input(config));
}

// What an automatic failover from any Region to any other would depend on, and must not.
std::string unstable_steps(const Config& config) {
    std::set<std::string> found;
    for (const Region& from : config.regions) {
        for (const Region& to : config.regions) {
            if (from.id != to.id) {
                const auto between = core::unstable_in(config.steps, from.id, to.id);
                found.insert(between.begin(), between.end());
            }
        }
    }
    std::string text;
    for (const std::string& one : found) {
        text += (text.empty() ? "" : "; ") + one;
    }
    return text;
}

bool answers_with_several_names(const Region& region) {
    return region.answers.size() > 1 && std::ranges::any_of(region.answers, [](const auto& one) {
               return !wire::is_ip_address(one);
           });
}

Duration left_for_steps(const Config& config) {
    return config.rto - config.detect.unhealthy_for - config.fence.lease - config.fence.clock_error;
}

// clang-format off
constexpr std::array kRules{
    Rule{"C201", Severity::error, "regions",
        [](const Config& c) { return c.regions.size() != 2; },
        [](const Config& c) { return "an app has exactly two table Regions, not " + std::to_string(c.regions.size()); },
        "name the active Region and its standby", "more than one standby is not supported in this version"},
    Rule{"C202", Severity::error, "regions",
        [](const Config& c) { return preferred_count(c) != 1; },
        [](const Config& c) { return "exactly one Region is preferred, not " + std::to_string(preferred_count(c)); },
        "write `preferred: true` in one Region", "failback and the first epoch need to know where home is", "regions.*.preferred"},
    Rule{"C203", Severity::error, "witness.region",
        [](const Config& c) { return c.region(c.witness) != nullptr; },
        [](const Config& c) { return "the witness stands in " + c.witness.value() + ", which holds the tables"; },
        "choose a third Region", "a witness that fails together with a table Region proves nothing", "regions"},
    Rule{"C238", Severity::error, "regions",
        [](const Config& c) { return std::ranges::any_of(c.regions, answers_with_several_names); },
        [](const Config& c) {
            return "`answers` of " + std::ranges::find_if(c.regions, answers_with_several_names)->id.value() + " names a host and something else beside it";
        },
        "one name, or only addresses", "a record leads to one name, or answers with addresses", "regions.*.answers"},
    Rule{"C204", Severity::error, "decide.mode",
        [](const Config& c) { return c.decide.mode != Mode::observe && c.witness.value().empty(); },
        [](const Config& c) { return "`" + std::string{to_string(c.decide.mode)} + "` needs a witness"; },
        "add `witness: { region: … }`, or use mode `observe`", "with two vantages a partition looks like an outage to both sides", "witness.region"},
    Rule{"C205", Severity::error, "detect.quorum",
        [](const Config& c) { return c.detect.quorum.needed * 2 <= c.detect.quorum.of; },
        [](const Config& c) { return "a quorum of " + std::to_string(c.detect.quorum.needed) + " of " + std::to_string(c.detect.quorum.of) + " is no majority"; },
        "more than half of the observers must agree", "two halves could each decide"},
    Rule{"C206", Severity::error, "detect.quorum",
        [](const Config& c) { return static_cast<std::size_t>(c.detect.quorum.of) != observers_of(c).size(); },
        [](const Config& c) {
            const std::vector<std::string> observers = observers_of(c);
            return "the quorum counts " + std::to_string(c.detect.quorum.of) + " observers, but there are " + std::to_string(observers.size()) + " (" + joined(observers) + ")" +
                   (stands_nowhere(c) ? ": without a `witness` the controller has no place to see from" : "");
        },
        "one for the agents of each Region, and the controller, which stands where `witness: { region: … }` says", "a quorum counts configured observers, not those that happen to be awake",
        "regions witness.region controller.region controller.id"},
    Rule{"C207", Severity::error, "detect.unhealthy_for",
        [](const Config& c) { return c.detect.unhealthy_for < 3 * c.detect.probe_every; },
        [](const Config& c) { return "unhealthy_for " + shown(c.detect.unhealthy_for) + " is shorter than three probes (" + shown(3 * c.detect.probe_every) + ")"; },
        "at least 3 × probe_every", "one or two lost probes are weather, not an outage", "detect.probe_every"},
    Rule{"C208", Severity::error, "detect.fresh_for",
        [](const Config& c) { return c.detect.fresh_for < 3 * c.detect.probe_every || c.detect.fresh_for < 1500ms; },
        [](const Config& c) { return "fresh_for " + shown(c.detect.fresh_for) + " lets evidence grow old between two reports"; },
        "at least 3 × probe_every and 1500ms", "agents report every 500 ms; an observer that misses one report must keep its vote", "detect.probe_every"},
    Rule{"C209", Severity::error, "detect.healthy_for",
        [](const Config& c) { return c.detect.healthy_for < c.detect.unhealthy_for; },
        [](const Config& c) { return "healthy_for " + shown(c.detect.healthy_for) + " is shorter than unhealthy_for " + shown(c.detect.unhealthy_for); },
        "rise slower than you fall", "a Region that flaps would change its verdict with every blip", "detect.unhealthy_for"},
    Rule{"C210", Severity::error, "fence.lease",
        [](const Config& c) { return c.fence.lease < 1500ms + c.fence.clock_error; },
        [](const Config& c) { return "lease " + shown(c.fence.lease) + " does not outlast two lost renewals (500 ms apart) and clock_error " + shown(c.fence.clock_error); },
        "at least 1500ms + clock_error", "a healthy host would stop writing because one report was late", "fence.clock_error"},
    Rule{"C211", Severity::error, "switchover.drain_timeout",
        [](const Config& c) { return c.switchover.drain_timeout >= c.switchover.hold_max; },
        [](const Config& c) { return "drain_timeout " + shown(c.switchover.drain_timeout) + " must end before hold_max " + shown(c.switchover.hold_max); },
        "leave time to release the hold", "a hold that ends by itself resumes the old epoch in the middle of a drain", "switchover.hold_max"},
    Rule{"C212", Severity::error, "switchover.hold_when_lag_below",
        [](const Config& c) { return c.switchover.hold_when_lag_below >= c.switchover.drain_timeout; },
        [](const Config& c) { return "hold_when_lag_below " + shown(c.switchover.hold_when_lag_below) + " leaves no time to drain within " + shown(c.switchover.drain_timeout); },
        "well below drain_timeout", "writes held longer than the drain may take are held for nothing", "switchover.drain_timeout"},
    Rule{"C213", Severity::error, "tables",
        [](const Config& c) { return c.tables.empty(); },
        [](const Config&) { return std::string{"no table is named"}; },
        "tables: [{ name: … }]", "without a table there is nothing to fail over"},
    Rule{"C214", Severity::error, "detect.probe_timeout",
        [](const Config& c) { return c.detect.probe_timeout >= c.detect.fresh_for; },
        [](const Config& c) { return "probe_timeout " + shown(c.detect.probe_timeout) + " is not below fresh_for " + shown(c.detect.fresh_for); },
        "below fresh_for", "a hanging probe would be too old to count when it fails", "detect.fresh_for"},
    Rule{"C215", Severity::error, "traffic.route53",
        [](const Config& c) { return !c.traffic && moves_users(c); },
        [](const Config&) { return std::string{"the lever `shift` needs `traffic: { route53: … }`"}; },
        "name the zone and the record, or remove `shift` from `levers`", "users cannot be moved without a record", "levers.*"},
    Rule{"C217", Severity::error, "controller.listen",
        [](const Config& c) { return !wire::is_loopback(c.controller.listen.address) && (c.controller.certificate_file.empty() || c.controller.key_file.empty()); },
        [](const Config& c) { return "the controller listens on " + c.controller.listen.address + " without `controller.tls`"; },
        "name `tls: { certificate: …, key: … }`, or listen on 127.0.0.1", "tokens that move a Region would travel in the clear", "controller.tls.*"},
    Rule{"C218", Severity::error, "join.aws.roles",
        [](const Config& c) { return std::ranges::any_of(c.join.roles, [&](const JoinRole& r) { return r.region != RegionId{} && c.region(r.region) == nullptr; }); },
        [](const Config&) { return std::string{"a role of `join.aws` stands in a Region that is none of the app's"}; },
        "name one of `regions`, or leave it out", "no host could join with it", "join.* regions"},
    Rule{"C234", Severity::error, "controller.region",
        [](const Config& c) { return c.decide.mode != Mode::observe && c.region(c.controller.region) != nullptr; },
        [](const Config& c) { return "the controller of mode `" + std::string{to_string(c.decide.mode)} + "` stands in " + c.controller.region.value() + ", which it may have to leave"; },
        "let it stand with the witness, or use mode `observe`", "there it shares the fate of that Region's agents: two votes from one vantage", "decide.mode regions witness.region"},
    Rule{"C236", Severity::error, "steps",
        [](const Config& c) { return c.decide.mode == Mode::automatic && left_for_steps(c) <= in_front_of_a_raise(c); },
        [](const Config& c) {
            return "steps in front of an automatic failover may take " + shown(in_front_of_a_raise(c)) + ", and detection and a fence leave " + shown(left_for_steps(c)) + " of rto " +
                   shown(c.rto);
        },
        "shorter `timeout`s, a place behind the raise, or `verbs: [switchover, failback]`", "they would use up the time in which the app is to be back", "objectives.rto detect.unhealthy_for fence.lease fence.clock_error"},
    Rule{"C253", Severity::error, "steps",
        [](const Config& c) { return c.decide.mode != Mode::observe && !unstable_steps(c).empty(); },
        [](const Config& c) { return "an automatic failover would depend on what an outage may take: " + unstable_steps(c); },
        "`best_effort: true`, or `verbs: [switchover, failback]`", "it could not be done when it is needed", "decide.mode regions"},
    Rule{"C235", Severity::warning, "join.aws.roles",
        [](const Config& c) { return !c.join.roles.empty(); },
        [](const Config&) { return std::string{"nothing here can check that only EC2 or ECS may assume the roles of `join.aws`: a caller that may choose the session's name can be any host"}; },
        "let the trust policy of each role name `ec2.amazonaws.com` or `ecs-tasks.amazonaws.com` alone", "", "join.*"},
    Rule{"C231", Severity::warning, "traffic.route53.ttl",
        [](const Config& c) { return c.traffic && c.traffic->ttl >= c.rto; },
        [](const Config& c) { return "DNS ttl " + shown(c.traffic->ttl) + " alone takes all of rto " + shown(c.rto); },
        "a shorter ttl of the record, and of this key: clients keep an answer that long", "", "objectives.rto"},
    Rule{"C232", Severity::warning, "decide.max_loss",
        [](const Config& c) { return c.decide.max_loss > c.rpo; },
        [](const Config& c) { return "max_loss " + shown(c.decide.max_loss) + " lets an automatic failover lose more than rpo " + shown(c.rpo); },
        "max_loss of at most the rpo, or an rpo that says what may be lost", "", "objectives.rpo"},
    Rule{"C233", Severity::warning, "objectives.rto",
        [](const Config& c) { return c.detect.unhealthy_for + c.fence.lease + c.fence.clock_error >= c.rto; },
        [](const Config& c) { return "detection and a fence by lease (" + shown(c.detect.unhealthy_for + c.fence.lease + c.fence.clock_error) + ") take all of rto " + shown(c.rto); },
        "a longer rto, or a shorter unhealthy_for or lease", "", "detect.unhealthy_for fence.lease fence.clock_error"},
    Rule{"C237", Severity::warning, "objectives.rto",
        [](const Config& c) { return c.traffic && c.traffic->ttl < c.rto && best_case(c).repointed() < c.rto && best_case(c).shifted() > c.rto; },
        [](const Config& c) {
            const core::RtoForecast best = best_case(c);
            return "users are moved by DNS in " + shown(best.shifted()) + " at best (" + core::in_words(best.repoint) + " + " + core::in_words(best.shift) + "), and rto is " + shown(c.rto);
        },
        "a shorter ttl, lease or unhealthy_for, or a longer rto; `farshore doctor` counts with the health checks that there are", "", "detect.* fence.lease fence.clock_error traffic.route53.ttl levers.* steps"},
};

constexpr std::array kAgentRules{
    AgentRule{"C220", Severity::error, "regions",
        [](const AgentConfig&, const AgentApp& a) { return a.regions.size() != 2 || a.regions.front() == a.regions.back(); },
        [](const AgentConfig&, const AgentApp& a) { return "app `" + a.app.value() + "` needs both of its table Regions"; },
        "regions: [us-east-1, eu-west-1]", "the agent keeps warm connections to both"},
    AgentRule{"C221", Severity::error, "on_controller_loss",
        [](const AgentConfig&, const AgentApp& a) { return a.on_controller_loss == OnControllerLoss::verify && a.witness.value().empty(); },
        [](const AgentConfig&, const AgentApp& a) { return "app `" + a.app.value() + "`: `verify` needs a witness"; },
        "add `witness: us-east-2`, or use `keep` or `fence`", "of two epoch records a majority is both, so one lost Region would stop every write", "witness"},
    AgentRule{"C222", Severity::error, "witness",
        [](const AgentConfig&, const AgentApp& a) { return std::ranges::find(a.regions, a.witness) != a.regions.end(); },
        [](const AgentConfig&, const AgentApp& a) { return "the witness of app `" + a.app.value() + "` holds its tables"; },
        "choose a third Region", "a witness that fails together with a table Region proves nothing", "regions"},
    AgentRule{"C223", Severity::error, "lease",
        [](const AgentConfig&, const AgentApp& a) { return a.lease < 1500ms; },
        [](const AgentConfig&, const AgentApp& a) { return "lease " + shown(a.lease) + " does not outlast two lost renewals (500 ms apart)"; },
        "at least 1500ms", "a healthy host would stop writing because one report was late"},
    AgentRule{"C227", Severity::error, "health_urls",
        [](const AgentConfig&, const AgentApp& a) { return std::ranges::any_of(a.health_urls, [&](const auto& entry) { return std::ranges::find(a.regions, entry.first) == a.regions.end(); }); },
        [](const AgentConfig&, const AgentApp& a) { return "`health_urls` of app `" + a.app.value() + "` names a Region that is none of the app's: " + joined(a.regions); },
        "name the app's Regions", "what is watched elsewhere gives no vote", "regions"},
    AgentRule{"C224", Severity::warning, "upstream_timeout",
        [](const AgentConfig&, const AgentApp& a) { return a.upstream_timeout > a.lease; },
        [](const AgentConfig&, const AgentApp& a) { return "upstream_timeout " + shown(a.upstream_timeout) + " is longer than the lease " + shown(a.lease); },
        "at most the lease: a write may wait for its Region no longer than the host may write there", "", "lease"},
};
// clang-format on

// The value's own place, or that of the nearest parent that the file has.
Place place_of(const Findings& findings, std::string path) {
    while (!path.empty()) {
        const auto found = findings.places.find(path);
        if (found != findings.places.end()) {
            return found->second;
        }
        const std::size_t dot = path.rfind('.');
        path = dot == std::string::npos ? "" : path.substr(0, dot);
    }
    return {.line = 1, .column = 1, .length = 1};
}

void report(
    Findings& findings, Severity severity, Place place, std::string text, const auto& rule
) {
    if (severity == Severity::warning) {
        findings.warn(place, std::string{rule.code}, std::move(text), std::string{rule.hint});
    } else {
        findings.error(
            place,
            std::string{rule.code},
            std::move(text),
            std::string{rule.hint},
            std::string{rule.why}
        );
    }
}

// The paths that a rule reads, below `prefix`.
bool may_ask(const Findings& findings, const std::string& prefix, const auto& rule) {
    std::vector<std::string_view> paths = split(rule.reads, ' ');
    paths.push_back(rule.anchor);
    return std::ranges::all_of(paths, [&](std::string_view path) {
        return path.empty() || findings.usable(prefix + std::string{path});
    });
}

bool same_listener(const Listen& a, const Listen& b) {
    return a.port != 0 && a.port == b.port && a.address == b.address;
}

}  // namespace

core::RtoInput rto_input(const Config& config) {
    core::RtoInput input{
        .probe_every = config.detect.probe_every,
        .probe_timeout = config.detect.probe_timeout,
        .unhealthy_for = config.detect.unhealthy_for,
        .lease = config.fence.lease,
        .clock_error = config.fence.clock_error,
        .steps_before = in_front_of_a_raise(config)
    };
    if (config.traffic && moves_users(config)) {
        input.check = core::kFastestCheck;
        input.ttl = config.traffic->ttl;
    }
    return input;
}

std::vector<std::string> observers_of(const Config& config) {
    std::vector<std::string> observers;
    if (!stands_nowhere(config)) {
        observers.push_back(config.controller.id.value());
    }
    for (const Region& region : config.regions) {
        observers.push_back(core::agents_of(region.id).value());
    }
    return observers;
}

std::span<const Rule> rules() {
    return kRules;
}

std::span<const AgentRule> agent_rules() {
    return kAgentRules;
}

void apply_rules(Findings& findings, const Config& config) {
    for (const Rule& rule : kRules) {
        if (may_ask(findings, "", rule) && rule.broken(config)) {
            const Place place = place_of(findings, std::string{rule.anchor});
            report(findings, rule.severity, place, rule.text(config), rule);
        }
    }
    std::set<TableName> seen;
    for (std::size_t i = 0; i < config.tables.size(); ++i) {
        const bool named = !config.tables[i].name.value().empty();
        if (named && !seen.insert(config.tables[i].name).second) {
            findings.error(
                place_of(findings, "tables[" + std::to_string(i) + "].name"),
                "C216",
                "table `" + config.tables[i].name.value() + "` a second time"
            );
        }
    }
}

namespace {

// How the agent shows who it is: exactly one way, when there is a controller to show it to.
void check_credential(Findings& findings, const AgentConfig& config) {
    const int ways = (config.token_file.empty() ? 0 : 1) +
                     (config.join_token_file.empty() ? 0 : 1) + (config.join_by_identity ? 1 : 0);
    const bool usable = findings.usable("token") && findings.usable("join.*");
    if (ways > 1) {
        findings.error(
            place_of(findings, "join"),
            "C229",
            "`token`, `join.token` and `join.aws` are three ways to one end",
            "keep one of them",
            "a host has one credential; which of two counts would depend on chance"
        );
    } else if (ways == 0 && usable && !config.controllers.empty()) {
        findings.error(
            place_of(findings, "controllers"),
            "C228",
            "`controllers` need `token` or `join`",
            "token: the file of this host's own credential",
            "a controller hears only hosts that hold a credential of their own"
        );
    }
}

// Every listener has an address, and every app a name, of its own.
void check_apart(Findings& findings, const AgentConfig& config, std::size_t index) {
    const auto path_of = [](std::size_t i) {
        return "apps[" + std::to_string(i) + "]";
    };
    const AgentApp& app = config.apps[index];
    const std::string listen = path_of(index) + ".listen";
    const bool listens = findings.usable(listen);
    if (listens && findings.usable("health") && same_listener(app.listen, config.health)) {
        findings.error(
            place_of(findings, listen),
            "C225",
            "app `" + app.app.value() + "` listens where `health` does",
            "choose another port"
        );
    }
    for (std::size_t k = 0; k < index; ++k) {
        const AgentApp& other = config.apps[k];
        const bool one_listener = listens && findings.usable(path_of(k) + ".listen") &&
                                  same_listener(app.listen, other.listen);
        const bool one_name = app.app == other.app;
        if (one_listener || one_name) {
            findings.error(
                place_of(findings, listen),
                "C226",
                "apps `" + other.app.value() + "` and `" + app.app.value() +
                    "` share a name or a listener",
                "each app has a name and a port of its own"
            );
        }
    }
}

}  // namespace

void apply_rules(Findings& findings, const AgentConfig& config) {
    check_credential(findings, config);
    for (std::size_t i = 0; i < config.apps.size(); ++i) {
        const AgentApp& app = config.apps[i];
        const std::string path = "apps[" + std::to_string(i) + "].";
        for (const AgentRule& rule : kAgentRules) {
            if (may_ask(findings, path, rule) && rule.broken(config, app)) {
                const Place place = place_of(findings, path + std::string{rule.anchor});
                report(findings, rule.severity, place, rule.text(config, app), rule);
            }
        }
        check_apart(findings, config, i);
    }
}

}  // namespace farshore::config
