#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include "adapters/net/task.h"

// Asio's objects on the one executor type of task.h.
namespace farshore::net {

using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock,
    boost::asio::wait_traits<std::chrono::steady_clock>,
    Io::executor_type>;
using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Io::executor_type>;
using TcpAcceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Io::executor_type>;
using UdpSocket = boost::asio::basic_datagram_socket<boost::asio::ip::udp, Io::executor_type>;

// Closes so that the peer sees a reset instead of an orderly end.
inline void cut_socket(TcpSocket& socket) {
    boost::system::error_code ignored;
    socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

// Closes the socket at the deadline unless it is gone before: pending operations then end with
// operation_aborted. The socket must outlive this.
//
// A timer's handler may already be on its way when the timer goes, hence the token it looks at.
template <class Socket>
class ClosesAt {
  public:
    ClosesAt(Socket& socket, Timer::time_point deadline) : timer_(socket.get_executor()) {
        timer_.expires_at(deadline);
        timer_.async_wait(
            [&socket, alive = std::weak_ptr<int>(alive_)](const boost::system::error_code& error) {
                if (!error && !alive.expired()) {
                    boost::system::error_code ignored;
                    socket.close(ignored);
                }
            }
        );
    }

  private:
    Timer timer_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace farshore::net
