#include "agent/secrets.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace farshore::agent {
namespace {

std::string own_group() {
    group entry{};
    group* found = nullptr;
    std::array<char, 16384> room{};
    (void)::getgrgid_r(::getgid(), &entry, room.data(), room.size(), &found);
    return found == nullptr ? "" : found->gr_name;
}

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
    EXPECT_EQ(keys->at(0).credentials.access_key_id, "A");
    EXPECT_EQ(keys->at(0).credentials.secret_access_key, "s");
    EXPECT_EQ(keys->at(1).credentials.access_key_id, "B");
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
    EXPECT_EQ(keys->at(1).credentials.access_key_id, "B");
    EXPECT_EQ(keys->at(1).profile, "cron");
    write("# nobody\n");
    EXPECT_FALSE(read_client_keys(path_)) << "an empty list would check nothing";
}

TEST_F(Secrets, ClientKeysAreMadeOnceForTheirOwnerAndAGroup) {
    namespace fs = std::filesystem;
    config::AgentConfig config;
    config.state_directory = fs::path{path_}.parent_path();
    const std::string path = client_keys_path(config);
    ASSERT_TRUE(make_client_keys(config));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const auto keys = read_client_keys(path);
    ASSERT_TRUE(keys) << keys.error().text;
    ASSERT_EQ(keys->size(), 1U);
    EXPECT_EQ(keys->front().profile, "default");
    EXPECT_EQ(keys->front().credentials.access_key_id.size(), 20U);
    EXPECT_EQ(keys->front().credentials.secret_access_key.size(), 40U);
    // An older file of the agent's is kept, and given to the group that is configured later.
    config.client_keys.group = own_group();
    ASSERT_TRUE(make_client_keys(config));
    EXPECT_EQ(
        fs::status(path).permissions(),
        fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read
    );
    EXPECT_EQ(
        read_client_keys(path)->front().credentials.secret_access_key,
        keys->front().credentials.secret_access_key
    );
    fs::remove(path);
    ASSERT_TRUE(make_client_keys(config));
    EXPECT_NE(
        read_client_keys(path)->front().credentials.secret_access_key,
        keys->front().credentials.secret_access_key
    );
    config.client_keys.group = "no-such-group";
    EXPECT_EQ(make_client_keys(config).error().kind, ErrorKind::malformed);
}

TEST_F(Secrets, ClientKeysOfTheAgentsOwnAreSetBackToItsUserAlone) {
    config::AgentConfig config;
    config.state_directory = std::filesystem::path{path_}.parent_path();
    ASSERT_TRUE(make_client_keys(config));
    const std::string path = client_keys_path(config);
    const auto mode = [&path] {
        struct stat file{};
        (void)::stat(path.c_str(), &file);
        return file.st_mode & 0777U;
    };
    const auto before = read_client_keys(path)->front().credentials.secret_access_key;
    for (const mode_t open : {0644U, 0666U, 0640U, 0604U}) {
        ASSERT_EQ(::chmod(path.c_str(), open), 0);
        ASSERT_TRUE(make_client_keys(config));
        EXPECT_EQ(mode(), 0600U) << std::oct << open;
    }
    EXPECT_EQ(read_client_keys(path)->front().credentials.secret_access_key, before);
    // A group that is named reads them, and no other user.
    config.client_keys.group = own_group();
    ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
    ASSERT_TRUE(make_client_keys(config));
    EXPECT_EQ(mode(), 0640U);
    // An operator's own file is the operator's.
    config.client_keys = {.file = path_};
    write("[web]\naws_access_key_id = A\naws_secret_access_key = s\n");
    ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
    ASSERT_TRUE(make_client_keys(config));
    EXPECT_EQ(who_else_has(path_), "mode 0644: every user of this host can read it");
}

TEST_F(Secrets, AFileThatOthersCanUseIsSaidToBeOne) {
    EXPECT_EQ(who_else_has(path_), "") << "there is none";
    write("secret");
    for (const mode_t closed : {0600U, 0640U, 0400U, 0440U}) {
        ASSERT_EQ(::chmod(path_.c_str(), closed), 0);
        EXPECT_EQ(who_else_has(path_), "") << std::oct << closed;
    }
    const auto says = [this](mode_t mode) {
        (void)::chmod(path_.c_str(), mode);
        return who_else_has(path_);
    };
    EXPECT_EQ(says(0644), "mode 0644: every user of this host can read it");
    EXPECT_EQ(says(0666), "mode 0666: every user of this host can read and write it");
    EXPECT_EQ(says(0602), "mode 0602: every user of this host can write it");
    EXPECT_EQ(says(0660), "mode 0660: its group can write it");
}

}  // namespace
}  // namespace farshore::agent
