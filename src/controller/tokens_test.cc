#include "controller/tokens.h"

#include <string>

#include <gtest/gtest.h>

namespace farshore::controller {
namespace {

// printf %s agent-secret | sha256sum, and so on.
constexpr const char* kFile = R"([
  {"name":"agents-magento","role":"agent","app":"magento","token_sha256":"84f40ae22be424d31d4f86d6ea2eca2f1edc47ff1f7ed1c41d7f06cf4eee4f28"},
  {"name":"eve","role":"operator","token_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
])";

TEST(Tokens, AnUnknownTokenIsDeniedWithARemedy) {
    const auto tokens = Tokens::parse(kFile);
    ASSERT_TRUE(tokens.has_value()) << tokens.error().text;
    for (const char* header : {"Bearer wrong", "Bearer ", "Basic abc", ""}) {
        const auto caller = tokens->caller(header);
        ASSERT_FALSE(caller.has_value()) << header;
        EXPECT_EQ(caller.error().kind, ErrorKind::denied);
        EXPECT_FALSE(caller.error().remedy.empty());
    }
    EXPECT_FALSE(tokens->caller(std::nullopt).has_value());
}

TEST(Tokens, ATokenIsKnownByItsDigest) {
    // sha256("abc")
    const auto tokens = Tokens::parse(
        R"([{"name":"a","role":"agent","app":"magento","token_sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}])"
    );
    ASSERT_TRUE(tokens.has_value()) << tokens.error().text;
    const auto caller = tokens->caller("Bearer abc");
    ASSERT_TRUE(caller.has_value());
    EXPECT_EQ(caller->role, Role::agent);
    EXPECT_TRUE(caller->may_speak_for(AppId{"magento"}));
    EXPECT_FALSE(caller->may_speak_for(AppId{"carts"}));
    EXPECT_TRUE(tokens->caller("bearer abc").has_value()) << "schemes ignore case";
    EXPECT_FALSE(tokens->caller("Bearer abc ").has_value());
}

TEST(Tokens, AWrongFileIsRefusedWithItsPlace) {
    const auto names = [](const char* text, const char* place) {
        const auto tokens = Tokens::parse(text);
        ASSERT_FALSE(tokens.has_value()) << text;
        EXPECT_NE(tokens.error().text.find(place), std::string::npos) << tokens.error().text;
    };
    names("{}", "list");
    names("[1]", "[0]");
    names(R"([{"name":"a","role":"king","token_sha256":""}])", "king");
    names(R"([{"name":"a","role":"viewer","token_sha256":"abc"}])", "token_sha256");
    names(
        R"([{"name":"a","role":"agent","token_sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}])",
        "app"
    );
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

}  // namespace
}  // namespace farshore::controller
