#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/failover/policy.h"

// A story as a data file tells it (test/data/scenarios): what happens when, and what must come of
// it.
namespace farshore::scenario {

// One line of the timeline. `what` is its subject, `name` whom it is about, `state` its new state.
struct Happening {
    Duration at{};
    std::string what;
    std::string name;
    std::string state;
    std::vector<std::string> seen_by;     // observers; empty: all
    std::optional<Duration> accept_loss;  // of an operator's failover
    std::optional<Duration> lasts;        // a pause
    bool unfenced = false;                // an operator accepts hosts that were not fenced
    bool unknown = false;                 // ... and writes of unknown outcome
};

// What must be true, and when: at one moment, some time until then, or all the time until then.
struct Expectation {
    enum class When { at, by, until };

    When when = When::at;
    Duration time{};
    std::map<std::string, std::string> facts;
    int line = 0;
};

struct Story {
    std::string headline;
    core::Policy policy;
    std::vector<Happening> timeline;
    std::vector<Expectation> expected;
};

// Aborts the test with file, line and reason when the file says anything that is not understood: a
// misspelt expectation must not be one that always holds.
[[nodiscard]] Story read_story(const std::string& path);

}  // namespace farshore::scenario
