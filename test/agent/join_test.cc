#include <sys/stat.h>

#include "adapters/aws/caller_identity.h"
#include "agent/agent_world.h"
#include "wire/joining.h"

#include "sigv4/signer.h"

// How a host that comes by itself gets a credential of its own, and keeps it.
namespace farshore::agent::testing {
namespace {

// The double takes what it gave, and the token that it was told to.
class Door {
  public:
    explicit Door(ControllerDouble& controller) : controller_(&controller) {
        controller.doorkeeper = [this](const net::HttpRequest& request) {
            return answer(request);
        };
    }

    // The agent still talks to the double while the world ends.
    ~Door() { controller_->doorkeeper = {}; }

    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    std::string good_token = "join-me";
    std::set<std::string> good_digests;
    std::string refusal = "bad_token";
    bool loses_answers = false;
    std::vector<wire::JoinRequest> joins;

  private:
    static net::HttpResponse refuse(int status, const std::string& code) {
        return net::HttpResponse::json(
            status, R"({"error":{"kind":"denied","text":"not you","code":")" + code + R"("}})"
        );
    }

    std::optional<net::HttpResponse> answer(const net::HttpRequest& request) {
        std::string shown{request.header("authorization").value_or("")};
        shown.erase(0, shown.starts_with("Bearer ") ? 7 : 0);
        if (request.path() == "/v1/agents/challenge") {
            return net::HttpResponse::json(
                200, wire::serialize(wire::Challenge{.nonce = "nonce-1", .valid_for = 60s})
            );
        }
        if (request.path() == "/v1/agents/join") {
            return join(shown, request.body);
        }
        if (!good_digests.contains(sigv4::sha256_hex(shown))) {
            return refuse(401, refusal);
        }
        return std::nullopt;
    }

    net::HttpResponse join(const std::string& token, const std::string& body) {
        const auto asked = wire::parse_join_request(body);
        EXPECT_TRUE(asked) << body;
        joins.push_back(*asked);
        if (!asked->identity && token != good_token) {
            return refuse(401, "bad_token");
        }
        good_digests.insert(asked->digest);
        return loses_answers ? net::HttpResponse::reset()
                             : net::HttpResponse::json(
                                   200,
                                   wire::serialize(wire::Joined{
                                       .host = asked->host, .vouched_by = "join token web"
                                   })
                               );
    }

    ControllerDouble* controller_;
};

class Joining : public ::testing::Test {
  protected:
    Joining() {
        world.config.token_file.clear();
        world.config.join_token_file = world.directory + "/join-token";
        put("join-token", "join-me");
    }

    void put(const std::string& name, const std::string& text) const {
        std::ofstream(world.directory + "/" + name) << text << "\n";
    }

    [[nodiscard]] std::optional<host::StoredCredential> kept() const {
        auto found = host::load_credential(world.config.state_directory, kApp, world.config.host);
        EXPECT_TRUE(found) << found.error().text;
        return found ? *found : std::nullopt;
    }

    // The agent got in: the double takes a hello only with a credential that it knows.
    bool comes_in(std::size_t times = 1) {
        return world.run_until([&] { return world.controller.hellos.size() >= times; });
    }

    AgentWorld world;
    Door door{world.controller};
};

TEST_F(Joining, AHostJoinsWithATokenAndKeepsItsCredentialForItselfAlone) {
    world.start_agent();
    ASSERT_TRUE(comes_in()) << world.gate_words();
    ASSERT_EQ(door.joins.size(), 1U);
    EXPECT_EQ(door.joins[0].host, world.config.host);
    EXPECT_EQ(door.joins[0].region, kA);
    const auto credential = kept();
    ASSERT_TRUE(credential);
    EXPECT_TRUE(credential->joined);
    EXPECT_EQ(sigv4::sha256_hex(credential->secret), door.joins[0].digest)
        << "the controller knows the digest alone";
    struct stat file{};
    ASSERT_EQ(::stat(host::credential_path(world.config.state_directory, kApp).c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);

    world.stop_agent();
    put("join-token", "it ended");
    world.start_agent();
    ASSERT_TRUE(comes_in(2)) << world.gate_words();
    EXPECT_EQ(door.joins.size(), 1U) << "it is in already";
}

TEST_F(Joining, AJoinWhoseAnswerWasLostIsAskedAgainWithTheSameSecret) {
    door.loses_answers = true;
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] { return door.joins.size() >= 2; }));
    world.stop_agent();
    door.loses_answers = false;
    world.start_agent();
    ASSERT_TRUE(comes_in()) << world.gate_words();
    for (const wire::JoinRequest& join : door.joins) {
        EXPECT_EQ(join.digest, door.joins[0].digest);
    }
}

