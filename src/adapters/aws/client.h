#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "adapters/aws/call_table.h"
#include "adapters/aws/credentials.h"
#include "adapters/net/dns_client.h"
#include "adapters/net/http_client.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/rng.h"
#include "ports/clock.h"
#include "wire/config.h"

#include "aws_model/decode.h"
#include "sigv4/clock_skew.h"
#include "sigv4/signer.h"

namespace farshore::aws {

// What one call may do differently from its row in the call table.
struct CallOptions {
    std::optional<Duration> connect_timeout;
    std::optional<Duration> total_timeout;      // of all attempts together
    std::optional<int> attempts_max;            // 1: the failure is the answer
    std::optional<std::size_t> body_bytes_max;  // of the answer; exhausted above it
    bool fresh_connection = false;              // proves that new connections work
    // The caller's word that a second execution changes nothing, although the row says otherwise
    // (an absolute value under a condition that still holds afterwards).
    bool idempotent = false;
    // An answer with a member that our model does not know is an error, `malformed`: the caller
    // sends back what it reads, and would drop the member. Of services that speak JSON.
    bool whole = false;
};

// One attempt, whose failure is the answer, over any connection that there is within that time.
[[nodiscard]] inline CallOptions once_within(Duration time) {
    return {.connect_timeout = time, .total_timeout = time, .attempts_max = 1};
}

// What is asked of which service where. Members as aws_model says they stand in JSON.
struct AwsCall {
    std::string service;  // "dynamodb"
    std::string name;     // "GetItem"
    RegionId region;      // of a global service any of the partition
    boost::json::object input;
};

struct AwsReply {
    boost::json::object output;
    std::string request_id;
    Duration took{};  // of the last attempt
    bool reused_connection = false;
    int attempts = 1;
};

// The DNS client that the configuration asks for; null: the system's resolver.
[[nodiscard]] std::unique_ptr<net::DnsClient> resolver_of(
    net::Io& io, const config::AwsAccess& access
);

// Status and code to our kind and effect. A 4xx that the service understood has no effect; a 5xx
// may have one, except where the code says that nothing was done.
[[nodiscard]] Error to_error(int status, const aws_model::Refusal& said);
// What this body of an answer that is not 2xx says, for requests that this client does not send.
[[nodiscard]] Error refusal_of(std::string_view service, int status, std::string_view body);

// One signed request at a time through retries, deadlines and skew correction; endpoints and keys
// from the configuration. Single-threaded: used on the io_context's thread only. Must outlive its
// calls.
//
// Errors carry AWS's code and request id. `timed_out` and `unavailable` say by their effect whether
// the request may have been executed; such a request is repeated only when its row or the caller
// says that this is harmless.
class AwsClient {
  public:
    struct Options {
        config::AwsAccess access;
        std::optional<sigv4::Credentials> fixed_credentials;
        CredentialsProvider* credentials = nullptr;  // shared, outlives us; null: one of our own
        std::uint64_t seed = 1;                      // of the jitter
        Duration connect_timeout = std::chrono::seconds{1};
        Environment environment = &process_environment;
    };

    // Makes its own HTTP client and, when access.resolvers are set, its own DNS client.
    [[nodiscard]] static std::unique_ptr<AwsClient> create(
        net::Io& io, const ports::Clock& clock, Options options
    );

    // `http` must outlive us.
    AwsClient(net::Io& io, const ports::Clock& clock, net::HttpClient& http, Options options);
    ~AwsClient();
    AwsClient(const AwsClient&) = delete;
    AwsClient& operator=(const AwsClient&) = delete;

    // Errors beside those above: `malformed`, and nothing is sent, for members that the service's
    // model does not have. Asserts that the call table has the call.
    [[nodiscard]] net::Task<Result<AwsReply>> call(AwsCall asked, CallOptions options);

    // The URL that `call` uses, as wire::parse_endpoint gives it.
    [[nodiscard]] std::string endpoint(std::string_view service, const RegionId& region) const;

    // Waits between half of `ceiling` and all of it; false when cancelled. For callers that poll.
    [[nodiscard]] net::Task<bool> pause(Duration ceiling);

    [[nodiscard]] const ports::Clock& clock() const;

    // Wall time of AWS minus ours, as learned from answers that refused our date.
    [[nodiscard]] Duration clock_skew() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace farshore::aws
