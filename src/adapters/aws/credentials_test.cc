#include "adapters/aws/credentials.h"

#include <atomic>

#include "adapters/aws/client.h"
#include "adapters/aws/credentials_world.h"

// Keys that must be asked for, from servers on this host that behave like AWS's.
namespace farshore::aws {
namespace {

using namespace std::chrono_literals;
using namespace testing;

// The instance metadata service, version 2.
struct Metadata {
    bool has_role = true;
    bool down = false;
    int keys_asked = 0;
    std::string id = "IMDS";

    net::HttpServer::Handler handler(const CredentialsTest*, std::function<std::string()> body) {
        return [this, body](net::HttpRequest request) {
            return answer(std::move(request), body);
        };
    }

    net::Task<net::HttpResponse> answer(
        net::HttpRequest request, std::function<std::string()> body
    ) {
        const std::string path{request.path()};
        if (down) {
            co_return net::HttpResponse::text(503, "");
        }
        if (path == "/latest/api/token") {
            const bool asked = request.method == "PUT" &&
                               request.header("x-aws-ec2-metadata-token-ttl-seconds") == "21600";
            co_return net::HttpResponse::text(asked ? 200 : 400, asked ? "a-token" : "");
        }
        if (request.header("x-aws-ec2-metadata-token") != "a-token") {
            co_return net::HttpResponse::text(401, "");
        }
        if (path == "/latest/meta-data/iam/security-credentials/") {
            co_return net::HttpResponse::text(has_role ? 200 : 404, has_role ? "shop-role\n" : "");
        }
        const bool keys = path == "/latest/meta-data/iam/security-credentials/shop-role";
        keys_asked += keys ? 1 : 0;
        co_return net::HttpResponse::text(keys ? 200 : 404, keys ? body() : "");
    }
};

TEST_F(CredentialsTest, TheInstanceGivesKeysInThreeSteps) {
    Metadata metadata;
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
        serve(metadata.handler(this, [&] { return document("IMDS"); })) + "/";
    provider();
    const auto keys = get();
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "IMDS");
    EXPECT_EQ(keys->secret_access_key, kSecret);
    EXPECT_EQ(keys->session_token, "session");
    EXPECT_EQ(keys->expires, from_iso8601("2026-11-23T14:05:09Z"));
    EXPECT_TRUE(get());
    EXPECT_EQ(metadata.keys_asked, 1) << "they are kept";
}

TEST_F(CredentialsTest, KeysAreRenewedEarlyAndKeptWhileTheSourceIsDown) {
    Metadata metadata;
    std::string id = "ONE";
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
        serve(metadata.handler(this, [&] { return document(id); }));
    CredentialsProvider& asked = provider();
    ASSERT_TRUE(get());
    id = "TWO";
    clock.elapsed = 49min;
    EXPECT_EQ(get()->access_key_id, "ONE") << "not yet";
    metadata.down = true;
    clock.elapsed = 56min;
    EXPECT_EQ(get()->access_key_id, "ONE");
    EXPECT_NE(asked.trouble().find("503"), std::string::npos) << asked.trouble();
    clock.elapsed = 2h;
    EXPECT_EQ(get()->access_key_id, "ONE") << "AWS extends such keys when its own source is down";
    metadata.down = false;
    clock.elapsed = 2h + 2min;
    EXPECT_EQ(get()->access_key_id, "TWO");
    EXPECT_TRUE(asked.trouble().empty());
}

TEST_F(CredentialsTest, RefusedKeysAreAskedForAnewAndDroppedWhenTheyHaveEnded) {
    Metadata metadata;
    std::string id = "ONE";
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
        serve(metadata.handler(this, [&] { return document(id); }));
    CredentialsProvider& asked = provider();
    const auto first = get();
    ASSERT_TRUE(first);
    id = "TWO";
    asked.refused(*first);
    EXPECT_EQ(get()->access_key_id, "TWO");
    asked.refused(*first);
    EXPECT_EQ(get()->access_key_id, "TWO") << "an old refusal says nothing of new keys";
    metadata.down = true;
    clock.elapsed = 3h;
    (void)get();
    asked.refused(*get());
    EXPECT_FALSE(asked.current(clock.now()));
}

TEST_F(CredentialsTest, AnInstanceWithoutRoleAndASilentOneAreSaidToBe) {
    Metadata metadata{.has_role = false};
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
        serve(metadata.handler(this, [&] { return document("IMDS"); }));
    CredentialsProvider& asked = provider();
    const auto none = get();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::denied);
    EXPECT_NE(asked.trouble().find("no role"), std::string::npos) << asked.trouble();
    variables["AWS_EC2_METADATA_DISABLED"] = "true";
    CredentialsProvider& forbidden = provider();
    EXPECT_FALSE(get());
    EXPECT_FALSE(forbidden.asks());
}

