#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "adapters/net/asio_types.h"
#include "adapters/net/listening.h"
#include "adapters/net/task.h"
#include "adapters/net/task_group.h"

namespace farshore::net {

// A listening port and the connections that came in through it, each served by its own task: what a
// server and a relay have in common. `Connection` has cut(). Kept alive by its own coroutines as
// well as by its owner. Single-threaded, on the io_context's thread.
template <class Connection>
class Listener final : public std::enable_shared_from_this<Listener<Connection>> {
  public:
    struct Options {
        std::string name;  // of the tasks
        std::size_t connections_max = 0;
    };

    struct Upcalls {
        std::function<
            std::shared_ptr<Connection>(TcpSocket, const boost::asio::ip::tcp::endpoint& peer)>
            make;
        std::function<Task<>(std::shared_ptr<Connection>)> serve;
    };

    Listener(Io& io, Options options, Upcalls upcalls)
        : io_(io),
          options_(std::move(options)),
          upcalls_(std::move(upcalls)),
          tasks_(io),
          drained_(io.get_executor()) {
        drained_.expires_at(Timer::time_point::max());
    }

    // Where to listen; port 0: whichever is free, and the same one from then on. Errors: as
    // listen_on().
    Status open(const boost::asio::ip::tcp::endpoint& where) {
        where_ = where;
        return open();
    }

    Status open() {
        if (acceptor_) {
            return {};
        }
        const Result<std::shared_ptr<TcpAcceptor>> listening = listen_on(io_, where_);
        if (!listening) {
            return std::unexpected(listening.error());
        }
        acceptor_ = *listening;
        where_.port(acceptor_->local_endpoint().port());
        tasks_.spawn(
            options_.name + " accept",
            [self = this->shared_from_this(), acceptor = acceptor_] {
                return accept_all(self, acceptor);
            }
        );
        return {};
    }

    void close() {
        if (acceptor_) {
            boost::system::error_code ignored;
            acceptor_->close(ignored);
            acceptor_.reset();
        }
    }

    // Goes over a copy of the list, because a connection may leave the list when it is visited.
    void for_each(const std::function<void(Connection&)>& visit) const {
        const std::map<std::uint64_t, Entry> all = entries_;
        for (const auto& [number, entry] : all) {
            visit(*entry.connection);
        }
    }

    void cut_all() {
        const std::map<std::uint64_t, Entry> all = entries_;
        for (const auto& [number, entry] : all) {
            entry.connection->cut();
            tasks_.cancel(entry.task);
        }
    }

    // Waits until no connection is left, at most for `patience`.
    Task<> wait_until_drained(Duration patience) {
        const auto keep = this->shared_from_this();
        if (!entries_.empty()) {
            drained_.expires_after(patience);
            auto [woken] = co_await drained_.async_wait(kAwait);
            static_cast<void>(woken);
        }
    }

    [[nodiscard]] std::uint16_t port() const { return where_.port(); }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    using Self = std::shared_ptr<Listener>;

    struct Entry {
        std::shared_ptr<Connection> connection;
        TaskGroup::TaskId task = 0;
    };

    // Leaves the list when the coroutine's frame goes, however that happens.
    class Listed {
      public:
        Listed(Self listener, std::uint64_t number)
            : listener_(std::move(listener)), number_(number) {}

        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;

        ~Listed() {
            listener_->entries_.erase(number_);
            if (listener_->entries_.empty()) {
                listener_->drained_.cancel();
            }
        }

      private:
        Self listener_;
        std::uint64_t number_;
    };

    static Task<> accept_all(Self self, std::shared_ptr<TcpAcceptor> acceptor) {
        // Out of descriptors: the connection stays in the kernel's queue, so a short pause
        // suffices.
        constexpr Duration kPause = std::chrono::milliseconds{50};
        boost::system::error_code ignored;
        acceptor->non_blocking(true, ignored);
        while (acceptor->is_open()) {
            auto [error] = co_await acceptor->async_wait(TcpAcceptor::wait_read, kAwait);
            const bool goes_on = !error && self->accept_waiting(*acceptor);
            if (!goes_on && acceptor->is_open()) {
                const bool slept = co_await sleep_for(self->io_, kPause);
                if (!slept) {
                    co_return;
                }
            }
        }
    }

    // Those that wait in the kernel's queue: when many clients come at once, and each turn of the
    // loop took one, the queue would be full, and the kernel would let the others wait a second or
    // more. False: no connection can be taken now.
    bool accept_waiting(TcpAcceptor& acceptor) {
        // Then those that are there have their turn.
        constexpr int kAtOnce = 256;
        for (int i = 0; i < kAtOnce && acceptor.is_open(); ++i) {
            TcpSocket socket(io_.get_executor());
            boost::asio::ip::tcp::endpoint peer;
            boost::system::error_code error;
            acceptor.accept(socket, peer, error);
            if (error) {
                return error == boost::asio::error::would_block;
            }
            welcome(std::move(socket), peer);
        }
        return true;
    }

    static Task<> serve(Self self, std::uint64_t number, std::shared_ptr<Connection> connection) {
        const Listed listed(self, number);
        co_await self->upcalls_.serve(connection);
    }

    void welcome(TcpSocket socket, const boost::asio::ip::tcp::endpoint& peer) {
        if (entries_.size() >= options_.connections_max) {
            cut_socket(socket);
            return;
        }
        boost::system::error_code ignored;
        socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
        const std::shared_ptr<Connection> connection = upcalls_.make(std::move(socket), peer);
        const std::uint64_t number = ++last_number_;
        entries_.emplace(number, Entry{.connection = connection, .task = 0});
        const TaskGroup::TaskId task = tasks_.spawn(
            options_.name + " connection",
            [self = this->shared_from_this(), number, connection] {
                return serve(self, number, connection);
            }
        );
        const auto entry = entries_.find(number);
        if (entry != entries_.end()) {
            entry->second.task = task;
        }
    }

    Io& io_;
    Options options_;
    Upcalls upcalls_;
    boost::asio::ip::tcp::endpoint where_;
    std::shared_ptr<TcpAcceptor> acceptor_;
    std::map<std::uint64_t, Entry> entries_;
    std::uint64_t last_number_ = 0;
    TaskGroup tasks_;
    Timer drained_;
};

}  // namespace farshore::net
