#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/failover/verb.h"

namespace farshore::core {

// What a condition may ask of a plan, at the moment that the plan is made.
struct StepConditionValues {
    std::optional<Duration> loss;  // the loss window; nullopt: not known
    std::optional<Duration> lag;   // a fresh measurement
    Verb verb = Verb::switchover;
    RegionId from;
    RegionId to;
    bool automatic = false;
    std::string verdict;  // of the Region that is left: "dynamodb_impaired"
};

// `loss > 2s and automatic == true`: whether a declared step stands in a plan. The variables are a
// closed list: loss, lag, verb, from, to, automatic, verdict.
class StepCondition {
  public:
    // Errors: malformed, with the part that is wrong.
    [[nodiscard]] static Result<StepCondition> parse(std::string_view text);

    // A time that is not known counts as longer than any: a step that protects against a loss
    // stands in the plan when the loss is not known.
    [[nodiscard]] bool holds(const StepConditionValues& values) const;

    // The same where only verb, from, to and automatic are known.
    [[nodiscard]] bool may_hold(const StepConditionValues& values) const;

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    enum class Variable { loss, lag, verb, from, to, automatic, verdict };
    enum class Relation { equal, unequal, less, at_most, more, at_least };

    struct Term {
        Variable variable;
        Relation relation;
        Duration time{};
        std::string word;
    };

    [[nodiscard]] static Result<Term> parse_term(std::string_view text);
    [[nodiscard]] static bool holds(const Term& term, const StepConditionValues& values);

    std::string text_;
    std::vector<Term> terms_;
};

}  // namespace farshore::core