TEST_F(CredentialsTest, TheContainerEndpointGetsItsTokenFromAFileThatMayChange) {
    std::vector<std::string> tokens;
    const std::string url = serve([&](net::HttpRequest request) -> net::Task<net::HttpResponse> {
        tokens.emplace_back(request.header("authorization").value_or(""));
        co_return net::HttpResponse::text(
            request.path() == "/v2/credentials/1" ? 200 : 404, document("ECS")
        );
    });
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url + "/v2/credentials/1";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file("token", "first\n");
    CredentialsProvider& asked = provider();
    const auto keys = get();
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "ECS");
    (void)file("token", "second");
    asked.refused(*keys);
    EXPECT_TRUE(get());
    EXPECT_EQ(tokens, (std::vector<std::string>{"first", "second"}));
}

TEST_F(CredentialsTest, KeysAreNotAskedForInTheClearElsewhere) {
    for (const char* url :
         {"http://192.0.2.1/keys", "http://127.0.0.1.example/keys", "http://[::2]/keys"}) {
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
        provider();
        const auto keys = get();
        ASSERT_FALSE(keys) << url;
        EXPECT_EQ(keys.error().kind, ErrorKind::denied) << url;
    }
}

TEST_F(CredentialsTest, AVariableThatIsNoUrlIsNamed) {
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "ftp://x"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1@evil.example/keys"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/keys"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://:80"},
        {"AWS_ENDPOINT_URL_STS", "http://h:99999"},
    };
    for (const auto& [variable, value] : wrong) {
        const auto before = variables;
        variables[variable] = value;
        if (variable == "AWS_ENDPOINT_URL_STS") {
            variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = file("token", "t");
            variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
        }
        provider();
        const auto keys = get();
        ASSERT_FALSE(keys) << variable << " " << value;
        EXPECT_EQ(keys.error().kind, ErrorKind::malformed) << keys.error().text;
        EXPECT_TRUE(keys.error().text.starts_with(variable)) << keys.error().text;
        EXPECT_FALSE(keys.error().remedy.empty());
        variables = before;
    }
}

TEST_F(CredentialsTest, AWebIdentityIsShownToSts) {
    std::string form;
    const std::string url = serve([&](net::HttpRequest request) -> net::Task<net::HttpResponse> {
        form = request.body;
        co_return net::HttpResponse::text(
            200,
            R"(<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>STS</AccessKeyId><SecretAccessKey>)" +
                std::string{kSecret} +
                R"(</SecretAccessKey><SessionToken>s</SessionToken><Expiration>2026-11-23T14:05:09Z</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>)"
        );
    });
    variables["AWS_ENDPOINT_URL_STS"] = url;
    variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/shop";
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = file("identity", "header.body+/=.signature\n");
    provider();
    const auto keys = get();
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "STS");
    EXPECT_NE(form.find("WebIdentityToken=header.body%2B%2F%3D.signature"), std::string::npos)
        << form;
    EXPECT_NE(form.find("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fshop"), std::string::npos);
}

TEST_F(CredentialsTest, ARefusedIdentitySaysWhyAndNothingSecret) {
    const std::string url = serve([](net::HttpRequest) -> net::Task<net::HttpResponse> {
        co_return net::HttpResponse::text(
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform "
            "sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>"
        );
    });
    variables["AWS_ENDPOINT_URL_STS"] = url;
    variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/shop";
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = file("identity", "very-secret-token");
    CredentialsProvider& asked = provider();
    EXPECT_EQ(get().error().kind, ErrorKind::denied);
    EXPECT_NE(asked.trouble().find("AssumeRoleWithWebIdentity"), std::string::npos);
    EXPECT_EQ(asked.trouble().find("very-secret-token"), std::string::npos) << asked.trouble();
}

