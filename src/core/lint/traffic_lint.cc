#include "core/lint/traffic_lint.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "core/lint/traffic_rows.h"

namespace farshore::core {

namespace {

using enum TrafficFault;

// "Values specific for failover records": at most so much for records with health checks.
constexpr Duration kAdvisedTtl = std::chrono::seconds{60};

constexpr std::array<std::string_view, 3> kAddressTypes{"A", "AAAA", "CNAME"};

std::string role_of(const SeenRecord& record) {
    return record.primary ? "PRIMARY" : "SECONDARY";
}

class Linter {
  public:
    Linter(const TrafficWish& wish, const TrafficSeen& seen) : wish_(wish), seen_(seen) {}

    std::vector<TrafficFinding> findings() {
        for (const std::string_view type : kAddressTypes) {
            look_at_type(type);
        }
        look_at_types();
        if (seen_.private_zone) {
            add(private_zone, wish_.record + " stands in a private zone");
        }
        std::ranges::sort(findings_);
        return std::move(findings_);
    }

  private:
    struct Pair {
        std::string_view type;
        const SeenRecord* primary = nullptr;
        const SeenRecord* secondary = nullptr;
    };

    void add(TrafficFault fault, std::string text) {
        TrafficFinding finding{.fault = fault, .text = std::move(text)};
        // Two types of one name often follow the same checks: once is enough.
        if (std::ranges::find(findings_, finding) == findings_.end()) {
            findings_.push_back(std::move(finding));
        }
    }

    void look_at_type(std::string_view type) {
        Pair pair{.type = type};
        for (const SeenRecord& record : seen_.records) {
            if (record.type != type) {
                continue;
            }
            if (record.routing == Routing::failover) {
                (record.primary ? pair.primary : pair.secondary) = &record;
            } else if (record.routing != Routing::simple) {
                add(other_routing,
                    wish_.record + " has " + std::string{to_string(record.routing)} +
                        " records of type " + record.type);
            }
        }
        if (pair.primary == nullptr && pair.secondary == nullptr) {
            return;
        }
        pairs_.push_back(pair);
        look_at_pair(pair);
    }

    void look_at_types() {
        if (pairs_.empty()) {
            add(no_pair, wish_.record + " has no failover records");
            return;
        }
        for (const SeenRecord& record : seen_.records) {
            const bool is_address =
                std::ranges::find(kAddressTypes, record.type) != kAddressTypes.end() ||
                record.type == "HTTPS";
            const bool has_pair =
                std::ranges::find(pairs_, record.type, &Pair::type) != pairs_.end();
            if (is_address && !has_pair) {
                add(type_left_out,
                    wish_.record + " has a record of type " + record.type + " beside the " +
                        std::string{pairs_.front().type} + " records that fail over");
            }
        }
    }

    void look_at_pair(const Pair& pair) {
        const std::string what = std::string{pair.type} + " record of " + wish_.record;
        if (pair.primary == nullptr) {
            add(primary_missing, "there is no PRIMARY " + what);
        }
        if (pair.secondary == nullptr) {
            add(secondary_missing, "there is no SECONDARY " + what);
        }
        for (const SeenRecord* record : {pair.primary, pair.secondary}) {
            if (record != nullptr) {
                look_at_record(*record, "the " + role_of(*record) + " " + what);
            }
        }
        if (pair.primary != nullptr && pair.secondary != nullptr) {
            if (!pair.primary->targets.empty() &&
                pair.primary->targets == pair.secondary->targets) {
                add(same_target,
                    "both " + std::string{pair.type} + " records of " + wish_.record +
                        " point to " + joined(pair.primary->targets));
            }
            look_for_shared_checks(*pair.primary, *pair.secondary);
        }
    }

    void look_at_record(const SeenRecord& record, const std::string& what) {
        if (record.check.empty() && record.alias && !record.evaluates_target) {
            add(target_health_ignored,
                what + " is an alias of " + joined(record.targets) +
                    " that does not evaluate the target's health");
        } else if (record.check.empty() && record.primary && !record.alias) {
            add(primary_unchecked, what + " has no health check");
        }
        if (record.ttl > kAdvisedTtl) {
            add(ttl_long, what + " has a TTL of " + to_text(record.ttl));
        }
        if (!record.alias && record.ttl != wish_.ttl) {
            add(ttl_differs,
                what + " has a TTL of " + to_text(record.ttl) + ", and traffic.route53.ttl is " +
                    to_text(wish_.ttl));
        }
        const std::vector<const SeenCheck*> checks = checks_of(record.check);
        for (const SeenCheck* check : checks) {
            look_at_check(record, *check);
        }
        look_for_takeover(record, what, checks);
    }

