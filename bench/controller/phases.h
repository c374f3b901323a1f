#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"

#include "bench/controller/figures.h"
#include "bench/controller/swarm.h"
#include "bench/controller/world.h"

namespace farshore::bench {

// What a swarm and its controller go through, one after the other; each adds its rows to the
// figures. They judge nothing: an operation that ends undone is a figure too. Not thread-safe.
class Phases {
  public:
    Phases(PollLoop& loop, World& world, Swarm& swarm, Figures& figures)
        : loop_(loop), world_(world), swarm_(swarm), figures_(figures) {}

    // All of them at once, as after a power cut. Errors: timed_out (not all of them may write).
    [[nodiscard]] Status enrol();
    // Nothing happens for so long.
    [[nodiscard]] Status quiet(Duration length);
    // From the active Region to the other one. Errors: unavailable (the API), timed_out (it is not
    // allowed, or does not end).
    [[nodiscard]] Status operation(const std::string& verb);
    // Every connection of every agent ends at once. Errors: timed_out (not all come back).
    [[nodiscard]] Status storm();

  private:
    // False: it did not come to hold in time, or farshored has ended.
    bool wait(const std::function<bool()>& holds, Duration patience);
    void pause(Duration length);
    [[nodiscard]] Status wait_until_calm(const std::string& phase);
    [[nodiscard]] Result<std::string> begin(const std::string& verb);
    void add_rounds(const std::string& phase, const Observations& seen);
    void add_common(const std::string& phase, const Observations& seen);

    PollLoop& loop_;
    World& world_;
    Swarm& swarm_;
    Figures& figures_;
    std::size_t memory_before_ = 0;  // of a controller without agents
};

}  // namespace farshore::bench
