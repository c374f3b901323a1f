#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/net/dns_message.h"
#include "adapters/net/task.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/url.h"

namespace farshore::net {

struct DnsAnswer {
    std::vector<std::string> addresses;  // IPv4 literals, never empty
    Duration ttl{};                      // the smallest of the chain
};

inline constexpr std::string_view kNameMissing = "NXDOMAIN";
inline constexpr std::string_view kNoAddress = "NODATA";

// A name server said that there is no address. A server's trouble or silence does not say that.
[[nodiscard]] bool says_there_is_no_address(const Error& error);

// Asks configured DNS servers (UDP, TCP when truncated), the one that answered last first; the next
// one when a server is silent, refuses or is in trouble. A server that does not take EDNS is asked
// without, and not tried again with it for a while. Caches no answer: a caller that wants a cache,
// honest or dishonest, keeps DnsAnswers.
//
// Errors: not_found (NXDOMAIN), unavailable (the name has no address: code kNoAddress; or SERVFAIL,
// refused, no server there: no code, and nothing is said about the name), timed_out.
class DnsClient {
  public:
    struct Options {
        std::vector<wire::AddressPort> servers;             // at least one
        std::string source_address;                         // empty: the kernel chooses
        Duration timeout = std::chrono::milliseconds{500};  // of one attempt at one server
        int attempts_max = 2;                               // at each server
    };

    [[nodiscard]] static std::unique_ptr<DnsClient> create(Io& io, Options options);
    virtual ~DnsClient() = default;

    virtual Task<Result<DnsAnswer>> resolve(std::string name) = 0;
    virtual Task<Result<dns::Message>> ask(std::string name, dns::Type type) = 0;
};

}  // namespace farshore::net
