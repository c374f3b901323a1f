#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/net/http_client.h"
#include "base/result.h"
#include "base/time.h"
#include "cli/live_checks.h"
#include "wire/config.h"

// Whether each Region's stack answers as it would have to after a failover, and how long the
// certificates are valid on the way to it.
namespace farshore::cli {

// A certificate that ends sooner is told: time to renew it by hand, if nothing renews it by itself.
inline constexpr Duration kCertificateNotice = std::chrono::hours{24 * 30};

// Asks each Region's `health`, and the certificates of `agents` and of the controller, from where
// the command runs. Nothing is asked of the Region `without`. Blocking, for seconds at most.
[[nodiscard]] std::vector<LiveCheck> stack_checks(
    const config::Config& config, const RegionId& without
);

struct AskedUrl {
    std::string what;  // "stack in us-east-1"
    std::string url;
    bool must_serve = true;  // false: only its certificate is looked at
};

// What an answer says. Pure.
[[nodiscard]] LiveCheck stack_check(
    const AskedUrl& asked, const Result<net::HttpReply>& reply, UtcTime now
);

}  // namespace farshore::cli
