#include "controller/controller_world.h"

// What the controller itself sees of two Regions, and what it says of it.
namespace farshore::controller {
namespace {

using namespace testing;

class ProbesTest : public ControllerTest {
  protected:
    // The vote of the controller, the only observer here.
    json::object vote(const RegionId& region, const std::string& component) {
        const json::object status = document("/v1/status");
        const json::object part =
            status.at("regions").at(region.value()).at("components").at(component).as_object();
        return part.at("votes").as_array().front().as_object();
    }

    bool votes(const RegionId& region, const std::string& component, const std::string& what) {
        return world.run_until([&] {
            return vote(region, component).at("vote").as_string() == what;
        });
    }

    void break_dynamodb(lab::DynamoMode mode) {
        lab::FaultSpec fault;
        fault.kind = lab::FaultKind::dynamodb;
        fault.region = kEast;
        fault.mode = mode;
        inside([&] { ASSERT_TRUE(board->add(fault).has_value()); });
    }

    // The lag between two Regions as the status has it; nullopt: it was not measured.
    std::optional<std::int64_t> lag(const RegionId& from, const RegionId& to) {
        const json::object status = document("/v1/status");
        for (const json::value& each : status.at("lag").as_array()) {
            if (each.at("from").as_string() == from.value() &&
                each.at("to").as_string() == to.value()) {
                return each.at("ms").as_int64();
            }
        }
        return std::nullopt;
    }
};

TEST_F(ProbesTest, BothRegionsAreHealthyAndHeartbeatsArriveBothWays) {
    launch();
    for (const RegionId& region : {kEast, kWest}) {
        EXPECT_TRUE(votes(region, "dynamodb", "healthy")) << region.value();
        EXPECT_TRUE(votes(region, "stack", "healthy")) << region.value();
    }
    EXPECT_TRUE(world.run_until([&] { return lag(kEast, kWest) && lag(kWest, kEast); }));
}

// Reads go on, and so do connections: only a probe that writes can see it.
TEST_F(ProbesTest, TablesThatTakeNoWritesAreUnhealthyOverNewAndOldConnections) {
    launch();
    ASSERT_TRUE(votes(kEast, "dynamodb", "healthy"));
    break_dynamodb(lab::DynamoMode::read_only);
    EXPECT_TRUE(votes(kEast, "dynamodb", "unhealthy"));
    const json::object seen = vote(kEast, "dynamodb");
    EXPECT_NE(seen.at("why").as_string().find("write: PutItem"), std::string::npos)
        << json::serialize(seen);
    EXPECT_TRUE(votes(kWest, "dynamodb", "healthy"));
    inside([&] { board->end_all(); });
    EXPECT_TRUE(votes(kEast, "dynamodb", "healthy"));
}

TEST_F(ProbesTest, TablesThatHangAreUnhealthyThoughTheirNameAndPortAnswer) {
    launch();
    ASSERT_TRUE(votes(kEast, "dynamodb", "healthy"));
    break_dynamodb(lab::DynamoMode::timeout);
    EXPECT_TRUE(votes(kEast, "dynamodb", "unhealthy"));
    inside([&] { board->end_all(); });
}

TEST_F(ProbesTest, AStackThatAnswersWithAnErrorIsUnhealthy) {
    launch();
    ASSERT_TRUE(votes(kEast, "stack", "healthy"));
    stacks_down = {kEast};
    EXPECT_TRUE(votes(kEast, "stack", "unhealthy"));
    EXPECT_NE(vote(kEast, "stack").at("why").as_string().find("status 503"), std::string::npos);
    EXPECT_TRUE(votes(kWest, "stack", "healthy"));
}

// The witness is what it compares itself with, unless another target is configured.
TEST_F(ProbesTest, AControllerThatSeesNothingElseEitherSuspectsItself) {
    launch();
    ASSERT_TRUE(votes(kEast, "dynamodb", "healthy"));
    lab::FaultSpec fault;
    fault.kind = lab::FaultKind::dynamodb;
    fault.mode = lab::DynamoMode::refused;
    for (const RegionId& region : {kEast, kWitness}) {
        fault.region = region;
        inside([&] { ASSERT_TRUE(board->add(fault).has_value()); });
    }
    EXPECT_TRUE(world.run_until([&] {
        return vote(kEast, "dynamodb").at("why").as_string().find("suspects itself") !=
               std::string::npos;
    })) << json::serialize(vote(kEast, "dynamodb"));
    EXPECT_EQ(vote(kEast, "dynamodb").at("vote"), "unknown");
    inside([&] { board->end_all(); });
}

TEST_F(ProbesTest, ReplicationThatStandsStillIsMeasuredNoMore) {
    launch();
    ASSERT_TRUE(world.run_until([&] { return lag(kEast, kWest).has_value(); }));
    lab::FaultSpec fault;
    fault.kind = lab::FaultKind::replication;
    fault.region = kEast;
    inside([&] { ASSERT_TRUE(board->add(fault).has_value()); });
    const auto window = [&] {
        const json::value ms = document("/v1/status").at("loss").at("window_ms");
        return ms.is_int64() ? ms.as_int64() : -1;
    };
    EXPECT_TRUE(world.run_until([&] { return window() > 1000; }))
        << "the Region goes on acknowledging what does not arrive";
    inside([&] { board->end_all(); });
    EXPECT_TRUE(world.run_until([&] { return window() < 1000; }));
}

}  // namespace
}  // namespace farshore::controller
