#pragma once

#include "base/time.h"
#include "core/lease/terms.h"

namespace farshore::core {

using namespace std::chrono_literals;

// Bounds of an operation's steps. Those a configuration can change are named as there.
struct Timing {
    Duration lease = kDefaultTerms.lease;
    Duration clock_error = kDefaultTerms.clock_error;
    // For how long a write that was given up without an answer may still be carried out by the
    // service: younger ones are waited for before writes are held. DynamoDB names no bound; what
    // comes later is the exception to INV-S15.
    Duration unknown_for = 5s;
    Duration hold_max = kDefaultTerms.hold_max;
    Duration hold_when_lag_below = 200ms;
    Duration lag_fresh_for = 5s;  // an older measurement of lag says nothing
    Duration drain_timeout = 700ms;
    int drain_attempts = 5;
    Duration drain_retry = 100ms;  // behind the fence: between one round's answers and the next
    Duration pause_between_attempts = 2s;
    Duration lag_wait_max = 60s;
    // A write in flight across an ocean takes a fifth of a second; longer waits only delay the
    // switch.
    Duration fence_grace = 150ms;
    Duration fence_patience = 15s;  // with `keep`: how long to wait for acknowledgements
    Duration raise_retry = 200ms;
    // How long the controller tries a raise of unknown outcome for an operator; automation goes on
    // while the evidence calls for it. After raise_accept_after an operator's word stands in for a
    // majority, and after raise_abort_after the operator may stop the raise.
    Duration raise_patience = 30s;
    Duration raise_accept_after = 3s;
    Duration raise_abort_after = 5s;
    // After a restart: until observers would have voted on an outage that is still there.
    Duration evidence_patience = 6s;
    Duration examine_budget = 300ms;
    int examine_attempts = 3;
    Duration order_timeout = 1s;  // hold, release: how long an agent may take to answer
    Duration repoint_patience = 3s;
    Duration shift_patience = 90s;  // ten-second checks, their threshold, and the TTL
    Duration verify_patience = 30s;
    Duration verify_retry = 500ms;
};

// The smallest hold that can end in a proven drain: lag, its proof and the raise must fit into it.
static_assert(Timing{}.hold_max > Timing{}.drain_timeout + Timing{}.hold_when_lag_below);
static_assert(
    Timing{}.lease > 10 * Timing{}.clock_error, "clock error must be small beside a lease"
);

}  // namespace farshore::core
