#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/aws/call_table.h"
#include "adapters/aws/credentials.h"
#include "adapters/net/dns_client.h"
#include "adapters/net/http_client.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/rng.h"
#include "ports/clock.h"
#include "wire/config.h"

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
};

// A request before it has an endpoint, a date and a signature.
struct AwsRequest {
    const CallRow* row = nullptr;
    RegionId region;  // for global services the signing Region
    std::string method = "POST";
    std::string path = "/";  // percent-encoded
    std::string query;       // percent-encoded, in any order
    std::string body;
    std::string content_type;
};

struct AwsReply {
    int status = 0;
    std::string body;
    std::string request_id;
    Duration took{};  // of the last attempt
    bool reused_connection = false;
    int attempts = 1;
};

// The URL of a service in a Region without overrides: partitions aws, aws-cn and aws-us-gov.
[[nodiscard]] std::string default_endpoint(Service service, const RegionId& region);

// Where a global service is signed: us-east-1, cn-northwest-1 or us-gov-west-1.
[[nodiscard]] RegionId signing_region(Service service, const RegionId& region);

// The DNS client that the configuration asks for; null: the system's resolver.
[[nodiscard]] std::unique_ptr<net::DnsClient> resolver_of(
    net::Io& io, const config::AwsAccess& access
);

// What an AWS error answer says, whatever its protocol.
struct ServiceError {
    std::string code;  // "ConditionalCheckFailedException", without namespace
    std::string message;
    std::string body_extra;  // JSON errors: the whole body, for cancellation reasons and old items
};

[[nodiscard]] ServiceError parse_json_error(std::string_view body);
[[nodiscard]] ServiceError parse_xml_error(std::string_view body);

// Status and code to our kind and effect. A 4xx that the service understood has no effect; a 5xx
// may have one, except where the code says that nothing was done.
[[nodiscard]] Error to_error(int status, const ServiceError& error);

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

    [[nodiscard]] net::Task<Result<AwsReply>> call(AwsRequest request, CallOptions options);

    // The URL that `call` uses, as wire::parse_endpoint gives it.
    [[nodiscard]] std::string endpoint(Service service, const RegionId& region) const;

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
