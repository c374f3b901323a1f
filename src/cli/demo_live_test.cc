#include "cli/demo_live.h"

#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

wire::OperationDocument running() {
    return {
        .verb = core::Verb::failover,
        .state = "shifting",
        .started_at = utc_from_ms(10'000),
        .phases =
            {{.name = "fence", .started_at = utc_from_ms(10'000), .ended_at = utc_from_ms(10'200)},
             {.name = "shift", .started_at = utc_from_ms(10'200)}}
    };
}

TEST(PhaseClock, TellsThePhaseThatRunsAndForHowLong) {
    const wire::OperationDocument operation = running();
    EXPECT_EQ(
        phase_clock(&operation, utc_from_ms(7000), utc_from_ms(11'500)),
        "failover shift 1.3 s, of 1.5 s"
    );
    EXPECT_EQ(phase_clock(&operation, {}, utc_from_ms(12'000)), "failover shift 1.8 s, of 2.0 s");
}

TEST(PhaseClock, BeforeTheDecisionItCountsFromTheFault) {
    EXPECT_EQ(phase_clock(nullptr, {}, utc_from_ms(5000)), "steady");
    EXPECT_EQ(phase_clock(nullptr, utc_from_ms(3000), utc_from_ms(5400)), "not decided for 2.4 s");
}

TEST(PhaseClock, BetweenTwoPhasesItNamesTheState) {
    const wire::OperationDocument between{
        .verb = core::Verb::switchover, .state = "waiting", .started_at = utc_from_ms(1000)
    };
    EXPECT_EQ(phase_clock(&between, {}, utc_from_ms(3000)), "switchover waiting, 2.0 s");
}

TEST(RouteText, AReturningHostsOldRouteIsNamedAsOld) {
    const wire::AgentDocument agent{
        .host = HostId{"use1-web-1"},
        .connected = true,
        .epoch = Epoch{1},
        .active = RegionId{"us-east-1"}
    };
    EXPECT_EQ(route_text(agent, Epoch{1}), "writes to us-east-1 under epoch 1");
    EXPECT_EQ(
        route_text(agent, Epoch{2}),
        "is back with its old route, us-east-1 under epoch 1: it writes nothing until it follows "
        "epoch 2"
    );
    EXPECT_EQ(route_text({}, Epoch{2}), "is not connected");
}

}  // namespace
}  // namespace farshore::cli
