#include "dataplane/route_control.h"

#include <algorithm>
#include <utility>

#include "dataplane/gathering.h"
#include "dataplane/loop.h"

namespace farshore::dataplane {

namespace {

struct Nothing {};

}  // namespace

RouteControl::RouteControl(RouteWord first, std::shared_ptr<const ports::Clock> clock)
    : clock_(std::move(clock)), shared_(first, clock_->now()), intent_{.word = first} {}

void RouteControl::tell_loops(const std::function<void(Loop&)>& command) const {
    for (Loop* loop : loops_) {
        loop->post(command);
    }
}

void RouteControl::follow_everywhere(std::function<void()> done) {
    auto all =
        std::make_shared<Gathering<Nothing>>(loops_.size(), [done = std::move(done)](Nothing) {
            if (done) {
                done();
            }
        });
    tell_loops([all](Loop& loop) {
        loop.dispatcher().follow_route();
        all->arrive([](Nothing&) {});
    });
}

void RouteControl::set_intent(Intent intent) {
    intent_ = intent;
    if (!switching_) {
        publish();
    }
}

void RouteControl::publish() {
    if (intent_.word.state == WriteState::open) {
        shared_.open(intent_.word, intent_.writes_until, clock_->now());
    } else {
        shared_.stop(intent_.word, clock_->now(), intent_.hold_until);
    }
}

void RouteControl::open_first(Instant until) {
    const std::lock_guard guard(mutex_);
    intent_.word.state = WriteState::open;
    intent_.writes_until = until;
    publish();
}

Status RouteControl::set_route(
    RouteWord next, std::optional<Instant> writes_until, std::function<void(RouteWord)> done
) {
    const std::lock_guard guard(mutex_);
    const RouteWord present = intent_.word;
    if (next.epoch < present.epoch || next.epoch < fenced_below_) {
        return fail(ErrorKind::conflict, "the route is of an older epoch than this endpoint's");
    }
    if (next.epoch == present.epoch && next.active != present.active) {
        return fail(ErrorKind::conflict, "an epoch belongs to one Region only");
    }
    const bool leaves = next.active != shared_.word().active;
    if (leaves && !switching_) {
        // No write may begin in the Region that is left. Until its last one is cut, none may begin
        // elsewhere.
        RouteWord stopped = shared_.word();
        stopped.state = WriteState::fenced;
        shared_.stop(stopped, clock_->now());
        switching_ = true;
    }
    // A repeated route without a permission changes nothing: it must not end a hold.
    if (next.epoch != present.epoch || writes_until) {
        fenced_below_ = std::max(fenced_below_, next.epoch);
        confirmed_after_ = Instant{};
        next.state = writes_until ? WriteState::open : WriteState::unconfirmed;
        set_intent({.word = next, .writes_until = writes_until.value_or(Instant{})});
    }
    if (switching_) {
        switch_region(std::move(done));
        return {};
    }
    follow_everywhere([this, done = std::move(done)] {
        if (done) {
            done(shared_.word());
        }
    });
    return {};
}

// Older writes that are still on their way are cut before the new word is stored, so that no loop
// can send one in the new epoch while another has one left of the old (INV-S1).
void RouteControl::switch_region(std::function<void(RouteWord)> done) {
    auto quiet = std::make_shared<Gathering<Nothing>>(
        loops_.size(),
        [this, done = std::move(done)](Nothing) mutable {
            {
                const std::lock_guard guard(mutex_);
                if (std::exchange(switching_, false)) {
                    publish();
                }
            }
            follow_everywhere([this, done = std::move(done)] {
                if (done) {
                    done(shared_.word());
                }
            });
        }
    );
    const core::QuietAwaited older{
        .below = intent_.word.epoch, .deadline = clock_->now(), .cut = true
    };
    tell_loops([quiet, older](Loop& loop) {
        loop.dispatcher().when_quiet(older, [quiet](core::Quiet) {
            quiet->arrive([](Nothing&) {});
        });
        loop.dispatcher().tick();
    });
}

Status RouteControl::judge(Epoch epoch) const {
    if (epoch != intent_.word.epoch) {
        return fail(ErrorKind::conflict, "the order is for another epoch than the route's");
    }
    if (intent_.word.state == WriteState::fenced || epoch < fenced_below_) {
        return fail(ErrorKind::conflict, "this epoch is fenced");
    }
    return {};
}

Status RouteControl::grant(const WritePermission& permission) {
    const std::lock_guard guard(mutex_);
    const Instant now = clock_->now();
    if (Status status = judge(permission.epoch); !status) {
        return status;
    }
    if (intent_.word.state == WriteState::held && now < intent_.hold_until) {
        return fail(ErrorKind::conflict, "writes are held for a switch");
    }
    if (permission.asked_at < confirmed_after_) {
        return fail(ErrorKind::conflict, "the confirmation was asked for before the end of a hold");
    }
    const bool opens = intent_.word.state != WriteState::open || now >= intent_.writes_until;
    const bool shortens = permission.until < intent_.writes_until;
    Intent next = intent_;
    next.word.state = WriteState::open;
    next.writes_until = permission.until;
    set_intent(next);
    if ((opens || shortens) && !switching_) {
        follow_everywhere({});
    }
    return {};
}

void RouteControl::end_permission() {
    const std::lock_guard guard(mutex_);
    const Instant now = clock_->now();
    intent_.writes_until = std::min(intent_.writes_until, now);
    shared_.end_permission(now);
    follow_everywhere({});
}

Status RouteControl::hold(Epoch epoch, Duration length, std::function<void(HoldResult)> done) {
    const std::lock_guard guard(mutex_);
    if (Status status = judge(epoch); !status) {
        return status;
    }
    const Instant end = clock_->now() + length;
    Intent next = intent_;
    next.word.state = WriteState::held;
    next.hold_until = end;
    set_intent(next);
    confirmed_after_ = std::max(confirmed_after_, end);
    auto quiet = std::make_shared<Gathering<HoldResult>>(loops_.size(), std::move(done));
    tell_loops([quiet, end](Loop& loop) {
        loop.dispatcher().when_quiet({.deadline = end}, [quiet](core::Quiet left) {
            quiet->arrive([left](HoldResult& sum) { sum.in_flight += left.left; });
        });
    });
    return {};
}

Status RouteControl::release(
    Epoch epoch, std::optional<Instant> writes_until, std::function<void()> done
) {
    const std::lock_guard guard(mutex_);
    if (Status status = judge(epoch); !status) {
        return status;
    }
    if (intent_.word.state != WriteState::held) {
        return fail(ErrorKind::conflict, "writes are not held");
    }
    // The controller that releases knew of the hold. A confirmation that began before may not have.
    confirmed_after_ = clock_->now();
    Intent next = intent_;
    next.word.state = writes_until ? WriteState::open : WriteState::unconfirmed;
    next.writes_until = writes_until.value_or(Instant{});
    set_intent(next);
    follow_everywhere(std::move(done));
    return {};
}

Status RouteControl::fence(Epoch epoch, Duration grace, std::function<void(FenceResult)> done) {
    const std::lock_guard guard(mutex_);
    if (epoch <= intent_.word.epoch) {
        return fail(ErrorKind::conflict, "the fence is not for a newer epoch than the route's");
    }
    fenced_below_ = std::max(fenced_below_, epoch);
    Intent next = intent_;
    next.word.state = WriteState::fenced;
    set_intent(next);
    settle(epoch, grace, std::move(done));
    return {};
}

void RouteControl::settle(Epoch below, Duration within, std::function<void(FenceResult)> done) {
    auto quiet = std::make_shared<Gathering<FenceResult>>(loops_.size(), std::move(done));
    const core::QuietAwaited older{.below = below, .deadline = clock_->now() + within, .cut = true};
    tell_loops([quiet, older](Loop& loop) {
        loop.dispatcher().when_quiet(older, [quiet](core::Quiet result) {
            quiet->arrive([result](FenceResult& sum) { sum.cut += result.cut; });
        });
    });
}

}  // namespace farshore::dataplane