TEST_F(CredentialsTest, AProcessSaysTheKeys) {
    const std::string config = file(
        "config",
        "[default]\ncredential_process = printf '{\"Version\":1,\"AccessKeyId\":\"PROC\","
        "\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":"
        "\"2026-11-23T14:05:09.123456+00:00\"}'\n"
    );
    variables["AWS_CONFIG_FILE"] = config;
    provider();
    const auto keys = get();
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "PROC");
    EXPECT_EQ(keys->expires, from_iso8601("2026-11-23T14:05:09Z"));
}

TEST_F(CredentialsTest, AProcessThatFailsIsNoSecret) {
    const std::string config =
        file("config", "[default]\ncredential_process = echo hush; echo hush >&2; exit 3\n");
    CredentialsProvider& asked = provider({.credentials_file = config});
    EXPECT_EQ(get().error().kind, ErrorKind::denied);
    EXPECT_NE(asked.trouble().find("ended with 3"), std::string::npos) << asked.trouble();
    EXPECT_EQ(asked.trouble().find("hush"), std::string::npos);
}

TEST_F(CredentialsTest, WhileSomebodyRunsItNobodyWaitsForARenewal) {
    Metadata metadata;
    std::string id = "ONE";
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
        serve(metadata.handler(this, [&] { return document(id); }));
    CredentialsProvider& asked = provider();
    world.tasks.spawn("credentials", [&] { return asked.run(&world.tasks); });
    ASSERT_TRUE(world.run_until([&] { return asked.current(clock.now()).has_value(); }));
    id = "TWO";
    clock.elapsed = 56min;
    EXPECT_TRUE(world.run_until([&] { return asked.current(clock.now())->access_key_id == "TWO"; })
    );
}

TEST_F(CredentialsTest, TheClientOfAwsAsksByItself) {
    Metadata metadata;
    const std::string imds = serve(metadata.handler(this, [&] { return document("IMDS"); }));
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = imds;
    std::vector<std::string> authorizations;
    config::AwsAccess access;
    access.dynamodb[RegionId{"us-east-1"}] =
        serve([&](net::HttpRequest request) -> net::Task<net::HttpResponse> {
            authorizations.emplace_back(request.header("authorization").value_or(""));
            co_return net::HttpResponse::json(200, "{}");
        });
    CredentialsProvider& shared = provider();
    const auto made =
        AwsClient::create(world.io, clock, {.access = access, .credentials = &shared});
    AwsClient& client = *made;
    std::function<net::Task<Result<AwsReply>>()> start = [&client] {
        return client.call(
            {.service = "dynamodb",
             .name = "ListTables",
             .region = RegionId{"us-east-1"},
             .input = {}},
            {}
        );
    };
    const auto reply = world.wait_for(start);
    ASSERT_TRUE(reply) << reply.error().text;
    ASSERT_EQ(authorizations.size(), 1U);
    EXPECT_NE(authorizations[0].find("Credential=IMDS/"), std::string::npos) << authorizations[0];
}

TEST(CredentialsDocument, WhatIsMissingIsNamedAndNothingElse) {
    const auto code = [](std::string_view text) {
        const auto keys = credentials_from_json(text);
        return keys ? std::string{"ok"} : keys.error().text;
    };
    EXPECT_EQ(code(R"({"AccessKeyId":"A","SecretAccessKey":"B"})"), "ok");
    EXPECT_NE(code(R"({"AccessKeyId":"A"})").find("SecretAccessKey"), std::string::npos);
    EXPECT_NE(code(R"({"SecretAccessKey":"hush"})").find("AccessKeyId"), std::string::npos);
    EXPECT_EQ(code(R"({"SecretAccessKey":"hush"})").find("hush"), std::string::npos);
    EXPECT_NE(
        code(R"({"AccessKeyId":"A","SecretAccessKey":"B","Expiration":"soon"})").find("Expiration"),
        std::string::npos
    );
    EXPECT_NE(
        code(R"({"AccessKeyId":"A","SecretAccessKey":"B","Token":"a\r\nb"})").find("token"),
        std::string::npos
    );
    EXPECT_NE(
        code(R"({"Code":"AssumeRoleUnauthorizedAccess"})").find("Unauthorized"), std::string::npos
    );
    EXPECT_NE(code("<html>").find("JSON"), std::string::npos);
    EXPECT_FALSE(credentials_from_sts("AssumeRole", "<x/>"));
    EXPECT_FALSE(credentials_from_sts("AssumeRole", "nothing"));
}

}  // namespace
}  // namespace farshore::aws