TEST_F(Joining, ARevokedHostComesBackWithAnotherSecretOnlyIfItMayJoin) {
    world.start_agent();
    ASSERT_TRUE(comes_in()) << world.gate_words();
    world.stop_agent();
    door.good_digests.clear();
    door.refusal = "revoked";
    door.good_token = "another";
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] { return door.joins.size() >= 2; })) << world.gate_words();
    EXPECT_NE(door.joins[1].digest, door.joins[0].digest);
    EXPECT_TRUE(world.run_until([&] {
        return world.gate_words().find("could not join") != std::string::npos;
    })) << world.gate_words();
    EXPECT_EQ(world.controller.hellos.size(), 1U);
    put("join-token", "another");
    ASSERT_TRUE(comes_in(2)) << world.gate_words();
    EXPECT_TRUE(door.good_digests.contains(sigv4::sha256_hex(kept()->secret)));
}

TEST_F(Joining, AControllerThatDoesNotKnowTheHostIsJoinedWithTheSameSecret) {
    world.start_agent();
    ASSERT_TRUE(comes_in()) << world.gate_words();
    world.stop_agent();
    door.good_digests.clear();  // another store
    world.start_agent();
    ASSERT_TRUE(comes_in(2)) << world.gate_words();
    ASSERT_EQ(door.joins.size(), 2U);
    EXPECT_EQ(door.joins[1].digest, door.joins[0].digest);
}

TEST_F(Joining, AnotherHostsDiskDoesNotMakeAHostTheOther) {
    world.start_agent();
    ASSERT_TRUE(comes_in()) << world.gate_words();
    world.stop_agent();
    world.config.host = HostId{"use1-web-2"};
    world.start_agent();
    ASSERT_TRUE(comes_in(2)) << world.gate_words();
    ASSERT_EQ(door.joins.size(), 2U);
    EXPECT_NE(door.joins[1].digest, door.joins[0].digest);
    EXPECT_EQ(world.controller.hellos[1].host, HostId{"use1-web-2"});
}

// A rotated token needs no restart of the agent.
TEST_F(Joining, ATokenFileIsReadAgainWhenTheControllerTakesItsTokenNoLonger) {
    world.config.join_token_file.clear();
    world.config.token_file = world.directory + "/token";
    door.good_digests = {sigv4::sha256_hex("agent-token")};
    world.start_agent();
    ASSERT_TRUE(comes_in()) << world.gate_words();
    world.stop_agent();
    door.good_digests = {sigv4::sha256_hex("rotated")};
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] { return world.gate_words().find("401") != std::string::npos; })
    ) << world.gate_words();
    EXPECT_EQ(world.controller.hellos.size(), 1U);
    put("token", "rotated");
    EXPECT_TRUE(comes_in(2)) << world.gate_words();
    EXPECT_TRUE(door.joins.empty());
}

TEST_F(Joining, AHostProvesItsRoleWithACallThatItNeverSends) {
    world.config.join_token_file.clear();
    world.config.join_by_identity = true;
    world.config.join_sts_region = kB;
    std::ofstream(world.config.aws.credentials_file)
        << "[default]\naws_access_key_id = ASIAEXAMPLE\naws_secret_access_key = secret\n"
           "aws_session_token = session-1\n";
    world.start_agent();
    ASSERT_TRUE(comes_in()) << world.gate_words();
    ASSERT_EQ(door.joins.size(), 1U);
    const auto& proof = door.joins[0].identity;
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->nonce, "nonce-1");
    EXPECT_EQ(proof->url, world.controller.url());
    EXPECT_EQ(proof->sts_region, kB);
    EXPECT_EQ(proof->security_token, "session-1");
    EXPECT_TRUE(aws::check_identity_call(
        {.region = kB,
         .amz_date = proof->amz_date,
         .authorization = proof->authorization,
         .security_token = proof->security_token},
        {.name = std::string{wire::kJoinHeader},
         .value = wire::join_statement(door.joins[0], proof->url, proof->nonce)},
        world.clock->wall()
    ));
}

TEST_F(Joining, KeysOfAUserProveNoRole) {
    world.config.join_token_file.clear();
    world.config.join_by_identity = true;
    world.start_agent();
    EXPECT_TRUE(world.run_until([&] {
        return world.gate_words().find("no role's session") != std::string::npos;
    })) << world.gate_words();
    EXPECT_TRUE(door.joins.empty());
}

}  // namespace
}  // namespace farshore::agent::testing
