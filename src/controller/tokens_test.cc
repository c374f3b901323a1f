#include "controller/tokens.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"

namespace farshore::controller {
namespace {

const AppId kApp{"magento"};

std::string entry(const std::string& fields, const std::string& token = "abc") {
    return "[{" + fields + R"(,"token_sha256":")" + digest_of(token) + R"("}])";
}

const std::string kAgent = R"("name":"web-1","role":"agent","app":"magento","host":"web-1")";

TEST(Tokens, ATokenIsKnownByItsDigest) {
    EXPECT_EQ(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const auto tokens = Tokens::parse(entry(kAgent + R"(,"region":"us-east-1")"));
    ASSERT_TRUE(tokens.has_value()) << tokens.error().text;
    const Token* token = tokens->find(digest_of("abc"), kApp);
    ASSERT_NE(token, nullptr);
    EXPECT_EQ(token->caller.role, Role::agent);
    EXPECT_EQ(
        token->caller.credential(),
        (core::Credential{.app = kApp, .host = HostId{"web-1"}, .region = RegionId{"us-east-1"}})
    );
    EXPECT_EQ(tokens->find(digest_of("abd"), kApp), nullptr);
}

TEST(Tokens, AHostsEntriesAreFoundByItsName) {
    const std::string second = R"({"name":"web-1","role":"agent","app":"magento","host":"web-1",)"
                               R"("token_sha256":")" +
                               digest_of("def") + R"("},)";
    const std::string viewer =
        R"({"name":"web-2","role":"viewer","token_sha256":")" + digest_of("ghi") + R"("},)";
    const auto tokens = Tokens::parse("[" + second + viewer + entry(kAgent).substr(1));
    ASSERT_TRUE(tokens.has_value()) << tokens.error().text;
    const std::vector<const Token*> found = tokens->of_host(HostId{"web-1"});
    ASSERT_EQ(found.size(), 2U) << "an old one and a new one";
    EXPECT_EQ(found[0]->digest, digest_of("def"));
    EXPECT_EQ(found[1]->digest, digest_of("abc"));
    EXPECT_TRUE(tokens->of_host(HostId{"web-2"}).empty());
    EXPECT_TRUE(tokens->of_host(HostId{}).empty()) << "people are on no host";
}

TEST(Tokens, ABearerTokenIsReadFromItsHeader) {
    for (const char* header : {"Bearer ", "Basic abc", "", "Bearer"}) {
        const auto token = bearer_token(header);
        ASSERT_FALSE(token.has_value()) << header;
        EXPECT_EQ(token.error().kind, ErrorKind::denied);
        EXPECT_FALSE(token.error().remedy.empty());
    }
    EXPECT_FALSE(bearer_token(std::nullopt).has_value());
    EXPECT_EQ(*bearer_token("Bearer abc"), "abc");
    EXPECT_EQ(*bearer_token("bearer abc"), "abc") << "schemes ignore case";
    EXPECT_EQ(*bearer_token("Bearer abc "), "abc ") << "and tokens nothing";
}

TEST(Tokens, AWrongFileIsRefusedWithItsPlace) {
    const auto names = [](const std::string& text, const char* place) {
        const auto tokens = Tokens::parse(text);
        ASSERT_FALSE(tokens.has_value()) << text;
        EXPECT_NE(tokens.error().text.find(place), std::string::npos) << tokens.error().text;
    };
    names("{}", "list");
    names("[1]", "[0]");
    names(R"([{"name":"a","role":"king","token_sha256":""}])", "king");
    names(R"([{"name":"a","role":"viewer","token_sha256":"abc"}])", "token_sha256");
    names(entry(R"("name":"a","role":"agent","host":"a")"), "app");
    names(entry(R"("name":"a","role":"viewer","host":"web-1")"), "only an agent's");
    names(entry(R"("name":"a","role":"join","app":"magento")"), "until");
    names(entry(kAgent + R"(,"until":"tomorrow")"), "until");
    // All that is wrong, in one run.
    const auto several = Tokens::parse(
        R"([1,{"name":"a","role":"king","token_sha256":"abc"},{"role":"viewer","token_sha256":"abc"}])"
    );
    ASSERT_FALSE(several.has_value());
    for (const char* place : {"[0]", "king", "[1].token_sha256", "[2].name", "[2].token_sha256"}) {
        EXPECT_NE(several.error().text.find(place), std::string::npos) << several.error().text;
    }
    const auto directory = Tokens::load("/");
    ASSERT_FALSE(directory.has_value());
    EXPECT_EQ(directory.error().text, "the tokens file / is a directory, not a file");
    EXPECT_NE(Tokens::load("").error().remedy.find("tokens: /path"), std::string::npos);
    const auto missing = Tokens::load("/nowhere/tokens.json");
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    EXPECT_FALSE(missing.error().remedy.empty());
}

// As many as a register may have.
TEST(Tokens, AFileHasRoomForTenThousandHosts) {
    std::string text = "[";
    for (int i = 0; i < 10'000; ++i) {
        const std::string host = "web-" + std::to_string(100'000 + i);
        text += R"({"name":")" + host + R"(","role":"agent","app":"magento","host":")" + host +
                R"(","token_sha256":")" + digest_of(host) + R"("},)";
    }
    text.back() = ']';
    const std::string path = testing::TempDir() + "tokens-of-many-hosts.json";
    std::ofstream(path) << text;
    const auto tokens = Tokens::load(path);
    std::filesystem::remove(path);
    ASSERT_TRUE(tokens.has_value()) << tokens.error().text;
    EXPECT_NE(tokens->find(digest_of("web-109999"), kApp), nullptr);
}

// As files were before: one token for all hosts of an app.
TEST(Tokens, AnAgentsTokenWithoutItsHostIsRefusedWithARemedy) {
    const auto old = Tokens::parse(entry(R"("name":"agents","role":"agent","app":"magento")"));
    ASSERT_FALSE(old.has_value());
    EXPECT_NE(old.error().text.find("[0].host"), std::string::npos) << old.error().text;
    EXPECT_NE(
        old.error().text.find("farshore init token --role agent --app magento --host HOST"),
        std::string::npos
    ) << old.error().text;
}

TEST(Tokens, OneTokenIsOneCallersAndOneNameToo) {
    const auto two = [](const std::string& a, const std::string& b, const std::string& token_b) {
        std::string text = entry(a);
        text.back() = ',';
        return Tokens::parse(text + entry(b, token_b).substr(1));
    };
    const std::string other = R"("name":"web-2","role":"agent","app":"magento","host":"web-2")";
    EXPECT_TRUE(two(kAgent, other, "def").has_value());
    EXPECT_FALSE(two(kAgent, other, "abc").has_value()) << "one token would be two hosts";
    EXPECT_TRUE(two(kAgent, kAgent, "def").has_value()) << "it changes its token";
    const std::string thief = R"("name":"web-1","role":"agent","app":"magento","host":"web-2")";
    EXPECT_FALSE(two(kAgent, thief, "def").has_value());
    // An agent of two apps, whose controllers share a file.
    const std::string carts = R"("name":"web-1","role":"agent","app":"carts","host":"web-1")";
    const auto shared = two(kAgent, carts, "abc");
    ASSERT_TRUE(shared.has_value()) << shared.error().text;
    EXPECT_EQ(shared->find(digest_of("abc"), AppId{"carts"})->caller.app, AppId{"carts"});
    EXPECT_EQ(shared->find(digest_of("abc"), kApp)->caller.app, kApp);
}

}  // namespace
}  // namespace farshore::controller
