#include "base/own_names.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

#include "base/text.h"

namespace farshore {

namespace {

// The one spelling of an IP address; nullopt: it is none.
std::optional<std::string> canonical(std::string_view text, int family) {
    std::array<unsigned char, 16> bytes{};
    std::array<char, INET6_ADDRSTRLEN> spelled{};
    if (::inet_pton(family, std::string{text}.c_str(), bytes.data()) != 1 ||
        ::inet_ntop(family, bytes.data(), spelled.data(), spelled.size()) == nullptr) {
        return std::nullopt;
    }
    return std::string{spelled.data()};
}

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
}

bool is_address(std::string_view host) {
    return host.contains(':') || canonical(host, AF_INET).has_value();
}

std::string with_port(std::string_view host, std::optional<std::uint16_t> port) {
    const std::string text = host.contains(':') ? "[" + std::string{host} + "]" : std::string{host};
    return port ? text + ":" + std::to_string(*port) : text;
}

}  // namespace

std::optional<OwnNames::Name> OwnNames::parse(std::string_view text) {
    Name name;
    std::string_view rest;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        const auto address = end == std::string_view::npos
                                 ? std::nullopt
                                 : canonical(text.substr(1, end - 1), AF_INET6);
        if (!address) {
            return std::nullopt;
        }
        name.host = *address;
        rest = text.substr(end + 1);
    } else {
        const std::size_t colon = text.find(':');
        name.host = to_lower(text.substr(0, colon));
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
        if (!is_name(name.host)) {
            return std::nullopt;
        }
    }
    if (!rest.empty()) {
        std::uint16_t port = 0;
        const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), port);
        if (rest.front() != ':' || error != std::errc{} || end != rest.data() + rest.size() ||
            rest[1] == '0') {
            return std::nullopt;
        }
        name.port = port;
    }
    name.text = with_port(name.host, name.port);
    return name;
}

OwnNames::OwnNames(std::string_view address, std::uint16_t port) : port_(port) {
    every_address_ = address == "0.0.0.0" || address == "::";
    if (every_address_) {
        add(with_port("127.0.0.1", port));
    }
    if (address == "::") {
        add(with_port("::1", port));
    }
    if (!every_address_) {
        add(with_port(canonical(address, AF_INET6).value_or(std::string{address}), port));
    }
    if (every_address_ || address.starts_with("127.") || address == "::1") {
        add(with_port("localhost", port));
    }
}

bool OwnNames::add(std::string_view name) {
    std::optional<Name> parsed = parse(name);
    if (parsed) {
        names_.push_back(std::move(*parsed));
    }
    return parsed.has_value();
}

bool OwnNames::has(std::string_view host) const {
    // As nearly every client writes it.
    if (std::ranges::any_of(names_, [host](const Name& own) { return own.text == host; })) {
        return true;
    }
    const std::optional<Name> asked = parse(host);
    if (!asked) {
        return false;
    }
    const auto same_port = [&asked](std::optional<std::uint16_t> own) {
        return !own || !asked->port || *own == *asked->port;
    };
    return (every_address_ && is_address(asked->host) && same_port(port_)) ||
           std::ranges::any_of(names_, [&](const Name& own) {
               return own.host == asked->host && same_port(own.port);
           });
}

std::string OwnNames::text() const {
    std::vector<std::string_view> texts;
    for (const Name& name : names_) {
        texts.push_back(name.text);
    }
    return joined(texts);
}

bool is_of_a_browser(std::string_view header) {
    constexpr std::string_view kFetch = "sec-fetch-";
    return equals_ignoring_case(header, "origin") ||
           (header.size() > kFetch.size() &&
            equals_ignoring_case(header.substr(0, kFetch.size()), kFetch));
}

}  // namespace farshore
