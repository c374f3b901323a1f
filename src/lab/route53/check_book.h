#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "lab/route53/health.h"
#include "lab/route53/model.h"

namespace farshore::lab::route53 {

// Health checks: their configurations, what the checkers saw, and the verdicts. Pure.
// Errors carry the API's codes.
class CheckBook {
  public:
    CheckBook(std::size_t checkers, std::uint64_t seed) : checkers_(checkers), rng_(seed) {}

    // A repeated caller reference with the same configuration gives the existing check.
    [[nodiscard]] Result<Check> create(std::string caller_reference, CheckConfig config);
    [[nodiscard]] Result<Check> check(std::string_view id) const;
    [[nodiscard]] std::vector<Check> checks() const;  // by id
    [[nodiscard]] Result<Check> update(std::string_view id, const CheckUpdate& update);
    [[nodiscard]] Status erase(std::string_view id);

    [[nodiscard]] std::size_t size() const { return checks_.size(); }

    [[nodiscard]] bool has(std::string_view id) const { return checks_.contains(id); }

    // One probe's outcome. Of an unknown check or checker: ignored.
    void heard(std::string_view id, std::size_t checker, Observation observation);
    [[nodiscard]] std::vector<Observation> observations(std::string_view id) const;

    // The verdict that DNS uses. A check that is gone counts as healthy.
    [[nodiscard]] bool healthy(std::string_view id) const;

    // Grows with each change of a configuration, so that the health checkers notice it.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }

  private:
    struct Seen {
        CheckerOpinion opinion;
        std::optional<Observation> last;
    };

    struct Entry {
        Check check;
        std::vector<Seen> seen;  // one for each checker
    };

    [[nodiscard]] Status accept(const CheckConfig& config) const;

    std::size_t checkers_;
    Rng rng_;
    std::uint64_t generation_ = 0;
    std::map<std::string, Entry, std::less<>> checks_;
    std::vector<std::string> spent_references_;  // of deleted checks
};

// Why a configuration is not acceptable; empty: it is. Children are not looked up.
[[nodiscard]] std::string fault_of(const CheckConfig& config);

// The configuration after an update. Errors: InvalidInput for what this type does not have.
[[nodiscard]] Result<CheckConfig> updated(CheckConfig config, const CheckUpdate& update);

}  // namespace farshore::lab::route53
