#include "sim/check/replay.h"

#include <string>
#include <utility>

namespace farshore::sim {

namespace {

constexpr std::size_t kKeptMax = 40'000;

std::string words_of(const core::Decided& decided) {
    std::string words;
    for (const std::string& said : decided.said) {
        words += "; " + said;
    }
    for (const auto& [region, condition] : decided.conditions) {
        words += "; " + region.value() + " is " + std::string{to_string(condition)};
    }
    return words.empty() ? "nothing" : words.substr(2);
}

}  // namespace

void DecisionReplay::core_started(std::uint64_t life, const core::Opening& opening) {
    if (on_) {
        replay();  // of a life beside which this one begins
        life_ = life;
        opening_ = opening;
        deciding_.begin_again();
    }
}

void DecisionReplay::told(
    std::uint64_t life,
    core::Now now,
    const core::AppCore& core,
    const core::Input& input,
    const core::Effects& effects
) {
    if (on_ && life == life_ && told_.size() < kKeptMax) {
        told_.push_back({.now = now, .input = input, .decided = deciding_.after(now, core, effects)}
        );
    }
}

void DecisionReplay::replay() {
    if (!opening_) {
        return;
    }
    core::Comparison comparison(*std::exchange(opening_, std::nullopt));
    for (const core::Recorded& told : std::exchange(told_, {})) {
        (void)comparison.tell(told);
    }
    if (const auto& difference = comparison.difference()) {
        violations_.add(
            "INV-S14",
            "the recorded inputs lead to another decision: " + words_of(difference->replayed) +
                ", not " + words_of(difference->recorded)
        );
    }
}

}  // namespace farshore::sim
