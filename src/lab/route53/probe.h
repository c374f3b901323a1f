#pragma once

#include <string>

#include "adapters/net/http_client.h"
#include "adapters/net/task.h"
#include "base/time.h"
#include "lab/route53/model.h"

namespace farshore::lab::route53 {

struct Probe {
    CheckConfig config;
    std::string address;  // of the target; never empty
    std::string source_address;
    Duration connect_timeout{};
    Duration response_timeout{};
    Duration tcp_timeout{};
};

struct ProbeOutcome {
    bool success = false;
    std::string text;  // "Success: HTTP Status Code 200, OK"
};

// One call of one checker, over a fresh connection. `client` calls from the same source address.
[[nodiscard]] net::Task<ProbeOutcome> probe_http(net::HttpClient& client, Probe probe);
[[nodiscard]] net::Task<ProbeOutcome> probe_tcp(net::Io& io, Probe probe);

// "http://127.0.0.1:80/healthz".
[[nodiscard]] std::string url_of(const CheckConfig& config, const std::string& address);

}  // namespace farshore::lab::route53
