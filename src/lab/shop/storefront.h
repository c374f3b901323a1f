#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "adapters/net/http_server.h"
#include "adapters/net/task.h"
#include "base/ids.h"
#include "base/result.h"
#include "ports/clock.h"

#include "sigv4/signer.h"

namespace farshore::lab {

// A shop in miniature, one per host: carts in DynamoDB, reached through the host's agent like any
// application with AWS_ENDPOINT_URL_DYNAMODB set. It retries nothing, so that each failure is seen.
//
//   GET  /healthz                          200 when a read through the agent answers
//   GET  /cart?shopper=S                   the lines of a cart
//   POST /cart/add?shopper=S&write=ID      appends a line; 200 only when DynamoDB acknowledged it
//
// Every answer names the host and its Region in x-farshore-host and x-farshore-region.
class Storefront {
  public:
    struct Options {
        HostId host;
        RegionId region;
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;
        std::string dynamodb_url;  // the agent's endpoint
        std::string table = "MyMagentoSessionsTable";
        std::string source_address;
        sigv4::Credentials credentials;  // what local applications sign with
        Duration dynamodb_timeout = std::chrono::milliseconds{2500};
    };

    [[nodiscard]] static Result<std::unique_ptr<Storefront>> start(
        net::Io& io, Options options, const ports::Clock& clock
    );
    virtual ~Storefront() = default;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    virtual net::Task<> stop() = 0;
};

}  // namespace farshore::lab
