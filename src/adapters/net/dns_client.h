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

namespace farshore::net {

struct DnsAnswer {
    std::vector<std::string> addresses;  // IPv4 literals, never empty
    Duration ttl{};                      // the smallest of the chain
};

inline constexpr std::string_view kNameMissing = "NXDOMAIN";
inline constexpr std::string_view kNoAddress = "NODATA";

// A name server said that there is no address. Nobody's trouble or silence is that.
[[nodiscard]] bool says_there_is_no_address(const Error& error);

// Asks one configured DNS server (UDP, TCP when truncated). Caches nothing by itself: whoever wants
// an honest cache, or a dishonest one, keeps DnsAnswers.
//
// Errors: not_found (NXDOMAIN), unavailable (the name has no address: code kNoAddress; or SERVFAIL,
// refused, nobody there: no code, and nothing is said about the name), timed_out.
class DnsClient {
  public:
    struct Options {
        std::string server_address;
        std::uint16_t server_port = 53;
        std::string source_address;  // empty: the kernel chooses
        Duration timeout = std::chrono::milliseconds{500};
        int attempts_max = 2;
    };

    [[nodiscard]] static std::unique_ptr<DnsClient> create(Io& io, Options options);
    virtual ~DnsClient() = default;

    virtual Task<Result<DnsAnswer>> resolve(std::string name) = 0;
    virtual Task<Result<dns::Message>> ask(std::string name, dns::Type type) = 0;
};

}  // namespace farshore::net
