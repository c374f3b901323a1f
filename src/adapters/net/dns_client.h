#pragma once

#include <cstdint>
#include <memory>
#include <string>
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

// Asks one configured DNS server (UDP, TCP when truncated). Caches nothing by itself: whoever wants
// an honest cache, or a dishonest one, keeps DnsAnswers.
//
// Errors: not_found (NXDOMAIN), unavailable (an empty answer, SERVFAIL, refused: the text tells
// which), timed_out.
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
