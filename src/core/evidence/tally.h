#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/evidence/observation.h"

// What the evidence adds up to, in numbers and in words.
namespace farshore::core {

struct Vote {
    ObserverId observer;
    Health health = Health::unknown;
    std::optional<Instant> since;     // when the failing began
    std::optional<Instant> heard_at;  // newest evidence behind the vote
    std::string why;                  // in words, for operators
};

// The votes on one component of one Region, and what they add up to.
struct Tally {
    std::vector<Vote> votes;  // one per configured observer, in configured order
    int unhealthy = 0;
    int healthy = 0;
    Health verdict = Health::unknown;
};

// What kind of trouble a Region is in: decides the levers.
enum class Condition {
    healthy,
    data_impaired,   // hosts fine, DynamoDB unhealthy
    stack_impaired,  // hosts unhealthy, DynamoDB fine
    region_lost,     // both unhealthy or unseen
    unknown,
};
inline constexpr std::array<std::string_view, 5> kConditionNames{
    "healthy", "data_impaired", "stack_impaired", "region_lost", "unknown"
};

constexpr const auto& names_of(Condition) {
    return kConditionNames;
}

[[nodiscard]] constexpr bool is_impaired(Condition condition) {
    return condition == Condition::data_impaired || condition == Condition::stack_impaired ||
           condition == Condition::region_lost;
}

// What an impaired Region's condition rests on.
[[nodiscard]] constexpr Component impaired_part(Condition condition) {
    return condition == Condition::stack_impaired ? Component::stack : Component::dynamodb;
}

}  // namespace farshore::core
