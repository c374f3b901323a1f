#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/coverage.h"
#include "sim/script.h"

// A small multi-Region world in which time is a number: the real core, the real runtime and the
// real host machine, among faults of all kinds. A run is a function of its script.
namespace farshore::sim {

// What a run came to. No violations: all invariants held.
struct Outcome {
    std::vector<std::string> violations;  // "INV-S1 at …: …"
    std::vector<std::string> story;       // for people, when asked for
    std::uint64_t trace_hash = 0;         // of everything observable; equal for equal scripts
    Coverage coverage;

    Duration length{};   // of the story
    Duration skipped{};  // of it: quiet, not played
    Duration busy{};     // of it: played while something happened
    std::uint64_t jobs = 0;

    int operations_begun = 0;
    int operations_done = 0;
    int operations_ended = 0;
    int failovers = 0;  // begun by automation
    std::uint64_t saves = 0;
    std::uint64_t writes = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t lost = 0;     // acknowledged, and in no Region in the end
    std::uint64_t refused = 0;  // by agents, for want of permission
    std::uint64_t late = 0;     // landed under an older epoch than one that had landed before
    Epoch epoch;
    RegionId active;
    RegionId users;
};

class Onlooker;

enum class Telling : std::uint8_t { nothing, story };

// `onlooker`: hears of the world while it is played; null: nothing does. Decisions are made again
// at the end (INV-S14) unless there is one. Worlds share nothing: each thread may play its own.
[[nodiscard]] Outcome play(
    const Script& script, Telling telling = Telling::nothing, Onlooker* onlooker = nullptr
);

}  // namespace farshore::sim
