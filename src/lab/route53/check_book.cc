#include "lab/route53/check_book.h"

#include <algorithm>
#include <utility>

#include "lab/route53/api_error.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kChecksMax = 200;
constexpr std::size_t kReferencesKept = 10'000;

std::unexpected<Error> no_such_check(std::string_view id) {
    return api_error(
        "NoSuchHealthCheck", "A health check with id " + std::string{id} + " does not exist."
    );
}

std::string new_uuid(Rng& rng) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string id = "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx";
    for (char& c : id) {
        if (c == 'x') {
            c = kDigits[rng.below(kDigits.size())];
        }
    }
    return id;
}

}  // namespace

Status CheckBook::accept(const CheckConfig& config) const {
    if (std::string fault = fault_of(config); !fault.empty()) {
        return api_error("InvalidInput", std::move(fault));
    }
    for (const std::string& child : config.children) {
        const auto found = checks_.find(child);
        if (found == checks_.end()) {
            return api_error(
                "InvalidInput",
                "Invalid parameter : the child health check " + child + " does not exist"
            );
        }
        if (found->second.check.config.type == CheckType::calculated) {
            return api_error(
                "InvalidInput",
                "Invalid parameter : the child health check " + child + " is itself calculated"
            );
        }
    }
    return {};
}

Result<Check> CheckBook::create(std::string caller_reference, CheckConfig config) {
    if (caller_reference.empty() || caller_reference.size() > 64) {
        return api_error("InvalidInput", "CallerReference must have 1 to 64 characters");
    }
    for (const auto& [id, entry] : checks_) {
        if (entry.check.caller_reference != caller_reference) {
            continue;
        }
        if (entry.check.config == config) {
            return entry.check;
        }
        return api_error(
            "HealthCheckAlreadyExists",
            "A health check with caller reference " + caller_reference + " already exists."
        );
    }
    if (std::ranges::find(spent_references_, caller_reference) != spent_references_.end()) {
        return api_error(
            "HealthCheckAlreadyExists",
            "A deleted health check has the caller reference " + caller_reference + "."
        );
    }
    if (const Status fits = accept(config); !fits) {
        return std::unexpected(fits.error());
    }
    if (checks_.size() >= kChecksMax) {
        return api_error("TooManyHealthChecks", "The limit is 200 health checks");
    }
    Check check{
        .id = new_uuid(rng_),
        .caller_reference = std::move(caller_reference),
        .config = std::move(config),
        .version = 1
    };
    checks_[check.id] = {.check = check, .seen = std::vector<Seen>(checkers_)};
    ++generation_;
    return check;
}

Result<Check> CheckBook::check(std::string_view id) const {
    const auto found = checks_.find(id);
    if (found == checks_.end()) {
        return no_such_check(id);
    }
    return found->second.check;
}

std::vector<Check> CheckBook::checks() const {
    std::vector<Check> all;
    for (const auto& [id, entry] : checks_) {
        all.push_back(entry.check);
    }
    return all;
}

Result<Check> CheckBook::update(std::string_view id, const CheckUpdate& update) {
    const auto found = checks_.find(id);
    if (found == checks_.end()) {
        return no_such_check(id);
    }
    Check& check = found->second.check;
    if (update.expected_version && *update.expected_version != check.version) {
        return api_error(
            "HealthCheckVersionMismatch",
            "The health check version provided " + std::to_string(*update.expected_version) +
                " does not match the current version " + std::to_string(check.version)
        );
    }
    auto config = updated(check.config, update);
    if (!config) {
        return std::unexpected(config.error());
    }
    if (const Status fits = accept(*config); !fits) {
        return std::unexpected(fits.error());
    }
    check.config = std::move(*config);
    ++check.version;
    ++generation_;
    return check;
}

Status CheckBook::erase(std::string_view id) {
    const auto found = checks_.find(id);
    if (found == checks_.end()) {
        return no_such_check(id);
    }
    for (const auto& [parent, entry] : checks_) {
        if (std::ranges::find(entry.check.config.children, id) !=
            entry.check.config.children.end()) {
            return api_error(
                "HealthCheckInUse", "The calculated health check " + parent + " uses this one."
            );
        }
    }
    spent_references_.push_back(found->second.check.caller_reference);
    if (spent_references_.size() > kReferencesKept) {
        spent_references_.erase(spent_references_.begin());
    }
    checks_.erase(found);
    ++generation_;
    return {};
}

void CheckBook::heard(std::string_view id, std::size_t checker, Observation observation) {
    const auto found = checks_.find(id);
    if (found == checks_.end() || checker >= found->second.seen.size()) {
        return;
    }
    Seen& seen = found->second.seen[checker];
    seen.opinion.heard(observation.success, found->second.check.config.failure_threshold);
    seen.last = std::move(observation);
}

std::vector<Observation> CheckBook::observations(std::string_view id) const {
    std::vector<Observation> all;
    const auto found = checks_.find(id);
    if (found == checks_.end()) {
        return all;
    }
    for (const Seen& seen : found->second.seen) {
        if (seen.last) {
            all.push_back(*seen.last);
        }
    }
    return all;
}

bool CheckBook::healthy(std::string_view id) const {
    const auto found = checks_.find(id);
    if (found == checks_.end()) {
        return true;
    }
    const CheckConfig& config = found->second.check.config;
    if (config.type == CheckType::cloudwatch_metric) {
        return final_verdict(config, cloudwatch_verdict(config));
    }
    if (config.type == CheckType::calculated) {
        const auto healthy_children =
            std::ranges::count_if(config.children, [this](const std::string& child) {
                return healthy(child);  // a child is never calculated: no deeper than this
            });
        return final_verdict(
            config, calculated_verdict(config, static_cast<std::size_t>(healthy_children))
        );
    }
    const auto& seen = found->second.seen;
    const auto healthy_checkers =
        std::ranges::count_if(seen, [](const Seen& one) { return one.opinion.healthy(); });
    const bool raw = enough_are_healthy(static_cast<std::size_t>(healthy_checkers), seen.size());
    return final_verdict(config, raw);
}

}  // namespace farshore::lab::route53
