#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "ports/clock.h"

#include "dataplane/endpoint.h"
#include "dataplane/shared_route.h"

namespace farshore::dataplane {

class Loop;

// Turns the orders of the control thread into what the loops read, and says when they all obey. The
// promises are those of Endpoint's members of the same names.
//
// Orders are judged by what was last ordered, also while a switch to another Region still waits for
// older writes to be cut: what is ordered meanwhile is what the switch ends in.
class RouteControl {
  public:
    RouteControl(RouteWord first, std::shared_ptr<const ports::Clock> clock);
    ~RouteControl() = default;
    RouteControl(const RouteControl&) = delete;
    RouteControl& operator=(const RouteControl&) = delete;

    // The loops that are told of each order. They outlive every order.
    void add(Loop& loop) { loops_.push_back(&loop); }

    [[nodiscard]] const SharedRoute& shared() const { return shared_; }

    void set_parked_for_max(Duration longest) { shared_.set_parked_for_max(longest); }

    void open_first(Instant until);
    [[nodiscard]] Status set_route(
        RouteWord next, std::optional<Instant> writes_until, std::function<void(RouteWord)> done
    );
    [[nodiscard]] Status grant(const WritePermission& permission);
    void end_permission();
    [[nodiscard]] Status hold(Epoch epoch, Duration length, std::function<void(HoldResult)> done);
    [[nodiscard]] Status release(
        Epoch epoch, std::optional<Instant> writes_until, std::function<void()> done
    );
    [[nodiscard]] Status fence(Epoch epoch, Duration grace, std::function<void(FenceResult)> done);
    void settle(Epoch below, Duration within, std::function<void(FenceResult)> done);

  private:
    // What the loops are to follow.
    struct Intent {
        RouteWord word;
        Instant writes_until{};  // when open
        Instant hold_until{};    // when held
    };

    [[nodiscard]] Status judge(Epoch epoch) const;
    void set_intent(Intent intent);
    void publish();
    void switch_region(std::function<void(RouteWord)> done);
    void tell_loops(const std::function<void(Loop&)>& command) const;
    void follow_everywhere(std::function<void()> done);

    std::shared_ptr<const ports::Clock> clock_;
    std::vector<Loop*> loops_;
    SharedRoute shared_;

    std::mutex mutex_;  // one change at a time
    Intent intent_;
    // The intent leads to another Region than the loops follow, and older writes are being cut.
    bool switching_ = false;
    Epoch fenced_below_;         // INV-S1, S2: no write under an epoch below this, ever
    Instant confirmed_after_{};  // a confirmation asked for earlier does not count
};

}  // namespace farshore::dataplane
