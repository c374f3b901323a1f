#include "cli/host_checks.h"

#include <gtest/gtest.h>

#include "base/test_date.h"
#include "base/version.h"

namespace farshore::cli {
namespace {

using namespace std::chrono_literals;
using State = LiveCheck::State;

const UtcTime kNow = utc_from_ms(1'800'000'000'000);

wire::StatusDocument of_two_hosts() {
    wire::StatusDocument status{.epoch = Epoch{4}};
    for (const char* host : {"web-1", "web-2"}) {
        status.agents.push_back(
            {.host = HostId{host},
             .connected = true,
             .epoch = Epoch{4},
             .program = std::string{kVersion}}
        );
    }
    return status;
}

TEST(HostChecks, HostsOfOneEpochAndVersionAreOneGoodLine) {
    const auto checks = host_checks(of_two_hosts());
    ASSERT_EQ(checks.size(), 1U);
    EXPECT_EQ(checks[0].state, State::good);
    EXPECT_TRUE(checks[0].text.starts_with("2 at epoch 4")) << checks[0].text;
}

TEST(HostChecks, AHostBehindInEpochIsWrongButNotWhileAChangeIsUnderWay) {
    wire::StatusDocument status = of_two_hosts();
    status.agents[1].epoch = Epoch{3};
    const auto checks = host_checks(status);
    ASSERT_EQ(checks.size(), 1U);
    EXPECT_EQ(checks[0].state, State::wrong);
    EXPECT_EQ(checks[0].what, "host web-2");
    EXPECT_EQ(checks[0].code, "epoch_behind");
    status.operation.emplace();
    EXPECT_EQ(host_checks(status)[0].state, State::good);
}

TEST(HostChecks, AnotherVersionIsAdviceWhetherItIsSaidOrNot) {
    wire::StatusDocument status = of_two_hosts();
    status.agents[0].program = "0.0.1";
    status.agents[1].program.reset();
    const auto checks = host_checks(status);
    ASSERT_EQ(checks.size(), 2U);
    for (const LiveCheck& check : checks) {
        EXPECT_EQ(check.state, State::advice);
        EXPECT_EQ(check.code, "other_version");
    }
    EXPECT_NE(checks[0].text.find("version 0.0.1"), std::string::npos);
}

TEST(HostChecks, ASilentHostIsTheReadinesssMatter) {
    wire::StatusDocument status = of_two_hosts();
    status.agents[1].connected = false;
    status.agents[1].epoch = Epoch{1};
    status.agents[1].program.reset();
    const auto checks = host_checks(status);
    ASSERT_EQ(checks.size(), 1U);
    EXPECT_TRUE(checks[0].text.starts_with("1 at epoch 4")) << checks[0].text;
}

wire::OperationDocument ended(core::Outcome outcome, Duration ago) {
    return {
        .verb = core::Verb::switchover,
        .from = RegionId{"us-east-1"},
        .to = RegionId{"eu-west-1"},
        .outcome = outcome,
        .ended_at = kNow - std::chrono::duration_cast<UtcTime::duration>(ago)
    };
}

TEST(ProofCheck, WithoutAChangeThatSucceededNothingIsProven) {
    EXPECT_EQ(proof_check({}, kNow, 24h).code, "never_proven");
    const wire::OperationsDocument failed{
        {ended(core::Outcome::failed, 1h), ended(core::Outcome::aborted, 1h)}
    };
    EXPECT_EQ(proof_check(failed, kNow, 24h).code, "never_proven");
    EXPECT_EQ(proof_check(failed, kNow, 24h).state, State::advice);
}

TEST(ProofCheck, TheNewestThatSucceededCountsForAsLongAsItsAgeAllows) {
    const wire::OperationsDocument operations{
        {ended(core::Outcome::failed, 1h),
         ended(core::Outcome::done, 23h),
         ended(core::Outcome::done, 50h)}
    };
    EXPECT_EQ(proof_check(operations, kNow, 24h).state, State::good);
    const LiveCheck old = proof_check(operations, kNow, 22h);
    EXPECT_EQ(old.state, State::advice);
    EXPECT_EQ(old.code, "proof_old");
    EXPECT_FALSE(old.remedy.empty());
}

}  // namespace
}  // namespace farshore::cli
