#include "base/text_file.h"

#include <filesystem>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace farshore {
namespace {

namespace fs = std::filesystem;

constexpr TextFile kToken{.what = "the token file", .remedy = "ask for one"};

class TextFiles : public ::testing::Test {
  protected:
    TextFiles() {
        std::string pattern = (fs::temp_directory_path() / "farshore-files-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
    }

    ~TextFiles() override {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }

    [[nodiscard]] std::string written(std::string_view text) const {
        std::ofstream{path(), std::ios::binary} << text;
        return path();
    }

    [[nodiscard]] std::string path() const { return directory_ + "/file"; }

    void refused(const std::string& path, ErrorKind kind, std::string_view what) const {
        const Result<std::string> read = read_text_file(path, kToken);
        ASSERT_FALSE(read) << what;
        EXPECT_EQ(read.error().kind, kind) << read.error().text;
        EXPECT_EQ(read.error().text, "the token file " + path + " " + std::string{what});
        EXPECT_FALSE(read.error().remedy.empty());
    }

    std::string directory_;
};

TEST_F(TextFiles, AByteOrderMarkIsNoPartOfTheText) {
    EXPECT_EQ(
        *read_text_file(written("\xEF\xBB\xBF[default]\r\nx = y  \r\n"), kToken),
        "[default]\r\nx = y  \r\n"
    );
    EXPECT_EQ(
        *read_word_file(written("\xEF\xBB\xBF  secret-word \t\r\n\r\n"), kToken), "secret-word"
    );
}

TEST_F(TextFiles, WhatIsNoFileIsNamedAsWhatItIs) {
    refused(path(), ErrorKind::not_found, "does not exist");
    refused(directory_, ErrorKind::malformed, "is a directory, not a file");
    refused(directory_ + "/file/below", ErrorKind::not_found, "does not exist");
    refused("/dev/null", ErrorKind::malformed, "is a socket or a device, not a file");
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    refused(path(), ErrorKind::malformed, "is a pipe, not a file");
    fs::remove(path());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    refused(path(), ErrorKind::malformed, "is a socket or a device, not a file");
    ::close(fd);
}

TEST_F(TextFiles, WhatIsNoTextIsNamedAsWhatItIs) {
    refused(written(""), ErrorKind::malformed, "is empty");
    refused(written(" \r\n\t"), ErrorKind::malformed, "is empty");
    refused(written("\xEF\xBB\xBF"), ErrorKind::malformed, "is empty");
    refused(written(std::string_view{"\xFF\xFEs\0e\0", 6}), ErrorKind::malformed, "is UTF-16");
    refused(
        written(std::string_view{
            "\x7f"
            "ELF\0\0",
            6
        }),
        ErrorKind::malformed,
        "is binary: its byte 5 is zero"
    );
    refused(
        written(std::string((1U << 20U) + 1, 'x')), ErrorKind::malformed, "is longer than 1024 KiB"
    );
    EXPECT_EQ(read_text_file(written(std::string(1U << 20U, 'x')), kToken)->size(), 1U << 20U);
}

TEST_F(TextFiles, AFileOfSomebodyElseIsNotReadable) {
    (void)written("x");
    ASSERT_EQ(::chmod(path().c_str(), 0000), 0);
    const bool privileged = ::geteuid() == 0;
    constexpr uid_t kNobody = 65534;
    if (privileged) {
        ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
        ASSERT_EQ(::seteuid(kNobody), 0);
    }
    refused(path(), ErrorKind::denied, "cannot be read: Permission denied");
    if (privileged) {
        ASSERT_EQ(::seteuid(0), 0);
    }
}

TEST_F(TextFiles, APipeIsReadWhereItIsPassedOn) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::write(ends[1], "secret\n", 7), 7);
    ::close(ends[1]);
    EXPECT_EQ(*read_word_file("/dev/fd/" + std::to_string(ends[0]), kToken), "secret");
    ::close(ends[0]);
}

TEST_F(TextFiles, AWordIsInNoErrorAboutIt) {
    for (const char* text :
         {"secret\nword\n",
          "secret word",
          "secret\x01",
          "s\xc3\xa9"
          "cret"}) {
        const Result<std::string> read = read_word_file(written(text), kToken);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().kind, ErrorKind::malformed);
        EXPECT_EQ(read.error().text.find("cret"), std::string::npos) << read.error().text;
        EXPECT_EQ(read.error().remedy, "ask for one");
    }
}

}  // namespace
}  // namespace farshore
