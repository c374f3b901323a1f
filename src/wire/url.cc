#include "wire/url.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <vector>

#include "base/text.h"

namespace farshore::wire {

namespace {

constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kHostBytesMax = 253;  // RFC 1035
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::string_view kLikeThis = "write it like https://host.example:8640/path";
constexpr std::string_view kAddressLikeThis = "write it like 127.0.0.1:8642 or [::1]:8642";

std::unexpected<Error> wrong(std::string what, std::string_view remedy = kLikeThis) {
    return fail(ErrorKind::malformed, std::move(what), std::string{remedy});
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

template <int Family, std::size_t Bytes>
bool is_of_family(std::string_view text) {
    std::array<unsigned char, Bytes> bytes{};
    return !text.contains('\0') &&
           ::inet_pton(Family, std::string{text}.c_str(), bytes.data()) == 1;
}

bool is_ipv4(std::string_view text) {
    return is_of_family<AF_INET, 4>(text);
}

bool is_ipv6(std::string_view text) {
    return is_of_family<AF_INET6, 16>(text);
}

std::optional<std::uint16_t> port_from(std::string_view text) {
    std::uint16_t port = 0;
    const bool leading_zero = text.size() > 1 && text.front() == '0';
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || leading_zero || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return port;
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
           label.back() != '-' && std::ranges::all_of(label, [](char c) {
               return is_alphanumeric(c) || c == '-' || c == '_';
           });
}

struct HostPort {
    std::string host;
    std::optional<std::uint16_t> port;
};

// "host", "host:port", "[::1]", "[::1]:port".
Result<HostPort> host_port_from(std::string_view text, std::string_view remedy) {
    const bool in_brackets = text.starts_with('[');
    const std::size_t close = in_brackets ? text.find(']') : text.find(':');
    if (in_brackets && close == std::string_view::npos) {
        return wrong("a `[` without its `]`", remedy);
    }
    HostPort out;
    out.host = in_brackets ? text.substr(1, close - 1) : text.substr(0, close);
    std::string_view rest = close == std::string_view::npos
                                ? std::string_view{}
                                : text.substr(close + (in_brackets ? 1 : 0));
    if (in_brackets && !is_ipv6(out.host)) {
        return wrong("`[" + out.host + "]` is not an IPv6 address", remedy);
    }
    if (!rest.empty()) {
        const std::string_view port = rest.substr(1);
        if (is_ipv6(text)) {
            return wrong("an IPv6 address stands in brackets: [" + std::string{text} + "]", remedy);
        }
        out.port = rest.front() == ':' ? port_from(port) : std::nullopt;
        if (!out.port) {
            return wrong("`" + std::string{port} + "` is not a port from 1 to 65535", remedy);
        }
    }
    return out;
}

// RFC 3986, pchar and '/'.
bool is_path_character(char c) {
    return is_alphanumeric(c) || std::string_view{"-._~!$&'()*+,;=:@/%"}.contains(c);
}

Status check_characters(std::string_view path, std::string_view query) {
    for (const std::string_view part : {path, query}) {
        for (std::size_t i = 0; i < part.size(); ++i) {
            const bool escape = part[i] == '%';
            const bool good_escape = escape && i + 2 < part.size() && is_hex_digit(part[i + 1]) &&
                                     is_hex_digit(part[i + 2]);
            if (!is_path_character(part[i]) && part[i] != '?') {
                return wrong(
                    "a character that must be percent-encoded", "write a blank as %20, for example"
                );
            }
            if (escape && !good_escape) {
                return wrong("a `%` without two hexadecimal digits", "write `%` itself as %25");
            }
        }
    }
    return {};
}

// What is signed is the path without these, and what is sent is the path with them.
Status check_segments(std::string_view path) {
    if (path.contains("//")) {
        return wrong("a path with `//` in it", "write the path that is meant");
    }
    for (const std::string_view sent : split(path, '/')) {
        std::string segment = to_lower(sent);
        for (std::size_t at = segment.find("%2e"); at != std::string::npos;
             at = segment.find("%2e")) {
            segment.replace(at, 3, ".");
        }
        if (segment == "." || segment == "..") {
            return wrong("a path with `.` or `..` in it", "write the path that is meant");
        }
    }
    return {};
}

}  // namespace

bool is_ip_address(std::string_view text) {
    return is_ipv4(text) || is_ipv6(text);
}

// A name whose last label is a number is an address to some programs: "127.1", "0x7f".
bool is_host_name(std::string_view host) {
    const std::vector<std::string_view> labels = split(host, '.');
    const std::string last = to_lower(labels.back());
    return host.size() <= kHostBytesMax && std::ranges::all_of(labels, is_label) &&
           !std::ranges::all_of(last, is_digit) && !last.starts_with("0x");
}

bool is_loopback(std::string_view address) {
    return (is_ipv4(address) && address.starts_with("127.")) || address == "::1";
}

std::string bracketed(std::string_view host) {
    return host.contains(':') ? "[" + std::string{host} + "]" : std::string{host};
}

std::string AddressPort::text() const {
    return bracketed(address) + ":" + std::to_string(port);
}

std::string Url::authority() const {
    const bool usual = port == (tls ? 443 : 80);
    return bracketed(host) + (usual ? "" : ":" + std::to_string(port));
}

std::string Url::origin() const {
    return (tls ? "https://" : "http://") + authority();
}

std::string Url::text() const {
    return origin() + path + (query.empty() ? "" : "?" + query);
}

Result<Url> parse_url(std::string_view text) {
    Url url;
    url.tls = text.starts_with("https://");
    if (!url.tls && !text.starts_with("http://")) {
        return wrong("it does not begin with http:// or https://");
    }
    if (text.size() > kUrlBytesMax) {
        return wrong("longer than " + std::to_string(kUrlBytesMax) + " characters");
    }
    std::string_view rest = text.substr(url.tls ? 8 : 7);
    const std::size_t end = rest.find_first_of("/?#");
    const std::string_view authority = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    if (rest.contains('#')) {
        return wrong("a `#` and what follows it is never sent", "leave it out");
    }
    if (authority.contains('@')) {
        return wrong("a user name or password in it", "leave out what stands before the `@`");
    }
    Result<HostPort> where = host_port_from(authority, kLikeThis);
    if (!where) {
        return std::unexpected(std::move(where.error()));
    }
    if (where->host.empty()) {
        return wrong("it names no host");
    }
    if (!is_ip_address(where->host) && !is_host_name(where->host)) {
        return wrong(
            "`" + where->host + "` is neither a host's name nor an IP address",
            "a name has letters, digits, `-` and `_`, in parts that dots separate"
        );
    }
    if (where->port == 0) {
        return wrong("`0` is not a port from 1 to 65535");
    }
    url.host = to_lower(where->host);
    url.port = where->port.value_or(url.tls ? 443 : 80);
    const std::size_t mark = rest.find('?');
    url.path = rest.substr(0, mark);
    url.query = mark == std::string_view::npos ? std::string_view{} : rest.substr(mark + 1);
    if (Status good = check_characters(url.path, url.query); !good) {
        return std::unexpected(std::move(good.error()));
    }
    return url;
}

Result<Url> parse_endpoint(std::string_view text) {
    Result<Url> url = parse_url(text);
    if (!url) {
        return url;
    }
    if (text.contains('?')) {
        return wrong(
            "a query in an address that paths are appended to", "leave out the `?` and what follows"
        );
    }
    if (Status good = check_segments(url->path); !good) {
        return std::unexpected(std::move(good.error()));
    }
    if (url->path.ends_with('/')) {
        url->path.pop_back();
    }
    return url;
}

Result<AddressPort> parse_address_port(std::string_view text) {
    Result<HostPort> where = host_port_from(text, kAddressLikeThis);
    if (!where) {
        return std::unexpected(std::move(where.error()));
    }
    if (!is_ip_address(where->host)) {
        return wrong("`" + where->host + "` is not an IP address", kAddressLikeThis);
    }
    if (!where->port) {
        return wrong("no port", kAddressLikeThis);
    }
    return AddressPort{.address = std::move(where->host), .port = *where->port};
}

}  // namespace farshore::wire
