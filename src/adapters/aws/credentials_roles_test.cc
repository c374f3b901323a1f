#include <filesystem>

#include "adapters/aws/credentials_world.h"

// Profiles whose keys come from another principal: roles that are assumed, and IAM Identity Center.
namespace farshore::aws {
namespace {

using namespace testing;

constexpr std::string_view kBase =
    "[base]\naws_access_key_id = BASE\naws_secret_access_key = b\n"
    "[self]\naws_access_key_id = SELF\naws_secret_access_key = s\n";

class RolesTest : public CredentialsTest {
  protected:
    // STS: notes who asked for what, and gives keys that are named after the role.
    RolesTest() {
        variables["AWS_SHARED_CREDENTIALS_FILE"] = file("credentials", std::string{kBase});
        variables["AWS_ENDPOINT_URL_STS"] =
            serve([this](net::HttpRequest request) { return answer(std::move(request)); });
    }

    net::Task<net::HttpResponse> answer(net::HttpRequest request) {
        signers.push_back(std::string{request.header("authorization").value_or("none")});
        forms.push_back(request.body);
        const std::string role = request.body.substr(request.body.find("role%2F") + 7, 1);
        co_return net::HttpResponse::text(
            200,
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ROLE-" + role +
                "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                "<Expiration>2026-11-23T14:05:09Z</Expiration></Credentials></AssumeRoleResult>"
                "</AssumeRoleResponse>"
        );
    }

    Result<sigv4::Credentials> keys_with(const std::string& config) {
        variables["AWS_CONFIG_FILE"] = file("config", config);
        provider();
        return get();
    }

    [[nodiscard]] static std::string role(const std::string& name) {
        return "role_arn = arn:aws:iam::123456789012:role/" + name + "\n";
    }

    std::vector<std::string> signers;
    std::vector<std::string> forms;
};

TEST_F(RolesTest, ARoleIsAssumedWithTheKeysOfAnotherProfile) {
    const auto keys = keys_with(
        "[default]\n" + role("x") +
        "source_profile = base\nexternal_id = e1\nduration_seconds = 900\n"
    );
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "ROLE-x");
    EXPECT_EQ(keys->expires, from_iso8601("2026-11-23T14:05:09Z"));
    ASSERT_EQ(signers.size(), 1U);
    EXPECT_TRUE(signers[0].contains("Credential=BASE/20261123/us-east-1/sts/")) << signers[0];
    EXPECT_TRUE(forms[0].contains("ExternalId=e1")) << forms[0];
    EXPECT_TRUE(forms[0].contains("DurationSeconds=900")) << forms[0];
    EXPECT_TRUE(forms[0].contains("RoleSessionName=farshore")) << forms[0];
}

TEST_F(RolesTest, RolesAreAssumedOneAfterTheOther) {
    const auto keys = keys_with(
        "[default]\n" + role("x") + "source_profile = middle\n[profile middle]\n" + role("m") +
        "source_profile = base\n"
    );
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "ROLE-x");
    ASSERT_EQ(signers.size(), 2U);
    EXPECT_TRUE(signers[0].contains("Credential=BASE/"));
    EXPECT_TRUE(signers[1].contains("Credential=ROLE-m/"));
}

TEST_F(RolesTest, AProfileMayNameItself) {
    const auto keys = keys_with(
        "[profile self]\n" + role("x") + "source_profile = self\n[default]\n" + role("y") +
        "source_profile = self\n"
    );
    ASSERT_TRUE(keys) << keys.error().text;
    ASSERT_EQ(signers.size(), 2U);
    EXPECT_TRUE(signers[0].contains("Credential=SELF/"));
}

TEST_F(RolesTest, ARoleIsAssumedWithTheKeysOfTheEnvironment) {
    variables["AWS_PROFILE"] = "shop";
    const std::string config = "[profile shop]\n" + role("x") + "credential_source = Environment\n";
    variables["AWS_CONFIG_FILE"] = file("config", config);
    // The configuration names the profile: the environment's keys are for the role alone.
    variables["AWS_ACCESS_KEY_ID"] = "ENV";
    variables["AWS_SECRET_ACCESS_KEY"] = "e";
    provider({.profile = "shop"});
    const auto keys = get();
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "ROLE-x");
    EXPECT_TRUE(signers[0].contains("Credential=ENV/"));
}

