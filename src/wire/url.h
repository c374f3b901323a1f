#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// The one reader of URLs and of `address:port`: `farshore validate` accepts exactly what the
// programs can reach. Stricter than RFC 3986, as each thing that is refused here was understood in
// two ways by two programs. Pure.
namespace farshore::wire {

struct AddressPort {
    std::string address;  // an IP address, without brackets
    std::uint16_t port = 0;

    [[nodiscard]] std::string text() const;  // "127.0.0.1:53", "[::1]:53"

    friend bool operator==(const AddressPort&, const AddressPort&) = default;
};

// An http or https URL, taken apart.
struct Url {
    bool tls = false;
    std::string host;        // a name in lower case, or an IP address, without brackets
    std::uint16_t port = 0;  // the scheme's own when the text names none
    std::string path;        // as written, percent-encoded; empty, or begins with '/'
    std::string query;       // as written, what stands behind '?'; empty: none

    // As the Host header has it: "[::1]:4566", and without the port when it is the scheme's own.
    [[nodiscard]] std::string authority() const;
    [[nodiscard]] std::string origin() const;  // "http://[::1]:4566"
    [[nodiscard]] std::string text() const;    // the whole of it

    friend bool operator==(const Url&, const Url&) = default;
};

// Errors: malformed; the text says what is wrong with it, the remedy how to write it.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

// A URL to which paths are appended: without a query, and the slash at its end is taken off.
[[nodiscard]] Result<Url> parse_endpoint(std::string_view text);

// "127.0.0.1:53" or "[::1]:53". Errors: malformed.
[[nodiscard]] Result<AddressPort> parse_address_port(std::string_view text);

// An IPv4 or IPv6 address, without brackets and without a zone.
[[nodiscard]] bool is_ip_address(std::string_view text);
// Parts of letters, digits, `-` and `_` that dots separate, and no IP address.
[[nodiscard]] bool is_host_name(std::string_view text);
// An address of 127.0.0.0/8, or ::1.
[[nodiscard]] bool is_loopback(std::string_view address);

// "127.0.0.1", "[::1]": as an address stands before a port.
[[nodiscard]] std::string bracketed(std::string_view host);

}  // namespace farshore::wire
