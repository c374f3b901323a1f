#include "cli/demo_live.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

const boost::json::value kRunning = boost::json::parse(R"({
  "verb": "failover", "state": "shifting", "started_at_ms": 10000,
  "phases": [
    {"name": "fence", "started_at_ms": 10000, "ended_at_ms": 10200},
    {"name": "shift", "started_at_ms": 10200, "ended_at_ms": null}
  ]})");

TEST(PhaseClock, TellsThePhaseThatRunsAndForHowLong) {
    EXPECT_EQ(
        phase_clock(kRunning, utc_from_ms(7000), utc_from_ms(11'500)),
        "failover shift 1.3 s, of 1.5 s"
    );
    EXPECT_EQ(phase_clock(kRunning, {}, utc_from_ms(12'000)), "failover shift 1.8 s, of 2.0 s");
}

TEST(PhaseClock, BeforeTheDecisionItCountsFromTheFault) {
    EXPECT_EQ(phase_clock(nullptr, {}, utc_from_ms(5000)), "steady");
    EXPECT_EQ(phase_clock(nullptr, utc_from_ms(3000), utc_from_ms(5400)), "not decided for 2.4 s");
}

TEST(PhaseClock, BetweenTwoPhasesItNamesTheState) {
    const auto between = boost::json::parse(
        R"({"verb": "switchover", "state": "waiting", "started_at_ms": 1000, "phases": []})"
    );
    EXPECT_EQ(phase_clock(between, {}, utc_from_ms(3000)), "switchover waiting, 2.0 s");
}

TEST(RouteText, AReturningHostsOldRouteIsNamedAsOld) {
    const auto agent = boost::json::parse(
        R"({"host": "use1-web-1", "connected": true, "active": "us-east-1", "epoch": 1})"
    );
    EXPECT_EQ(route_text(agent, 1), "writes to us-east-1 under epoch 1");
    EXPECT_EQ(
        route_text(agent, 2),
        "is back with its old route, us-east-1 under epoch 1: it writes nothing until it follows "
        "epoch 2"
    );
    EXPECT_EQ(route_text(boost::json::parse(R"({"connected": false})"), 2), "is not connected");
}

}  // namespace
}  // namespace farshore::cli
