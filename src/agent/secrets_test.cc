#include "agent/secrets.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace farshore::agent {
namespace {

class Secrets : public ::testing::Test {
  protected:
    Secrets() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "farshore-secrets-XXXXXX").string();
        path_ = std::string{mkdtemp(pattern.data())} + "/file";
    }

    ~Secrets() override {
        std::error_code ignored;
        std::filesystem::remove_all(std::filesystem::path{path_}.parent_path(), ignored);
    }

    void write(std::string_view text) { std::ofstream(path_) << text; }

    std::string path_;
};

TEST_F(Secrets, ATokenIsOneLine) {
    EXPECT_EQ(*read_token(""), "");
    write("abc-123\n");
    EXPECT_EQ(*read_token(path_), "abc-123");
    write("abc\nsecret-word\n");
    const auto bad = read_token(path_);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().text.find("secret-word"), std::string::npos);
    write("\n");
    EXPECT_FALSE(read_token(path_));
    EXPECT_EQ(read_token(path_ + ".missing").error().kind, ErrorKind::not_found);
}

TEST_F(Secrets, EveryProfileIsAClientKey) {
    write(
        "[web]\naws_access_key_id = A\naws_secret_access_key = s\n[cron]\naws_access_key_id = "
        "B\naws_secret_access_key = t\n"
    );
    const auto keys = read_client_keys(path_);
    ASSERT_TRUE(keys) << keys.error().text;
    ASSERT_EQ(keys->size(), 2U);
    EXPECT_EQ(keys->at(1).access_key_id, "B");
    EXPECT_TRUE(read_client_keys("")->empty());
    write("# nobody\n");
    EXPECT_FALSE(read_client_keys(path_)) << "an empty list would check nothing";
}

TEST_F(Secrets, AddressesHaveAPort) {
    EXPECT_EQ(
        *address_and_port("127.0.0.1:5353"),
        (std::pair{std::string{"127.0.0.1"}, std::uint16_t{5353}})
    );
    EXPECT_EQ(address_and_port("127.0.0.1")->second, 53);
    EXPECT_FALSE(address_and_port("127.0.0.1:dns"));
    EXPECT_FALSE(address_and_port("127.0.0.1:70000"));
}

}  // namespace
}  // namespace farshore::agent
