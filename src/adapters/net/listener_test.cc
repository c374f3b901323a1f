#include "adapters/net/listener.h"

#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "adapters/net/net_test_world.h"

namespace farshore::net {
namespace {

using boost::asio::ip::tcp;

// Keeps its socket, and waits for nothing.
class Kept {
  public:
    explicit Kept(TcpSocket socket) : socket_(std::move(socket)) {}

    void cut() { cut_socket(socket_); }

    // Until the client has gone.
    Task<> serve() {
        auto [error] = co_await socket_.async_wait(TcpSocket::wait_read, kAwait);
        static_cast<void>(error);
    }

  private:
    TcpSocket socket_;
};

// When many clients come at once, none of them waits for a turn of the loop of its own.
TEST(Listener, TakesAllThatWaitAtOnce) {
    constexpr std::size_t kClients = 20;
    testing::World world;
    const auto listener = std::make_shared<Listener<Kept>>(
        world.io,
        Listener<Kept>::Options{.name = "test", .connections_max = kClients},
        Listener<Kept>::Upcalls{
            .make = [](TcpSocket socket,
                       const tcp::endpoint&) { return std::make_shared<Kept>(std::move(socket)); },
            .serve =
                [](std::shared_ptr<Kept> kept) {
                    return kept->serve();
                }
        }
    );
    const tcp::endpoint local(boost::asio::ip::address_v4::loopback(), 0);
    ASSERT_TRUE(listener->open(local));
    const tcp::endpoint there(local.address(), listener->port());
    std::vector<TcpSocket> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        clients.emplace_back(world.io.get_executor());
        clients.back().connect(there);  // the kernel has it; the listener has not been asked yet
    }
    ASSERT_TRUE(world.run_until([&] { return listener->size() > 0; }));
    EXPECT_EQ(listener->size(), kClients);
    clients.clear();
    listener->close();
    EXPECT_TRUE(world.run_until([&] { return listener->size() == 0; }));
}

}  // namespace
}  // namespace farshore::net
