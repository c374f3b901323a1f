#include "dataplane/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace farshore::dataplane {
namespace {

using namespace std::chrono_literals;

// A listening socket, and a stream that is connected to it.
class StreamTest : public ::testing::Test {
  protected:
    void SetUp() override {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(::listen(listener_, 4), 0);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        auto made = Stream::connect(
            {.address = "127.0.0.1",
             .port = ntohs(address.sin_port),
             .source_address = {},
             .server_name = {}}
        );
        ASSERT_TRUE(made) << made.error().text;
        stream = std::move(*made);
        peer = ::accept(listener_, nullptr, nullptr);
        ASSERT_GE(peer, 0);
        pollfd writable{.fd = stream->fd(), .events = POLLOUT, .revents = 0};
        ASSERT_EQ(::poll(&writable, 1, 10'000), 1);
        ASSERT_EQ(stream->establish().kind, IoResult::Kind::progress);
    }

    ~StreamTest() override {
        ::close(listener_);
        ::close(peer);
    }

    // What the other side finds at the end: 0 for an end in order.
    [[nodiscard]] int error_at_the_end() const {
        char byte = 0;
        while (true) {
            const ssize_t got = ::recv(peer, &byte, 1, 0);
            if (got <= 0) {
                return got == 0 ? 0 : errno;
            }
        }
    }

    std::unique_ptr<Stream> stream;
    int peer = -1;

  private:
    int listener_ = -1;
};

// A process that is killed closes its sockets like this: nothing may be delivered after it.
TEST_F(StreamTest, HoweverItEndsItEndsWithAReset) {
    stream.reset();
    EXPECT_EQ(error_at_the_end(), ECONNRESET);
}

TEST_F(StreamTest, WithNothingOnItsWayItMayEndInOrder) {
    stream->close_in_order();
    stream.reset();
    EXPECT_EQ(error_at_the_end(), 0);
}

TEST_F(StreamTest, TheKernelGivesUpWhatIsNotAcknowledged) {
    const auto limit = [this] {
        unsigned int ms = 0;
        socklen_t size = sizeof ms;
        ::getsockopt(stream->fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &size);
        return ms;
    };
    stream->give_up_unacknowledged_after(1'234ms);
    EXPECT_EQ(limit(), 1'200U);
    stream->give_up_unacknowledged_after(42ms);
    EXPECT_EQ(limit(), 42U);
    stream->give_up_unacknowledged_after(-1s);
    EXPECT_EQ(limit(), 1U) << "zero would mean the system's own patience, a quarter of an hour";
}

}  // namespace
}  // namespace farshore::dataplane
