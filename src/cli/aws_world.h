#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "adapters/aws/client.h"
#include "adapters/net/asio_types.h"
#include "adapters/system/system_clock.h"
#include "wire/config.h"

namespace farshore::cli {

// AWS as a configuration reaches it, for a command: one coroutine at a time, which it waits for.
class AwsWorld {
  public:
    explicit AwsWorld(const config::Config& config) {
        aws::AwsClient::Options options;
        options.access = config.aws;
        client_ = aws::AwsClient::create(io_, clock_, std::move(options));
    }

    [[nodiscard]] net::Io& io() { return io_; }

    [[nodiscard]] aws::AwsClient& client() { return *client_; }

    template <class Value>
    Value run(net::Task<Value> task) {
        std::optional<Value> out;
        boost::asio::co_spawn(
            io_,
            std::move(task),
            [&out](const std::exception_ptr& failure, Value value) {
                if (failure) {
                    std::rethrow_exception(failure);
                }
                out = std::move(value);
            }
        );
        while (!out) {
            io_.restart();
            io_.run_one();
        }
        return *std::move(out);
    }

  private:
    net::Io io_{1};
    system::SystemClock clock_;
    std::unique_ptr<aws::AwsClient> client_;
};

}  // namespace farshore::cli
