#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/records/copy_answer.h"

#include "sim/dice.h"
#include "sim/weather.h"

namespace farshore::sim {

// What a Region's DynamoDB does with a request.
enum class Answer : std::uint8_t { served, refused, silent };

// How a request to it is made.
struct Ask {
    bool fresh = true;   // over a new connection
    bool write = false;  // may be throttled
};

// What is told twice counts once: an answer, or that none came in time.
template <class Use>
[[nodiscard]] auto first_of(Use use) {
    return [open = std::make_shared<bool>(true), use = std::move(use)](const auto& answer) {
        if (std::exchange(*open, false)) {
            use(answer);
        }
    };
}

// Carries messages between places, late, twice or never. Requests and their answers may overtake
// each other; what goes over one stream does not (stream.h).
class Network {
  public:
    Network(Calendar& calendar, const Weather& weather, std::uint64_t seed)
        : calendar_(calendar),
          weather_(weather),
          delays_(calendar, seed, 101),
          fates_(calendar, seed, 102),
          answers_(calendar, seed, 103) {}

    // `job` runs when the message arrives; false: it never will.
    template <class Job>
    bool send(Way way, Job job) {
        if (!weather_.linked(way) || loses()) {
            return false;
        }
        if (weather_.clogged(way)) {
            held_back_.push_back({way, std::function<void()>(std::move(job))});
            return true;
        }
        deliver(way, delay(way), std::move(job));
        return true;
    }

    // A request that its sender repeats when it is in doubt: it may arrive twice.
    template <class Job>
    bool send_again_if_in_doubt(Way way, Job job) {
        const int twice = weather_.amount(FaultKind::duplicates, 0);
        if (twice > 0 && fates_.per_mille(twice)) {
            send(way, job);
        }
        return send(way, std::move(job));
    }

    // A link may have been unclogged.
    void flow_again();

    [[nodiscard]] bool loses() {
        const int share = weather_.amount(FaultKind::loss, 0);
        return share > 0 && fates_.per_mille(share);
    }

    // One way, without queues.
    [[nodiscard]] Duration delay(Way way);

    // What a Region's tables would do with a request that comes from there now.
    [[nodiscard]] Answer ask(Way way, Ask ask);

    // The Region's own part of it, once the request has arrived.
    [[nodiscard]] Answer serve(Place region, bool write);

    // A request to a Region's copy of the epoch item, or to what stands beside it: `effect` is what
    // the table does with it and says. A Region that hangs may do it all the same, and says
    // nothing.
    void call(
        Way way,
        bool write,
        std::function<core::CopyAnswer()> effect,
        std::function<void(const core::CopyAnswer&)> answered
    );

    // Does the load balancer of the Region `way.to` answer a request from `way.from`?
    [[nodiscard]] bool stack_reachable(Way way) const;

    [[nodiscard]] const Weather& weather() const { return weather_; }

  private:
    struct HeldBack {
        Way way;
        std::function<void()> job;
    };

    // A link that was cut while the message was under way has lost it.
    template <class Job>
    void deliver(Way way, Duration after, Job job) {
        calendar_.in(after, [this, way, job = std::move(job)]() mutable {
            if (weather_.linked(way)) {
                job();
            }
        });
    }

    Calendar& calendar_;
    const Weather& weather_;
    Dice delays_;
    Dice fates_;
    Dice answers_;
    std::vector<HeldBack> held_back_;
};

}  // namespace farshore::sim
