#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/rng.h"

#include "sim/script.h"

namespace farshore::sim {

// States of an operation in which something may happen to it.
inline constexpr std::array<std::string_view, 16> kOperationStates{
    "waiting",
    "holding",
    "draining",
    "releasing",
    "giving_up",
    "raising",
    "fencing",
    "examining",
    "repointing",
    "shifting",
    "verifying",
    "waiting_for_approval",
    "running_command",
    "pausing",
    "running_side_by_side",
    "waiting_for_person"
};

// Writes a script by chance: a world of some shape, and a story of episodes with quiet time between
// them.
class Author {
  public:
    Author(std::uint64_t seed, Duration length)
        : rng_(seed * 6364136223846793005ULL + 1442695040888963407ULL),
          fleets_(seed * 6364136223846793005ULL) {
        script_.seed = seed;
        script_.length = length;
    }

    Script write();

  private:
    std::uint64_t below(std::uint64_t bound) { return rng_.below(bound); }

    bool one_in(std::uint64_t n) { return rng_.chance(1, n); }

    Duration milliseconds(std::int64_t from, std::int64_t to) {
        const auto span = static_cast<std::uint64_t>(to - from + 1);
        return std::chrono::milliseconds{from + static_cast<std::int64_t>(below(span))};
    }

    Duration seconds(std::int64_t from, std::int64_t to) {
        return milliseconds(from * 1000, to * 1000);
    }

    template <class T, std::size_t n>
    T one_of(const std::array<T, n>& values) {
        return values[below(n)];
    }

    Place table() { return below(script_.tables); }

    Place any_place() {
        const Place place = below(script_.tables + 1);
        return place == script_.tables ? kWitness : place;
    }

    void draw_world();
    void draw_configurations();
    std::vector<core::Lever> levers();
    core::Mode mode(std::uint64_t one);
    std::vector<core::DeclaredStep> steps();
    core::DeclaredStep step(core::Slot slot, bool inside);

    void extend(Duration end) { last_ = std::max(last_, end); }

    Moment soon() { return {.at = begin_ + milliseconds(0, 20'000)}; }

    // Sometimes aimed at an operation that is under way.
    Moment some_moment() { return one_in(3) ? entering(one_of(kOperationStates)) : soon(); }

    Moment entering(std::string_view state) {
        return {
            .at = begin_, .entering = state, .after = one_in(2) ? Duration{} : milliseconds(0, 1500)
        };
    }

    void add(Fault fault) {
        extend(fault.from.at + (fault.from.entering.empty() ? 0s : 60s) + fault.length);
        script_.faults.push_back(std::move(fault));
    }

    void add(Command command) {
        extend(command.from.at + (command.from.entering.empty() ? 30s : 60s));
        script_.commands.push_back(std::move(command));
    }

    int amount_of(FaultKind kind);
    Duration length_of(FaultKind kind);

    void add_fault(FaultKind kind, Moment from);
    void add_any_fault(Moment from);
    void add_loss(Place region, Moment from, Duration length);
    void add_command(CommandKind kind, Moment from);

    void add_any_command(Moment from) {
        add_command(static_cast<CommandKind>(below(kCommandKindNames.size())), from);
    }

    // An operator who asks for a failover after an operation that was partly done.
    void add_remedy();

    void draw_episode();
    void draw_loss();
    void draw_switchover();
    void draw_special();
    void everywhere(FaultKind kind, Duration length, int amount = 0);

    Rng rng_;
    Rng fleets_;  // which commands are changes of fleets: the rest of a world does not depend on it
    Script script_;
    Duration begin_{};  // of the episode
    Duration last_{};   // its end, as far as it is known
};

}  // namespace farshore::sim
