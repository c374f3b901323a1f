#pragma once

namespace farshore {

// Prints where and what to stderr, then aborts. A crash is a designed state: the agent that aborts
// stops renewing and its lease runs out; the controller replays its journal.
[[noreturn]] void assertion_failed(
    const char* condition, const char* why, const char* file, int line
);

}  // namespace farshore

// For bugs only, never for what the network or AWS can cause. Stays on in release builds.
#define FARSHORE_ASSERT(condition, why)                                        \
    do {                                                                       \
        if (!(condition)) [[unlikely]] {                                       \
            ::farshore::assertion_failed(#condition, why, __FILE__, __LINE__); \
        }                                                                      \
    } while (false)
