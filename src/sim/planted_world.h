#pragma once

#include "core/planted.h"

#include "sim/world.h"

// Worlds with bugs planted in Farshore, for farshore-sim and the tests of the simulation alone:
// they link the copies of the product's modules that can be planted (farshore_planted in
// CMakeLists.txt). One world at a time, on one thread.
namespace farshore::sim {

// Plays the script with the bug that it names.
[[nodiscard]] inline Outcome run(const Script& script, Telling telling = Telling::nothing) {
    core::planted_bug = script.bug;
    return play(script, telling);
}

}  // namespace farshore::sim
