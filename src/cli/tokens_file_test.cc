#include "cli/tokens_file.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/text.h"
#include "controller/tokens.h"

namespace farshore::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

const AppId kApp{"magento"};
const UtcTime kNow = *from_iso8601("2026-11-30T10:00:00Z");

class TokensFile : public ::testing::Test {
  protected:
    TokensFile() {
        std::string name = (fs::temp_directory_path() / "farshore-tokens-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        path_ = directory_ + "/tokens.json";
    }

    ~TokensFile() override {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }

    static json::object entry(const std::string& name, const std::string& token) {
        return {
            {"name", name}, {"role", "operator"}, {"token_sha256", controller::digest_of(token)}
        };
    }

    // What a controller finds for a token; nullptr: nothing.
    const controller::Token* found(const std::string& token) {
        auto loaded = controller::Tokens::load(path_);
        EXPECT_TRUE(loaded) << loaded.error().text;
        loaded_ = loaded ? *loaded : controller::Tokens{};
        return loaded_.find(controller::digest_of(token), kApp);
    }

    std::string directory_;
    std::string path_;
    controller::Tokens loaded_;
};

TEST_F(TokensFile, IsMadeForItsOwnerAloneAndIsReadByTheController) {
    auto tokens = read_tokens(path_);
    ASSERT_TRUE(tokens);
    EXPECT_TRUE(tokens->empty());
    const std::string token = new_token();
    EXPECT_EQ(token.size(), 64U);
    EXPECT_NE(token, new_token());
    ASSERT_TRUE(add_token(*tokens, entry("dana", token), false));
    ASSERT_TRUE(write_tokens(path_, *tokens));
    struct stat file{};
    ASSERT_EQ(::stat(path_.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
    ASSERT_NE(found(token), nullptr);
    EXPECT_EQ(found(token)->caller.name, "dana");
    EXPECT_EQ(read_tokens(path_)->size(), 1U);
}

TEST_F(TokensFile, ANameIsTakenUntilItIsReplacedOnPurpose) {
    json::array tokens{entry("dana", "one")};
    const json::array before = tokens;
    const Status taken = add_token(tokens, entry("dana", "two"), false);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
    EXPECT_NE(taken.error().remedy.find("farshore init rotate token dana"), std::string::npos);
    EXPECT_EQ(tokens, before) << "nothing is lost on the way";
    ASSERT_TRUE(add_token(tokens, entry("dana", "two"), true));
    ASSERT_TRUE(write_tokens(path_, tokens));
    EXPECT_EQ(found("one"), nullptr);
    EXPECT_NE(found("two"), nullptr);
}

TEST_F(TokensFile, WhatAControllerWouldRefuseIsNotWritten) {
    ASSERT_TRUE(write_tokens(path_, {entry("dana", "one")}));
    json::object host = entry("web-1", "two");
    host["role"] = "agent";
    EXPECT_FALSE(write_tokens(path_, {host}));
    EXPECT_NE(found("one"), nullptr) << "the old file is whole";
    std::ofstream(path_) << "not JSON";
    EXPECT_FALSE(read_tokens(path_));
}

TEST_F(TokensFile, ARotatedTokenAndTheOldOneAreGoodForAWhileAndThenTheNewOneAlone) {
    json::array tokens{entry("dana", "one"), entry("lee", "other")};
    const UtcTime end = kNow + 1h;
    ASSERT_TRUE(rotate_token(tokens, {"dana"}, {"two", kNow, end}));
    ASSERT_TRUE(write_tokens(path_, tokens));
    EXPECT_EQ(found("one")->until, end);
    EXPECT_EQ(found("two")->until, std::nullopt);
    EXPECT_EQ(found("two")->caller.role, controller::Role::operator_);
    EXPECT_EQ(found("other")->until, std::nullopt);

    // Once more, soon: the first does not live longer by it.
    ASSERT_TRUE(rotate_token(tokens, {"dana"}, {"three", kNow + 30min, kNow + 90min}));
    ASSERT_TRUE(write_tokens(path_, tokens));
    EXPECT_EQ(found("one")->until, end);
    EXPECT_EQ(found("two")->until, kNow + 90min);
    // And later: what ran out goes.
    ASSERT_TRUE(rotate_token(tokens, {"dana"}, {"four", kNow + 2h, kNow + 3h}));
    ASSERT_TRUE(write_tokens(path_, tokens));
    EXPECT_EQ(found("one"), nullptr);
    EXPECT_EQ(found("two"), nullptr);
    EXPECT_EQ(found("three")->until, kNow + 3h);
    EXPECT_EQ(found("four")->until, std::nullopt);
}

TEST_F(TokensFile, ATokenThatIsNotThereAndAJoinTokenAreNotRotated) {
    json::object join = entry("web", "one");
    join["role"] = "join";
    json::array tokens{join};
    const Rotation rotation{.new_token = "x", .now = kNow, .old_until = kNow};
    EXPECT_EQ(rotate_token(tokens, {"dana"}, rotation).error().kind, ErrorKind::not_found);
    EXPECT_EQ(rotate_token(tokens, {"web"}, rotation).error().kind, ErrorKind::malformed);
}

TEST_F(TokensFile, ATokenOfAnotherAppOfTheSameNameIsLeftAsItIs) {
    json::array tokens;
    for (const char* app : {"shop", "blog"}) {
        json::object host = entry("web-1", app);
        host["role"] = "agent";
        host["host"] = "web-1";
        host["app"] = app;
        tokens.push_back(host);
    }
    const json::array before = tokens;
    const Rotation rotation{.new_token = "new", .now = kNow, .old_until = kNow + 1h};
    const auto unclear = rotate_token(tokens, {"web-1"}, rotation);
    ASSERT_FALSE(unclear);
    EXPECT_EQ(unclear.error().kind, ErrorKind::malformed);
    EXPECT_NE(unclear.error().text.find("blog, shop"), std::string::npos) << unclear.error().text;
    EXPECT_NE(unclear.error().remedy.find("--app"), std::string::npos);
    EXPECT_EQ(rotate_token(tokens, {"web-1", "wiki"}, rotation).error().kind, ErrorKind::not_found);
    EXPECT_EQ(rotate_token(tokens, {"web-1", ""}, rotation).error().kind, ErrorKind::not_found);
    EXPECT_EQ(tokens, before);

    const auto rotated = rotate_token(tokens, {"web-1", "blog"}, rotation);
    ASSERT_TRUE(rotated) << rotated.error().text;
    EXPECT_EQ(rotated->app, "blog");
    ASSERT_TRUE(write_tokens(path_, tokens));
    EXPECT_EQ(found("shop")->until, std::nullopt);
    EXPECT_EQ(found("blog")->until, kNow + 1h);
    EXPECT_EQ(found("new")->caller.app, AppId{"blog"});
    // Nor does the new one take the place of the other app's token in its file.
    const std::string secret = directory_ + "/web-1.token";
    ASSERT_TRUE(write_secret(secret, "shop"));
    EXPECT_TRUE(check_may_replace(secret, tokens, "web-1", "shop"));
    EXPECT_EQ(check_may_replace(secret, tokens, "web-1", "blog").error().kind, ErrorKind::conflict);
}

TEST_F(TokensFile, ARotatedTokenEndsWhenTheOldOneWasToEndOrWhenItIsTold) {
    json::object viewer = entry("lee", "one");
    viewer["role"] = "viewer";
    viewer["until"] = to_iso8601(kNow + 30min);
    json::array tokens{viewer};
    // The old one's own end is earlier than that of the overlap.
    auto rotated = rotate_token(tokens, {"lee"}, {"two", kNow, kNow + 1h});
    ASSERT_TRUE(rotated);
    EXPECT_EQ(rotated->old_until, kNow + 30min);
    EXPECT_EQ(rotated->new_end, kNow + 30min);
    ASSERT_TRUE(write_tokens(path_, tokens));
    EXPECT_EQ(found("one")->until, kNow + 30min);
    EXPECT_EQ(found("two")->until, kNow + 30min);

    rotated = rotate_token(tokens, {"lee"}, {"three", kNow, kNow + 10min, kNow + 24h});
    ASSERT_TRUE(rotated);
    EXPECT_EQ(rotated->old_until, kNow + 10min);
    EXPECT_EQ(rotated->new_end, kNow + 24h);
    // Those that were replaced end sooner, and say nothing about the next one's end.
    ASSERT_TRUE(rotate_token(tokens, {"lee"}, {"four", kNow + 1min, kNow + 2min}));
    ASSERT_TRUE(write_tokens(path_, tokens));
    EXPECT_EQ(found("three")->until, kNow + 2min);
    EXPECT_EQ(found("four")->until, kNow + 24h);

    // A token whose time is over does not come back by itself, and not without an end.
    const json::array before = tokens;
    const auto over = rotate_token(tokens, {"lee"}, {"five", kNow + 48h, kNow + 49h});
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().kind, ErrorKind::malformed);
    EXPECT_NE(over.error().remedy.find("--for"), std::string::npos);
    EXPECT_EQ(tokens, before);
    rotated = rotate_token(tokens, {"lee"}, {"five", kNow + 48h, kNow + 49h, kNow + 72h});
    ASSERT_TRUE(rotated);
    EXPECT_EQ(rotated->old_until, std::nullopt);
    ASSERT_TRUE(write_tokens(path_, tokens));
    EXPECT_EQ(read_tokens(path_)->size(), 1U);
    EXPECT_EQ(found("five")->until, kNow + 72h);
}

TEST_F(TokensFile, ASecretIsWrittenForItsOwnerAndNeverOverAnythingByChance) {
    const std::string secret = directory_ + "/dana.token";
    ASSERT_TRUE(check_absent(secret, false));
    std::ofstream(secret) << "mine";
    ::chmod(secret.c_str(), 0644);
    EXPECT_EQ(check_absent(secret, false).error().kind, ErrorKind::conflict);
    ASSERT_TRUE(check_absent(secret, true));
    ASSERT_TRUE(write_secret(secret, "abc"));
    struct stat file{};
    ASSERT_EQ(::stat(secret.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
    // What rotates a token takes the place of that token's file, and of no other one.
    const json::array tokens{entry("dana", "abc"), entry("lee", "other")};
    EXPECT_TRUE(check_may_replace(secret, tokens, "dana", ""));
    EXPECT_EQ(check_may_replace(secret, tokens, "lee", "").error().kind, ErrorKind::conflict);
    EXPECT_TRUE(check_may_replace(directory_ + "/new", tokens, "lee", ""));
    // A link that leads nowhere is something too.
    fs::create_symlink(directory_ + "/nowhere", directory_ + "/link");
    EXPECT_FALSE(check_absent(directory_ + "/link", false));
}

}  // namespace
}  // namespace farshore::cli
