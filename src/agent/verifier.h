#pragma once

#include <memory>
#include <string>

#include "adapters/aws/dynamodb.h"
#include "agent/app_gate.h"

namespace farshore::agent {

// Proves that this host serves, by doing what its applications do: real requests through its own
// endpoint. Control thread only.
class Verifier {
  public:
    // `own`: an AWS client whose DynamoDB is this agent's endpoint, whatever the Region.
    Verifier(
        const ports::Clock& clock,
        aws::AwsClient& own,
        AppGate& gate,
        HostId host,
        std::uint64_t seed
    );

    // Writes and reads back one item of the heartbeat table that belongs to this host alone. Waits
    // for the permission to write, if it comes in time. The time that write and reading took.
    // Errors: denied (no permission to write), conflict (another value was read), and the client's.
    net::Task<Result<Duration>> prove_write(Duration patience);

    // A read as applications do it; `fresh`: over a new connection to the endpoint.
    net::Task<Result<Duration>> prove_read(TableName table, bool fresh, Duration patience);

  private:
    const ports::Clock* clock_;
    aws::DynamoDb own_;
    AppGate* gate_;
    HostId host_;
    Rng rng_;
};

// A key that reading does not find, of the shape that the table's key has; only tables whose key is
// one string named "id" can be asked so.
[[nodiscard]] aws::Item key_of_host(const HostId& host, std::string_view purpose);

}  // namespace farshore::agent
