#include "wire/joining.h"

#include "adapters/aws/caller_identity.h"
#include "controller/controller_world.h"

// What clients that prove nothing may use up at the door that is open to all.
namespace farshore::controller {
namespace {

using namespace testing;

class JoiningTest : public ControllerTest {
  protected:
    JoiningTest() {
        server =
            world.serve([this](net::HttpRequest request) { return answer(std::move(request)); });
        for (const RegionId& region : {kEast, kWest, kWitness}) {
            sts[region] = "http://127.0.0.1:" + std::to_string(server->port());
        }
        join.roles = {
            {.arn = "arn:aws:iam::111111111111:role/shop-host",
             .account = "111111111111",
             .role = "shop-host"}
        };
        join.urls = {"https://controller.example"};
        launch();
    }

    ~JoiningTest() override { world.stop(*server); }

    // STS knows these keys, or it does not.
    net::Task<net::HttpResponse> answer(net::HttpRequest) {
        ++asked;
        net::HttpResponse response = net::HttpResponse::text(403, "");
        response.body =
            "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>";
        if (knows) {
            response.status = 200;
            response.body =
                "<GetCallerIdentityResponse><GetCallerIdentityResult>"
                "<Arn>arn:aws:sts::111111111111:assumed-role/shop-host/i-1</Arn>"
                "<UserId>AROAEXAMPLE:i-1</UserId><Account>111111111111</Account>"
                "</GetCallerIdentityResult></GetCallerIdentityResponse>";
        }
        co_return response;
    }

    std::string challenge() {
        return wire::parse_challenge(post("/v1/agents/challenge", "{}").body)->nonce;
    }

    wire::JoinRequest proof(const std::string& nonce) const {
        wire::JoinRequest request{
            .app = AppId{"magento"},
            .host = HostId{"i-1"},
            .region = kEast,
            .digest = digest_of("secret"),
            .identity = std::nullopt
        };
        wire::IdentityProof identity{
            .sts_region = kEast,
            .url = "https://controller.example",
            .nonce = nonce,
            .amz_date = {},
            .authorization = {},
            .security_token = {}
        };
        const aws::SignedIdentityCall call = aws::sign_identity_call(
            {.access_key_id = "ASIAEXAMPLE",
             .secret_access_key = "s",
             .session_token = "t",
             .expires = {}},
            kEast,
            sts.at(kEast),
            {.name = std::string{wire::kJoinHeader},
             .value = wire::join_statement(request, identity.url, nonce)},
            clock.wall()
        );
        identity.amz_date = call.amz_date;
        identity.authorization = call.authorization;
        identity.security_token = call.security_token;
        request.identity = identity;
        return request;
    }

    net::HttpReply ask_to_join(const wire::JoinRequest& request) {
        return post("/v1/agents/join", wire::serialize(request));
    }

    std::unique_ptr<net::HttpServer> server;
    bool knows = false;
    int asked = 0;
};

TEST_F(JoiningTest, AProofThatIsNotInOrderUsesNoChallengeUp) {
    knows = true;
    const wire::JoinRequest good = proof(challenge());
    wire::JoinRequest wrong = good;
    wrong.identity->url = "https://elsewhere.example";
    EXPECT_TRUE(ask_to_join(wrong).body.contains("other_controller"));
    wrong = good;
    wrong.identity->sts_region = RegionId{"ap-south-1"};
    EXPECT_TRUE(ask_to_join(wrong).body.contains("other_sts"));
    wrong = good;
    wrong.identity->authorization = "AWS4-HMAC-SHA256 nothing";
    EXPECT_EQ(ask_to_join(wrong).status, 400);
    wrong = good;
    wrong.identity->amz_date = "20200101T000000Z";
    EXPECT_EQ(ask_to_join(wrong).status, 403);
    EXPECT_EQ(asked, 0);
    const net::HttpReply in = ask_to_join(good);
    EXPECT_EQ(in.status, 200) << in.body;
    EXPECT_TRUE(ask_to_join(good).body.contains("challenge_used"));
}

TEST_F(JoiningTest, RefusedProofsOfOneAddressAreSlowed) {
    int slowed = 0;
    for (int i = 0; i < 20 && slowed == 0; ++i) {
        const net::HttpReply refused = ask_to_join(proof(challenge()));
        EXPECT_TRUE(refused.status == 403 || refused.status == 429) << refused.body;
        slowed += refused.status == 429 ? 1 : 0;
    }
    EXPECT_EQ(slowed, 1);
    EXPECT_GE(asked, 10) << "the first ones got their reason";
    EXPECT_LT(asked, 20);
    EXPECT_TRUE(get("/metrics").body.contains(R"(reason="slow_down"})"));
}

}  // namespace
}  // namespace farshore::controller