    // The record's check and those that it is calculated from.
    std::vector<const SeenCheck*> checks_of(const std::string& id) {
        std::vector<const SeenCheck*> found;
        const auto take = [&](const std::string& named) -> const SeenCheck* {
            if (seen_.absent_checks.contains(named)) {
                add(check_missing, "health check " + named + " does not exist");
            }
            const auto at = seen_.checks.find(named);
            if (at == seen_.checks.end()) {
                return nullptr;
            }
            found.push_back(&at->second);
            return &at->second;
        };
        // A calculated check follows no other calculated check.
        if (const SeenCheck* top = id.empty() ? nullptr : take(id)) {
            for (const std::string& child : top->children) {
                take(child);
            }
        }
        return found;
    }

    void look_at_check(const SeenRecord& record, const SeenCheck& check) {
        const std::string what = "health check " + check.id + " of the " + role_of(record) +
                                 " record" +
                                 (check.endpoint.empty() ? "" : " (" + check.endpoint + ")");
        if (check.disabled) {
            add(check_disabled, what + " is disabled");
        }
        if (!check.looked_up.empty() && to_lower(check.looked_up) == wish_.record) {
            add(own_name, what + " asks the record's own name");
        }
        // Below the PRIMARY's calculated check an inverted one tells of a takeover.
        if (check.inverted && (!record.primary || check.id == record.check)) {
            add(check_inverted, what + " is inverted");
        }
        if (check.kind == CheckKind::calculated &&
            std::cmp_not_equal(check.threshold, check.children.size())) {
            add(threshold_wrong,
                what + " needs " + std::to_string(check.threshold) + " of its " +
                    std::to_string(check.children.size()) + " child checks");
        }
        if (check.kind == CheckKind::string_match) {
            add(string_match, what + " looks for a string in the body");
        }
        if (check.kind == CheckKind::tcp) {
            add(tcp_only, what + " only connects");
        }
        if (check.kind == CheckKind::metric && !check.keeps_last) {
            add(metric_without_data,
                what + " does not keep its state while its metric has no data");
        }
    }

    void look_for_takeover(
        const SeenRecord& record,
        const std::string& what,
        const std::vector<const SeenCheck*>& checks
    ) {
        const bool is_checked = !checks.empty() || (record.alias && record.evaluates_target);
        const auto holds_state = [&](const SeenCheck* check) {
            return check->kind == CheckKind::routing_control ||
                   (check->kind == CheckKind::metric && check->keeps_last) ||
                   (check->inverted && check->id != record.check);
        };
        if (record.primary && is_checked && std::ranges::none_of(checks, holds_state)) {
            add(no_takeover,
                what + " follows " +
                    (checks.empty() ? "its target's health" : "its Region's check") + " alone");
        }
    }

    void look_for_shared_checks(const SeenRecord& primary, const SeenRecord& secondary) {
        for (const SeenCheck* one : checks_of(primary.check)) {
            for (const SeenCheck* other : checks_of(secondary.check)) {
                if (one->id == other->id) {
                    add(shared_check,
                        "both records of " + wish_.record + " follow health check " + one->id);
                } else if (!one->endpoint.empty() && one->endpoint == other->endpoint &&
                           one->inverted == other->inverted) {
                    add(shared_check,
                        "health checks " + one->id + " and " + other->id + " of both records of " +
                            wish_.record + " ask the same " + one->endpoint);
                }
            }
        }
    }

    const TrafficWish& wish_;
    const TrafficSeen& seen_;
    std::vector<Pair> pairs_;
    std::vector<TrafficFinding> findings_;
};

}  // namespace

const TrafficRow& row_of(TrafficFault fault) {
    return traffic_rows::kRows[static_cast<std::size_t>(std::to_underlying(fault))];
}

std::vector<TrafficFinding> lint_traffic(const TrafficWish& wish, const TrafficSeen& seen) {
    return Linter{wish, seen}.findings();
}

}  // namespace farshore::core
