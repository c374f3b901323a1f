#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "core/lint/lint_weight.h"

// Programs on a host that reach DynamoDB past its agent, or would: a failover does not move them,
// and no fence stops their writes. Pure.
//
// Facts are those of the AWS SDKs and Tools Reference Guide: "Service-specific endpoints",
// "Endpoint discovery", "Account-based endpoints", "AWS Region".
namespace farshore::core {

enum class ClientFault : std::uint8_t {
    past_agent,
    endpoint_ignored,
    other_endpoint,
    endpoint_unset,
    region_pinned,
    discovery_on,
    account_endpoint,
};
inline constexpr std::array<std::string_view, 7> kClientFaultNames{
    "past_agent",
    "endpoint_ignored",
    "other_endpoint",
    "endpoint_unset",
    "region_pinned",
    "discovery_on",
    "account_endpoint",
};

constexpr const auto& names_of(ClientFault) {
    return kClientFaultNames;
}

// What a fault means, whatever the names in it.
struct ClientRow {
    ClientFault fault{};
    LintWeight weight = LintWeight::broken;
    std::string_view explanation;
    std::string_view remedy;
};

// Total: one row for each fault.
[[nodiscard]] const ClientRow& row_of(ClientFault fault);

// A setting of an SDK as a program gets it.
struct ClientSetting {
    std::string value;  // empty: not set
    std::string from;   // "its environment", "/root/.aws/config"
};

struct SeenClient {
    bool calls_aws = false;         // it has some setting of AWS
    ClientSetting endpoint;         // of DynamoDB
    bool endpoint_is_ours = false;  // `endpoint` leads to this host's agent
    bool talks_to_agent = false;    // it has a connection to the agent's endpoint
    ClientSetting ignores_endpoints;
    ClientSetting region;
    ClientSetting discovery;
    ClientSetting account_mode;
    std::vector<std::string> past;  // its connections to DynamoDB: "52.94.5.1:443 (us-east-1)"
};

struct ClientFinding {
    ClientFault fault{};
    std::string text;  // what the program does: "is connected to …"; never a secret
};

// In the order of the faults; none when nothing is known to be wrong.
[[nodiscard]] std::vector<ClientFinding> lint_client(const SeenClient& seen);

}  // namespace farshore::core
