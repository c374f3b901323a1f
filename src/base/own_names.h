#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farshore {

// The names by which a listener's own clients call it. A browser that was made to believe that
// evil.example has the address 127.0.0.1 ("DNS rebinding") still says evil.example in its Host
// header, and so a listener without another lock asks for one of its own names. Pure.
class OwnNames {
  public:
    // `address` is the IP address that the listener has, without brackets. Its names are that
    // address and, on a loopback address or on every address, "localhost". A listener on every
    // address takes every IP address: no page can borrow one, as only names are resolved.
    OwnNames(std::string_view address, std::uint16_t port);

    // "name", which then counts with every port, or "name:port"; IPv6 addresses in brackets. False:
    // it has neither form, and is not added.
    bool add(std::string_view name);

    // Is this value of a Host header one of them? Without a port, any of them that has the name.
    [[nodiscard]] bool has(std::string_view host) const;

    // "127.0.0.1:8642, localhost:8642", for error texts.
    [[nodiscard]] std::string text() const;

    // Can it be added?
    [[nodiscard]] static bool is_one(std::string_view name) { return parse(name).has_value(); }

  private:
    struct Name {
        std::string host;                   // lower case; IP addresses in their canonical form
        std::optional<std::uint16_t> port;  // nullopt: any
        std::string text;                   // as it is usually sent
    };

    static std::optional<Name> parse(std::string_view text);

    std::vector<Name> names_;
    std::uint16_t port_;
    bool every_address_ = false;
};

// Does a browser send a header of this name by itself? No SDK and no command does, and a page
// cannot keep its browser from it: a page that has found a listener must not use it. Ignoring case.
[[nodiscard]] bool is_of_a_browser(std::string_view header);

}  // namespace farshore
