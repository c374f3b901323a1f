#include "core/provision/traffic_plan.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

namespace {

// Route 53's fast interval; the slow one (30 s) is its default, and neither can be changed later.
constexpr int kFastInterval = 10;

constexpr std::array kRoles{
    CheckRole::serving_preferred,
    CheckRole::serving_standby,
    CheckRole::takeover,
    CheckRole::primary
};

std::string quoted(std::string_view text) {
    return "`" + std::string{text} + "`";
}

std::string why_of(CheckRole role, const TrafficWish& wish) {
    switch (role) {
        case CheckRole::serving_preferred:
            return "says whether the stack of " + wish.preferred.region.value() + " serves";
        case CheckRole::serving_standby:
            return "says whether the stack of " + wish.standby.region.value() +
                   " serves: each record needs a check of its own Region";
        case CheckRole::takeover:
            return "healthy until the agents of " + wish.standby.region.value() +
                   " say that users were moved there: the lever that moves them, which needs no "
                   "change of a record";
        case CheckRole::primary:
            return "healthy while " + wish.preferred.region.value() +
                   " serves and nobody has moved its users: the primary record stands on it";
    }
    std::unreachable();
}

// What cannot be changed in a check that exists, and what it says.
bool is_the_same(const CheckSeen& a, const CheckSeen& b) {
    const auto sorted = [](std::vector<std::string> ids) {
        std::ranges::sort(ids);
        return ids;
    };
    const bool children = sorted(a.children) == sorted(b.children) && a.threshold == b.threshold;
    return a.target == b.target && a.inverted == b.inverted && !a.matches_text &&
           (a.target ? a.interval == b.interval : children && !a.children.empty());
}

std::string what_of(const CheckSeen& check) {
    if (!check.target) {
        return "healthy while each of its " + std::to_string(check.children.size()) + " checks is";
    }
    return text_of(*check.target) + (check.inverted ? ", inverted" : "") + ", every " +
           std::to_string(check.interval) + " s, unhealthy after " +
           std::to_string(check.failure_threshold) +
           (check.failure_threshold == 1 ? " failure" : " failures");
}

void plan_check(const TrafficWish& wish, const ZoneSeen& seen, CheckRole role, TrafficPlan& plan) {
    const std::optional<CheckSeen> wished = wished_check(wish, role, plan.checks);
    const bool calculated = role == CheckRole::primary;
    if (!wished && !calculated) {
        return;  // an obstacle says why
    }
    const auto found = std::ranges::find_if(seen.checks, [&](const CheckSeen& one) {
        return wished && is_the_same(one, *wished);
    });
    if (found == seen.checks.end()) {
        plan.changes.push_back(
            {.kind = TrafficChangeKind::create_check,
             .role = role,
             .check = {},
             .what =
                 calculated ? "healthy while serving_preferred and takeover are" : what_of(*wished),
             .records = {},
             .why = why_of(role, wish)}
        );
        const auto slower = std::ranges::find_if(seen.checks, [&](const CheckSeen& one) {
            return wished && wished->target && one.target == wished->target &&
                   one.inverted == wished->inverted && one.interval != wished->interval;
        });
        if (slower != seen.checks.end()) {
            plan.notes.push_back(
                "health check " + slower->id + " asks the same every " +
                std::to_string(slower->interval) +
                " s, which cannot be changed: another one is made, and you may delete it afterwards"
            );
        }
        return;
    }
    plan.checks[role] = found->id;
    const bool other_threshold =
        wished->target && found->failure_threshold != wished->failure_threshold;
    if (found->disabled || other_threshold) {
        plan.changes.push_back(
            {.kind = TrafficChangeKind::update_check,
             .role = role,
             .check = found->id,
             .what = what_of(*wished),
             .records = {},
             .why = found->disabled
                        ? "it is disabled: a disabled check counts as healthy, whatever happens"
                        : "it is unhealthy after " + std::to_string(found->failure_threshold) +
                              " failures"}
        );
    }
}

const RecordSeen* record_of(const ZoneSeen& seen, std::string_view role) {
    const auto found = std::ranges::find_if(seen.records, [&](const RecordSeen& one) {
        return one.role == role && (one.type == "A" || one.type == "CNAME");
    });
    return found == seen.records.end() ? nullptr : &*found;
}

std::string type_of(const RecordAnswer& answer) {
    return answer.addresses.empty() && answer.alias_zone.empty() ? "CNAME" : "A";
}

std::optional<RecordWish> wished_record(
    const TrafficWish& wish, const TrafficSide& side, const RecordSeen* today, bool primary
) {
    if (!side.answer && today == nullptr) {
        return std::nullopt;
    }
    RecordWish record{
        .role = primary ? "primary" : "secondary",
        .type = {},
        .set_identifier = today == nullptr ? side.region.value() : today->set_identifier,
        .ttl = wish.ttl,
        .answer = side.answer ? *side.answer : today->answer,
        .check = primary ? CheckRole::primary : CheckRole::serving_standby
    };
    record.type = type_of(record.answer);
    return record;
}

bool is_as_wished(
    const RecordWish& wished,
    const RecordSeen* today,
    const std::map<CheckRole, std::string>& checks
) {
    const auto check = checks.find(wished.check);
    const bool alias = !wished.answer.alias_zone.empty();
    return today != nullptr && check != checks.end() && today->check == check->second &&
           today->type == wished.type && today->answer == wished.answer &&
           (alias ? today->evaluates_target : today->ttl == wished.ttl);
}

std::string text_of(const RecordAnswer& answer) {
    std::string text = answer.name;
    for (const std::string& address : answer.addresses) {
        text += (text.empty() ? "" : ", ") + address;
    }
    return text;
}

std::string why_records(const RecordSeen* primary, const RecordSeen* other) {
    if (primary == nullptr && other == nullptr) {
        return "there are no failover records of that name yet";
    }
    if (primary != nullptr && other != nullptr && primary->check == other->check &&
        !primary->check.empty()) {
        return "both stand on health check " + primary->check +
               " today: while it fails, Route 53 goes on answering with the primary";
    }
    return "they lead elsewhere today, or stand on other checks";
}

void plan_records(const TrafficWish& wish, const ZoneSeen& seen, TrafficPlan& plan) {
    const RecordSeen* primary = record_of(seen, "primary");
    const RecordSeen* secondary = record_of(seen, "secondary");
    std::vector<RecordWish> records;
    for (const bool is_primary : {true, false}) {
        const TrafficSide& side = is_primary ? wish.preferred : wish.standby;
        auto record = wished_record(wish, side, is_primary ? primary : secondary, is_primary);
        if (!record) {
            plan.obstacles.push_back(
                {.about = side.region.value(),
                 .text = "it is not known where " + wish.record + " leads users of " +
                         side.region.value(),
                 .remedy = "name it: `regions: { " + side.region.value() +
                           ": { answers: LOAD-BALANCER } }`, its DNS name or addresses"}
            );
            return;
        }
        records.push_back(*std::move(record));
    }
    if (records[0].type != records[1].type) {
        plan.obstacles.push_back(
            {.about = wish.record,
             .text = "the record of " + wish.preferred.region.value() + " would be of type " +
                     records[0].type + " and that of " + wish.standby.region.value() + " of type " +
                     records[1].type + ": both records of a failover pair have one type",
             .remedy = "let `answers` of both Regions name load balancers of AWS, or addresses"}
        );
        return;
    }
    if (records[0].type == "CNAME" && wish.record == seen.zone_name) {
        plan.obstacles.push_back(
            {.about = wish.record,
             .text = wish.record + " is the zone's own name, where no CNAME can stand",
             .remedy = "let `answers` name load balancers of AWS, or addresses"}
        );
        return;
    }
    if (is_as_wished(records[0], primary, plan.checks) &&
        is_as_wished(records[1], secondary, plan.checks)) {
        return;
    }
    plan.changes.push_back(
        {.kind = TrafficChangeKind::set_records,
         .role = {},
         .check = {},
         .what = wish.record + " leads to " + text_of(records[0].answer) +
                 " by the check `primary`, else to " + text_of(records[1].answer) +
                 " by the check `serving_standby`",
         .records = std::move(records),
         .why = why_records(primary, secondary)}
    );
}

// Whether the records may be touched at all.
bool is_clear(const TrafficWish& wish, const ZoneSeen& seen, TrafficPlan& plan) {
    const auto stop = [&](std::string text, std::string remedy) {
        plan.obstacles.push_back(
            {.about = wish.record, .text = std::move(text), .remedy = std::move(remedy)}
        );
        return false;
    };
    if (seen.zone_name.empty()) {
        return stop(
            "this account has no hosted zone " + wish.zone,
            "is `traffic.route53.zone` right, and is it this account's?"
        );
    }
    if (seen.zone_is_private) {
        return stop(
            "hosted zone " + wish.zone + " is private: its records have no health checks",
            "name the public zone of " + wish.record
        );
    }
    if (wish.record != seen.zone_name && !wish.record.ends_with("." + seen.zone_name)) {
        return stop(
            wish.record + " is not in hosted zone " + wish.zone + ", which is of " + seen.zone_name,
            "name the zone that holds it"
        );
    }
    for (const RecordSeen& record : seen.records) {
        if (record.role.empty()) {
            return stop(
                "a record of " + wish.record + " is in the way: type " + record.type + ", " +
                    (record.policy.empty() ? "simple" : record.policy),
                "records of one name have one policy. Delete it in a quiet hour and apply at once, "
                "or let `record` be another name that it leads to"
            );
        }
        if (record.type == "AAAA") {
            plan.notes.push_back(
                "the AAAA records of " + wish.record +
                " stay as they are: give them the same two checks"
            );
        }
    }
    return true;
}

}  // namespace

