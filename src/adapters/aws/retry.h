#pragma once

#include <optional>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"

// The "standard" retry mode of AWS's SDKs, as values. Pure.
namespace farshore::aws {

// Shared by all calls of a client: when everything fails, retries stop while first attempts go on,
// so that a sick service is not hit three times as hard. Refilled by successes.
class RetryQuota {
  public:
    // false: no retry now.
    [[nodiscard]] bool take(ErrorKind kind);
    void refill(bool after_retry);

    [[nodiscard]] int left() const { return left_; }

  private:
    // AWS's numbers: a hundred retries in a row, half as many of them when they time out.
    static constexpr int kCapacity = 500;
    static constexpr int kRetryCost = 5;
    static constexpr int kTimeoutCost = 10;

    int left_ = kCapacity;
};

// Full jitter: drawn from [0, ceiling), the ceiling doubles with each attempt from 50 ms (1 s after
// throttling, as AWS asks) to 20 s. `attempt` counts from 1: the one that has just failed.
[[nodiscard]] Duration retry_pause(ErrorKind kind, int attempt, Rng& rng);

// May the request that failed so be sent again? `repeatable`: a second execution changes nothing.
[[nodiscard]] bool may_retry(const Error& error, bool repeatable);

}  // namespace farshore::aws