struct Unusable {
    std::string config;
    std::string text;
};

TEST_F(RolesTest, AProfileThatCannotBeUsedSaysWhy) {
    const std::vector<Unusable> rows{
        {role("x"), "neither source_profile, credential_source nor"},
        {role("x") + "source_profile = base\ncredential_source = Environment\n",
         "both source_profile and credential_source"},
        {role("x") + "source_profile = nowhere\n", "'nowhere', which is not there"},
        {role("x") + "credential_source = Somewhere\n", "credential_source is 'Somewhere'"},
        {role("x") + "source_profile = base\nmfa_serial = arn\n", "mfa_serial"},
        {role("x") + "source_profile = a\n[profile a]\n" + role("a") + "source_profile = default\n",
         "leads back to profile 'default'"},
        {"sso_account_id = 1\n", "Identity Center needs"},
    };
    for (const Unusable& row : rows) {
        const auto keys = keys_with("[default]\n" + row.config);
        ASSERT_FALSE(keys) << row.config;
        EXPECT_EQ(keys.error().kind, ErrorKind::malformed) << keys.error().text;
        EXPECT_TRUE(keys.error().text.contains(row.text)) << keys.error().text;
        EXPECT_FALSE(keys.error().remedy.empty());
    }
    EXPECT_TRUE(forms.empty());
}

class SignOnTest : public CredentialsTest {
  protected:
    SignOnTest() {
        std::filesystem::create_directories(directory.path() + "/.aws/sso/cache");
        variables["AWS_ENDPOINT_URL_SSO"] =
            serve([this](net::HttpRequest request) { return answer(std::move(request)); });
        variables["AWS_CONFIG_FILE"] = file(
            "config",
            "[default]\nsso_session = shop-session\nsso_account_id = 123456789012\n"
            "sso_role_name = Operator\n[sso-session shop-session]\nsso_region = eu-west-1\n"
            "sso_start_url = https://shop.awsapps.example/start\n"
        );
    }

    net::Task<net::HttpResponse> answer(net::HttpRequest request) {
        target = request.target;
        token = request.header("x-amz-sso_bearer_token").value_or("none");
        co_return net::HttpResponse::json(
            200,
            R"({"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t",)"
            R"("expiration":1795442709000}})"
        );
    }

    // As `aws sso login` leaves it; the file's name is the SHA-1 of the session's.
    void log_in(const std::string& expires) {
        (void)file(
            ".aws/sso/cache/7e646fbc8397886c24d81bdb443bc41d74a0ca8f.json",
            R"({"accessToken":"bearer-secret","expiresAt":")" + expires + R"("})"
        );
    }

    std::string target;
    std::string token;
};

TEST_F(SignOnTest, KeysOfTheRoleAreAskedForWithTheCachedToken) {
    log_in("2026-11-23T20:00:00Z");
    provider();
    const auto keys = get();
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "SSO");
    EXPECT_EQ(keys->expires, utc_from_ms(1'795'442'709'000));
    EXPECT_EQ(token, "bearer-secret");
    EXPECT_EQ(target, "/federation/credentials?role_name=Operator&account_id=123456789012");
}

TEST_F(SignOnTest, ATokenThatIsMissingOrHasEndedNamesTheCommand) {
    for (const bool there : {false, true}) {
        if (there) {
            log_in("2026-11-23T12:00:00Z");
        }
        CredentialsProvider& asked = provider();
        EXPECT_FALSE(get());
        EXPECT_TRUE(asked.trouble().contains("sso/cache/")) << asked.trouble();
        EXPECT_FALSE(asked.trouble().contains("bearer-secret")) << asked.trouble();
    }
    EXPECT_TRUE(target.empty());
}

}  // namespace
}  // namespace farshore::aws
