#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/net/task.h"
#include "base/enum_names.h"
#include "base/result.h"
#include "ports/clock.h"
#include "wire/url.h"

namespace farshore::lab {

// How long a client believes a DNS answer.
enum class DnsHabit {
    honest,   // for the answer's TTL
    libcurl,  // 60 s whatever the TTL
    jvm,      // for ever, as a JVM with a security manager does
};
inline constexpr std::array<std::string_view, 3> kDnsHabitNames{"honest", "libcurl", "jvm"};

constexpr const auto& names_of(DnsHabit) {
    return kDnsHabitNames;
}

// Virtual shoppers: an open-loop load on the shop's DNS name. A request starts at its intended time
// whether or not earlier ones were answered, and each is logged with it, so that RTO is what
// shoppers saw. Each shopper has a cart; each line added has an id of its own, so that lost and
// doubled writes can be counted exactly.
class Shoppers {
  public:
    struct Options {
        int rate = 100;  // requests per second
        int shoppers = 500;
        int caches = 8;  // resolvers: shoppers share these, with different phases
        DnsHabit habit = DnsHabit::honest;
        std::string name = "magento.example.com";
        std::uint16_t port = 80;
        wire::AddressPort dns;
        std::string source_address;
        std::string log_file;  // wire/client_log.h, one line per request
        // A log that has grown so long becomes `log_file`.1, and a new one begins. 0: never.
        std::uint64_t log_bytes_max = 0;
        std::string prefix =
            "s";  // of shoppers' names and write ids: several populations can share a table
        std::uint64_t seed = 1;
        Duration request_timeout = std::chrono::seconds{3};
    };

    struct Counts {
        std::uint64_t started = 0;
        std::uint64_t ok = 0;
        std::uint64_t failed = 0;
        std::uint64_t writes_acknowledged = 0;
    };

    // Errors: denied (the log file cannot be written).
    [[nodiscard]] static Result<std::unique_ptr<Shoppers>> create(
        net::Io& io, Options options, const ports::Clock& clock
    );
    virtual ~Shoppers() = default;

    // `on_broken_log`: called once when a line could not be written. The load ends there: requests
    // that are not in the log cannot be judged.
    virtual void start(std::function<void(Error)> on_broken_log) = 0;
    // No new requests; waits for those under way (bounded by their timeout).
    virtual net::Task<> stop() = 0;
    [[nodiscard]] virtual Counts counts() const = 0;
};

}  // namespace farshore::lab
