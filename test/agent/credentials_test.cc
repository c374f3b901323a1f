#include "agent/agent_world.h"

// How an agent lives while it gets no AWS keys.
namespace farshore::agent::testing {
namespace {

TEST(AgentCredentials, WithoutKeysItStartsSaysSoAndServesOnceThereAreSome) {
    AgentWorld world;
    const std::string keys = world.directory + "/keys.json";
    std::ofstream(world.config.aws.credentials_file)
        << "[default]\ncredential_process = cat " << keys << "\n";
    world.start_agent();
    EXPECT_EQ(world.get_health("/livez").status, 200);
    const net::HttpReply refused = world.put("cart-1");
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.body.find("no AWS credentials"), std::string::npos) << refused.body;
    std::ofstream(
        keys + ".new"
    ) << R"({"Version":1,"AccessKeyId":"AKIDLATE","SecretAccessKey":"secret"})";
    std::filesystem::rename(keys + ".new", keys);
    world.open_under(1, kA);
    EXPECT_TRUE(world.run_until([&] { return world.put("cart-2").status == 200; }));
    EXPECT_TRUE(world.a.holds("sessions", "cart-2"));
    EXPECT_FALSE(world.a.holds("sessions", "cart-1"));
}

TEST(AgentCredentials, AMistakeInTheFileEndsTheStart) {
    AgentWorld world;
    std::ofstream(world.config.aws.credentials_file) << "[default]\naws_access_key_id = AKID\n";
    const auto started = Agent::start(world.io, {.config = world.config, .clock = world.clock});
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().text.find("aws_secret_access_key"), std::string::npos)
        << started.error().text;
}

}  // namespace
}  // namespace farshore::agent::testing
