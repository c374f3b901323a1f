#include "adapters/host/programs.h"

#include <algorithm>
#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace farshore::host {
namespace {

// As Linux on a little-endian machine prints them.
constexpr auto kTables =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:21C2 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 "
    "1 0\n"
    "   1: 0100007F:9C40 01055E34:01BB 01 00000000:00000000 02:00000000 00000000    33        0 12 "
    "1 0\n"
    "   2: 0000000000000000FFFF00000100007F:9C40 0000000000000000FFFF000001055E34:01BB 01 0:0 00:0 "
    "0 33 0 13 1\n"
    "   3: 00000000000000000000000001000000:9C40 00000000000000000000000001000000:01BB 01 0:0 00:0 "
    "0 33 0 14 1\n"
    "   4: 0100007F:9C41 01055E34:01BB 06 00000000:00000000 03:00000000 00000000     0        0 0 "
    "3 0\n"
    "   5: nonsense\n";

TEST(Programs, ConnectionsAreReadInBothFamiliesAndListenersAreNone) {
    const auto found = connections_in(kTables);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found.at(12).text(), "52.94.5.1:443");
    EXPECT_EQ(found.at(13).text(), "52.94.5.1:443");
    EXPECT_EQ(found.at(14).text(), "[::1]:443");
}

TEST(Programs, ThisProgramIsSeenWithItsConnection) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    ASSERT_EQ(::bind(listener, address, size), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    ASSERT_EQ(::getsockname(listener, address, &size), 0);
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(client, address, size), 0);
    const ProgramsSeen seen = look_at_programs();
    ::close(client);
    ::close(listener);
    const auto us = std::ranges::find(seen.programs, ::getpid(), &Program::pid);
    ASSERT_NE(us, seen.programs.end());
    const wire::AddressPort other_end{.address = "127.0.0.1", .port = ntohs(at.sin_port)};
    EXPECT_NE(std::ranges::find(us->connections, other_end), us->connections.end());
    EXPECT_EQ(us->executable, std::filesystem::read_symlink("/proc/self/exe").filename().string());
}

class FakeProc : public ::testing::Test {
  protected:
    FakeProc() { std::filesystem::create_directories(root_ / "7" / "fd"); }

    ~FakeProc() override { std::filesystem::remove_all(root_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream{root_ / "7" / name, std::ios::binary} << text;
    }

    std::filesystem::path root_ =
        std::filesystem::temp_directory_path() / ("programs-" + std::to_string(::getpid()));
};

TEST_F(FakeProc, OfSecretsOnlyThatTheyAreSetIsKept) {
    using namespace std::string_literals;
    write("cmdline", "php-fpm\0"s);
    write("comm", "php-fpm\n");
    write(
        "environ",
        "PATH=/bin\0HOME=/root\0AWS_REGION=us-east-1\0AWS_SECRET_ACCESS_KEY=s3cr3t\0AWS_SESSION_TOKEN=t0k3n\0"s
    );
    std::filesystem::create_symlink("/usr/sbin/php-fpm8.2 (deleted)", root_ / "7" / "exe");
    const ProgramsSeen seen = look_at_programs(root_.string());
    ASSERT_EQ(seen.programs.size(), 1U);
    EXPECT_EQ(seen.programs[0].name, "php-fpm");
    EXPECT_EQ(seen.programs[0].executable, "php-fpm8.2");
    const std::map<std::string, std::string> expected{
        {"HOME", "/root"},
        {"AWS_REGION", "us-east-1"},
        {"AWS_SECRET_ACCESS_KEY", "set"},
        {"AWS_SESSION_TOKEN", "set"}
    };
    EXPECT_EQ(seen.programs[0].environment, expected);
}

TEST_F(FakeProc, KernelThreadsAreNoPrograms) {
    write("cmdline", "");
    EXPECT_TRUE(look_at_programs(root_.string()).programs.empty());
}

}  // namespace
}  // namespace farshore::host
