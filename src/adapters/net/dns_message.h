#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

// DNS messages as values (RFC 1035, EDNS of RFC 6891): what probes, shoppers and the lab's server
// need, no more. Pure and fuzzed: any bytes either decode or give an error, in bounded time.
namespace farshore::net::dns {

enum class Type : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    txt = 16,
    aaaa = 28,
    opt = 41,
    any = 255
};
// With the eight bits that EDNS puts before the four of the header (RFC 6891).
enum class Rcode : std::uint16_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3,
    not_implemented = 4,
    refused = 5
};

struct Question {
    std::string name;  // lower case, no trailing dot: "magento.example.com"
    std::uint16_t type = 0;
    std::uint16_t klass = 1;
};

struct Soa {
    std::string mname;
    std::string rname;
    std::uint32_t serial = 1, refresh = 7200, retry = 900, expire = 1209600, minimum = 60;

    friend bool operator==(const Soa&, const Soa&) = default;
};

using Rdata = std::variant<
    std::array<std::uint8_t, 4>,   // A
    std::array<std::uint8_t, 16>,  // AAAA
    std::string,                   // CNAME, NS: a name
    std::vector<std::string>,      // TXT
    Soa,                           // SOA
    std::vector<std::uint8_t>>;    // anything else, as received

struct Record {
    std::string name;
    std::uint16_t type = 0;
    std::uint32_t ttl = 0;  // seconds
    Rdata data;
};

struct Message {
    std::uint16_t id = 0;
    bool response = false;
    bool authoritative = false;
    bool truncated = false;
    bool recursion_desired = false;
    bool recursion_available = false;
    std::uint8_t opcode = 0;
    Rcode rcode = Rcode::no_error;
    std::vector<Question> questions;
    std::vector<Record> answers;
    std::vector<Record> authorities;
    std::optional<std::uint16_t> edns_udp_size;
};

// With name compression. When the message is longer than `bytes_max` it is cut to its question with
// TC set.
[[nodiscard]] std::vector<std::uint8_t> encode(
    const Message& message, std::size_t bytes_max = 65535
);
[[nodiscard]] Result<Message> decode(std::span<const std::uint8_t> bytes);

// "127.0.1.5" and back.
[[nodiscard]] std::string to_address(const std::array<std::uint8_t, 4>& a);
[[nodiscard]] std::optional<std::array<std::uint8_t, 4>> a_from(std::string_view address);

}  // namespace farshore::net::dns
