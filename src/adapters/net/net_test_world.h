#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_server.h"
#include "adapters/net/task_group.h"
#include "base/patience.h"

namespace farshore::net::testing {

// A directory of the test's own, gone with it.
class TempDirectory {
  public:
    TempDirectory() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "farshore-net-XXXXXX").string();
        const char* made = mkdtemp(pattern.data());
        path_ = made == nullptr ? std::string{} : std::string{made};
    }

    TempDirectory(const TempDirectory&) = delete;
    TempDirectory& operator=(const TempDirectory&) = delete;

    ~TempDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// What a raw client has seen.
struct RawAnswer {
    std::string bytes;
    bool ended = false;  // by an orderly end of the stream
    bool reset = false;
};

// Runs an io_context on the test's own thread until a condition holds; a deadline bounds each wait.
class World {
  public:
    ~World() {
        tasks.stop();
        run_until([this] { return tasks.idle(); });
    }

    bool run_until(
        const std::function<bool()>& holds,
        std::chrono::milliseconds patience = std::chrono::seconds{10}
    ) {
        const auto end = std::chrono::steady_clock::now() + stretched(patience);
        while (!holds()) {
            if (std::chrono::steady_clock::now() >= end) {
                return false;
            }
            io.restart();
            io.run_one_for(std::chrono::milliseconds{20});
        }
        return true;
    }

    // Everything has happened that needs no time to pass: for claims that something does not
    // happen.
    void exhaust() {
        io.restart();
        io.poll();
    }

    // The coroutine's value; fails the test when it does not come.
    template <class T>
    T wait_for(std::function<Task<T>()> start) {
        auto slot = std::make_shared<std::optional<T>>();
        tasks.spawn("awaited", [start = std::move(start), slot] { return keep(start, slot); });
        EXPECT_TRUE(run_until([&] { return slot->has_value(); })) << "the coroutine did not end";
        return slot->has_value() ? std::move(**slot) : T{};
    }

    std::unique_ptr<HttpServer> serve(
        HttpServer::Handler handler, HttpServer::Options options = {}
    ) {
        auto server = HttpServer::listen(io, std::move(options), std::move(handler));
        EXPECT_TRUE(server.has_value()) << server.error().text;
        return std::move(*server);
    }

    void stop(HttpServer& server) {
        bool stopped = false;
        tasks.spawn("stop", [&] { return stop_one(&server, &stopped); });
        EXPECT_TRUE(run_until([&] { return stopped; }));
    }

    // Sends bytes over a new connection, reads until the other side ends or nothing comes for
    // `quiet`.
    RawAnswer raw(std::uint16_t port, std::string bytes, Duration quiet = std::chrono::seconds{5}) {
        std::function<Task<RawAnswer>()> start = [this, port, bytes, quiet] {
            return exchange(this, port, bytes, quiet);
        };
        return wait_for<RawAnswer>(start);
    }

    Io io{1};
    TaskGroup tasks{io};

  private:
    template <class T>
    static Task<> keep(std::function<Task<T>()> start, std::shared_ptr<std::optional<T>> slot) {
        T value = co_await start();
        slot->emplace(std::move(value));
    }

    static Task<> stop_one(HttpServer* server, bool* stopped) {
        co_await server->stop(std::chrono::milliseconds{50});
        *stopped = true;
    }

    static Task<RawAnswer> exchange(
        World* world, std::uint16_t port, std::string bytes, Duration quiet
    ) {
        RawAnswer answer;
        TcpSocket socket(world->io.get_executor());
        const boost::asio::ip::tcp::endpoint where(
            boost::asio::ip::make_address("127.0.0.1"), port
        );
        auto [connect_error] = co_await socket.async_connect(where, kAwait);
        if (connect_error) {
            answer.bytes = "connect: " + connect_error.message();
            co_return answer;
        }
        auto [write_error, written] =
            co_await boost::asio::async_write(socket, boost::asio::buffer(bytes), kAwait);
        Timer timer(world->io.get_executor());
        std::string piece(4096, '\0');
        while (!write_error) {
            timer.expires_after(quiet);
            timer.async_wait([&socket](const boost::system::error_code& error) {
                if (!error) {
                    boost::system::error_code ignored;
                    socket.cancel(ignored);
                }
            });
            auto [error, count] =
                co_await socket.async_read_some(boost::asio::buffer(piece), kAwait);
            timer.cancel();
            answer.bytes.append(piece, 0, count);
            answer.ended = error == boost::asio::error::eof;
            answer.reset = error == boost::asio::error::connection_reset;
            if (error) {
                break;
            }
        }
        co_return answer;
    }
};

}  // namespace farshore::net::testing
