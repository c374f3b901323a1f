#pragma once

#include "core/failover/action.h"

// The world as the core sees it. Each call starts something and returns at once; the outcome comes
// back as an event (core/failover/event.h) that carries the same StepId. All of them may be called
// again with the same content after a crash: they are idempotent by their nature, or read back
// first.
namespace farshore::ports {

class EpochRecords {
  public:
    virtual ~EpochRecords() = default;
    virtual void raise(const core::RaiseEpoch& action) = 0;  // -> EpochRaised
};

class HostRecords {
  public:
    virtual ~HostRecords() = default;
    virtual void find(const core::FindHosts& action) = 0;  // -> HostsFound
};

class AgentLink {
  public:
    virtual ~AgentLink() = default;
    virtual void order(const core::OrderAgents& action) = 0;  // -> AgentAcked per host
};

class Tables {
  public:
    virtual ~Tables() = default;
    virtual void examine(const core::ExamineLosses& action) = 0;  // -> LossesExamined
};

class Traffic {
  public:
    virtual ~Traffic() = default;
    virtual void serve(const core::ServeUsers& action) = 0;  // -> TrafficServed
};

class Checks {
  public:
    virtual ~Checks() = default;
    virtual void verify(const core::VerifyFunction& action) = 0;  // -> FunctionVerified
};

class Commands {
  public:
    virtual ~Commands() = default;
    virtual void run(const core::RunCommand& action) = 0;    // -> CommandEnded
    virtual void stop(const core::StopCommand& action) = 0;  // nothing comes back
};

class Fleets {
  public:
    virtual ~Fleets() = default;
    virtual void move(const core::MoveFleet& action) = 0;    // -> CommandEnded
    virtual void leave(const core::LeaveFleet& action) = 0;  // nothing comes back
};

class Notifier {
  public:
    virtual ~Notifier() = default;
    virtual void announce(const core::Announce& action) = 0;  // nothing comes back
};

// Wakes the runtime. Arming again replaces the earlier moment. Only a hint: the runtime reads the
// clock when it wakes up, and compares.
class Timer {
  public:
    virtual ~Timer() = default;
    virtual void arm(Instant at) = 0;
    virtual void disarm() = 0;
};

}  // namespace farshore::ports