std::string text_of(const CheckTarget& target) {
    const bool literal = target.host.contains(':');
    const bool usual = target.port == (target.tls ? 443 : 80);
    return std::string{target.tls ? "https://" : "http://"} + (literal ? "[" : "") + target.host +
           (literal ? "]" : "") + (usual ? "" : ":" + std::to_string(target.port)) + target.path;
}

std::string text_of(const TrafficChange& change) {
    switch (change.kind) {
        case TrafficChangeKind::create_check:
            return "make the health check " + quoted(to_string(change.role)) + ": " + change.what;
        case TrafficChangeKind::update_check:
            return "change health check " + change.check + " (" + quoted(to_string(change.role)) +
                   "): " + change.what;
        case TrafficChangeKind::set_records: return "set both records: " + change.what;
    }
    std::unreachable();
}

std::optional<CheckSeen> wished_check(
    const TrafficWish& wish, CheckRole role, const std::map<CheckRole, std::string>& checks
) {
    CheckSeen check{
        .id = {},
        .target = {},
        .interval = kFastInterval,
        .failure_threshold = wish.failure_threshold,
        .children = {}
    };
    if (role == CheckRole::primary) {
        const auto serving = checks.find(CheckRole::serving_preferred);
        const auto takeover = checks.find(CheckRole::takeover);
        if (serving == checks.end() || takeover == checks.end()) {
            return std::nullopt;
        }
        check.threshold = 2;
        check.children = {serving->second, takeover->second};
        return check;
    }
    check.target = role == CheckRole::takeover            ? wish.takeover
                   : role == CheckRole::serving_preferred ? wish.preferred.serving
                                                          : wish.standby.serving;
    if (role == CheckRole::takeover) {
        check.inverted = true;
        check.failure_threshold = 1;
    }
    return check.target ? std::optional{check} : std::nullopt;
}

TrafficPlan plan_traffic(const TrafficWish& wish, const ZoneSeen& seen) {
    TrafficPlan plan;
    if (!is_clear(wish, seen, plan)) {
        return plan;
    }
    for (const TrafficSide* side : {&wish.preferred, &wish.standby}) {
        if (!side->serving) {
            plan.obstacles.push_back(
                {.about = side->region.value(),
                 .text = "the configuration names no `health` of " + side->region.value() +
                         ", so its record would have no check",
                 .remedy = "name the page of its load balancer that says that the stack serves"}
            );
        } else if (side->serving->host == wish.record) {
            plan.obstacles.push_back(
                {.about = side->region.value(),
                 .text = "`health` of " + side->region.value() + " is a page of " + wish.record +
                         " itself: its check would follow the users instead of the Region",
                 .remedy = "name the Region's own load balancer"}
            );
        }
    }
    if (!plan.obstacles.empty()) {
        return plan;
    }
    for (const CheckRole role : kRoles) {
        plan_check(wish, seen, role, plan);
    }
    plan_records(wish, seen, plan);
    return plan;
}

}  // namespace farshore::core
