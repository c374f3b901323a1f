#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/action.h"

// The agent's side of its link to a controller: when it reports, how long it waits, when it tries
// again, and what an answer leads to. Pure rules.
namespace farshore::core::link {

inline constexpr Duration kReportPatience = std::chrono::seconds{1};
// Evidence can flap faster than a controller can make use of reports.
inline constexpr Duration kReportPauseMin = std::chrono::milliseconds{20};
inline constexpr Duration kHelloPatience = std::chrono::seconds{3};
// A controller sends a ping each second.
inline constexpr Duration kStreamSilenceMax = std::chrono::seconds{4};
// Of one acknowledgement, which carries its order's number: twice the same is harmless.
inline constexpr Duration kAckPatience = std::chrono::seconds{3};
inline constexpr int kAckAttempts = 6;

// A lease is asked for with each report, so two of three may be lost.
[[nodiscard]] constexpr Duration report_every(Duration lease) {
    return std::min<Duration>(std::chrono::milliseconds{500}, lease / 3);
}

// How long a host may rest between two reports where it is one of so many: then their reports leave
// most of a controller's core to other work (docs/performance.md). Three reports within `within`,
// the shorter of its lease and the time for which evidence is fresh. Below half a second it says
// nothing.
[[nodiscard]] constexpr Duration rest_among(std::size_t hosts, Duration within) {
    constexpr Duration kForEach = std::chrono::microseconds{200};
    return std::min<Duration>(kForEach * static_cast<Duration::rep>(hosts), within / 3);
}

// The rest of one host: `rest`, or up to an eighth less, by its name. Hosts that have connected at
// once would report at once for ever, and each report would wait for all others; so they drift
// apart within seconds.
[[nodiscard]] Duration own_rest(const HostId& host, Duration rest);

// `attempt` counts from zero.
[[nodiscard]] constexpr Duration ack_again_after(int attempt) {
    return std::chrono::milliseconds{50} * (1 << attempt);
}

// When an agent reports to one controller: one report at a time, the next one `every` after the
// last one began, or as soon as something has happened that the controller should hear of. Pure: no
// clock; one owner.
class ReportTurns {
  public:
    explicit ReportTurns(Duration every) : every_(every) {}

    // Something has happened. While a report is under way: the next one follows it at once, as that
    // one may not say it yet.
    void want() { wanted_ = true; }

    // When the next one is to go out; nullopt: one is under way.
    [[nodiscard]] std::optional<Instant> next() const {
        if (under_way_) {
            return std::nullopt;
        }
        return std::max(free_at_, wanted_ ? Instant::min() : begun_at_ + std::max(every_, rest_));
    }

    // What the controller has said of how long a host may rest; zero: nothing, or it has not
    // answered.
    void may_rest(Duration rest) { rest_ = rest; }

    // A report goes out now. Returns its number, which counts up.
    [[nodiscard]] std::uint64_t begin(Instant now) {
        wanted_ = false;
        under_way_ = true;
        begun_at_ = now;
        return ++number_;
    }

    // It was answered, or is waited for no longer. False: that is known already, and what comes now
    // is not to be believed.
    [[nodiscard]] bool end(Instant now, std::uint64_t number) {
        if (number != number_ || !std::exchange(under_way_, false)) {
            return false;
        }
        free_at_ = now + kReportPauseMin;
        return true;
    }

  private:
    Duration every_;
    Duration rest_{};
    bool wanted_ = true;  // the first one
    bool under_way_ = false;
    Instant begun_at_{};
    Instant free_at_ = Instant::min();
    std::uint64_t number_ = 0;
};

// What it leads to that a controller has taken the acknowledgement of an order.
enum class AfterAck : std::uint8_t {
    nothing,
    forget_list,  // the writes that it named: the controller has them durably
    renew,        // the lease that the answer carries, under the epoch that was adopted
    report        // at once: under a new epoch nothing is written without a new lease
};

// `with_lease`: the answer carries one.
[[nodiscard]] constexpr AfterAck after_ack(OrderType type, bool with_lease) {
    switch (type) {
        case OrderType::fence: return AfterAck::forget_list;
        case OrderType::route: return with_lease ? AfterAck::renew : AfterAck::report;
        // Whatever else these change, the next report is soon enough for: meanwhile the controller
        // hears acknowledgements.
        case OrderType::hold:
        case OrderType::release:
        case OrderType::drain:
        case OrderType::verify: return AfterAck::nothing;
    }
    std::unreachable();
}

// Before the next hello: each attempt waits longer than the one before, by chance. `failures` in a
// row, counted here; `below(d)` draws a duration between zero and d.
template <class Below>
[[nodiscard]] Duration hello_again_after(int& failures, const Below& below) {
    constexpr Duration kFirst = std::chrono::milliseconds{100};
    constexpr Duration kMax = std::chrono::seconds{3};
    failures = std::min(failures + 1, 10);
    return kFirst / 2 + below(std::min<Duration>(kFirst * (1 << failures), kMax));
}

}  // namespace farshore::core::link
