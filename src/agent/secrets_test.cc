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

TEST_F(Secrets, FilesOfAnyEditorAreRead) {
    write("\xEF\xBB\xBF abc-123 \r\n\r\n");
    EXPECT_EQ(*read_token(path_), "abc-123");
    write(
        "\xEF\xBB\xBF[web]\r\naws_access_key_id = A\r\naws_secret_access_key = s \r\n"
        "[profile cron]\r\naws_access_key_id = B\r\naws_secret_access_key = t\r\n"
    );
    const auto keys = read_client_keys(path_);
    ASSERT_TRUE(keys) << keys.error().text;
    ASSERT_EQ(keys->size(), 2U) << "no key is lost";
    EXPECT_EQ(keys->at(0).access_key_id, "A");
    EXPECT_EQ(keys->at(0).secret_access_key, "s");
    EXPECT_EQ(keys->at(1).access_key_id, "B");
}

TEST_F(Secrets, ADirectoryIsSaidToBeOne) {
    const std::string directory = std::filesystem::path{path_}.parent_path();
    for (const Error& error :
         {read_token(directory).error(), read_client_keys(directory).error()}) {
        EXPECT_EQ(error.kind, ErrorKind::malformed);
        EXPECT_TRUE(error.text.ends_with("is a directory, not a file")) << error.text;
        EXPECT_EQ(error.remedy, "name the file in it");
    }
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

}  // namespace
}  // namespace farshore::agent
