#pragma once

#include <string>
#include <string_view>

#include "sim/planted_world.h"

// Worlds that tests tell by hand: two Regions with two hosts each, and one thing that happens.
namespace farshore::sim::test {

inline Moment at(Duration moment) {
    return {.at = moment};
}

// When an operation enters the state for the first time.
inline Moment on(std::string_view doing, Duration after = {}) {
    return {.at = {}, .entering = doing, .after = after};
}

inline Script calm(std::uint64_t seed, Duration length = 3min) {
    Script script;
    script.seed = seed;
    script.length = length;
    return script;
}

inline Fault fault(FaultKind kind, Place place, Moment from, Duration length, int amount = 0) {
    return {
        .kind = kind,
        .at = place,
        .to = place == 0 ? Place{1} : Place{0},
        .host = 0,
        .amount = amount,
        .from = from,
        .length = length
    };
}

struct Noise {
    FaultKind kind{};
    Place at = 0;
    int amount = 0;
};

inline Script with(std::uint64_t seed, Fault one, Duration length = 3min) {
    Script script = calm(seed, length);
    // Two runs of the same story differ in everything that happens by chance.
    one.from.at += std::chrono::milliseconds{seed * 137 % 1000};
    script.faults = {one};
    return script;
}

inline Command command(CommandKind kind, Moment from) {
    Command command;
    command.kind = kind;
    command.from = from;
    return command;
}

inline Script switchover(std::uint64_t seed, Duration length = 3min) {
    Script script = calm(seed, length);
    script.commands = {
        command(CommandKind::switchover, at(40s + std::chrono::milliseconds{seed * 137 % 1000}))
    };
    return script;
}

// What broke, and how it came to it.
inline std::string told(const Script& script, std::size_t lines = 40) {
    const Outcome outcome = run(script, Telling::story);
    std::string text;
    for (const std::string& violation : outcome.violations) {
        text += violation + "\n";
    }
    const std::size_t from = outcome.story.size() > lines ? outcome.story.size() - lines : 0;
    for (std::size_t i = from; i < outcome.story.size(); ++i) {
        text += "  " + outcome.story[i] + "\n";
    }
    return text;
}

}  // namespace farshore::sim::test
