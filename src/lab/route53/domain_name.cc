#include "lab/route53/domain_name.h"

#include <vector>

#include "base/text.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kLabelMax = 63;
constexpr std::size_t kNameMax = 255;

bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool octal(char c) {
    return c >= '0' && c <= '7';
}

void put(std::string& into, char c) {
    if (c >= 'A' && c <= 'Z') {
        c = static_cast<char>(c - 'A' + 'a');
    }
    if (plain(c)) {
        into += c;
        return;
    }
    const auto byte = static_cast<unsigned char>(c);
    into += '\\';
    into += static_cast<char>('0' + (byte >> 6U));
    into += static_cast<char>('0' + ((byte >> 3U) & 7U));
    into += static_cast<char>('0' + (byte & 7U));
}

// One byte of a label; advances `at`. nullopt: a broken escape, or an escaped dot, which the DNS
// codec could not tell from the end of a label.
std::optional<char> next_byte(std::string_view text, std::size_t& at) {
    if (text[at] != '\\') {
        return text[at++];
    }
    if (at + 3 < text.size() && octal(text[at + 1]) && octal(text[at + 2]) && octal(text[at + 3])) {
        const int value =
            (text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0');
        at += 4;
        return value <= 255 && value != '.' ? std::optional{static_cast<char>(value)}
                                            : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> canonical_name(std::string_view text) {
    if (text.ends_with('.')) {
        text.remove_suffix(1);
    }
    if (text.empty() || text.size() > 4 * kNameMax) {
        return std::nullopt;
    }
    std::string name;
    std::size_t label = 0;
    std::size_t total = 1;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '.') {
            if (label == 0) {
                return std::nullopt;
            }
            label = 0;
            ++total;
            name += '.';
            ++at;
            continue;
        }
        const auto byte = next_byte(text, at);
        if (!byte || ++label > kLabelMax || ++total > kNameMax - 1) {
            return std::nullopt;
        }
        put(name, *byte);
    }
    if (label == 0) {
        return std::nullopt;
    }
    return name + ".";
}

std::string to_dns_name(std::string_view canonical) {
    if (canonical.ends_with('.')) {
        canonical.remove_suffix(1);
    }
    std::string name;
    for (std::size_t at = 0; at < canonical.size();) {
        const auto byte = next_byte(canonical, at);
        name += byte.value_or('\\');
        if (!byte) {
            ++at;
        }
    }
    return name;
}

std::string from_dns_name(std::string_view dns_name) {
    std::string name;
    for (const char c : dns_name) {
        if (c == '.') {
            name += c;
        } else {
            put(name, c);
        }
    }
    return name + ".";
}

std::string listing_key(std::string_view canonical) {
    if (canonical.ends_with('.')) {
        canonical.remove_suffix(1);
    }
    const auto labels = split(canonical, '.');
    std::string key;
    for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
        key += *label;
        key += '.';
    }
    return key;
}

bool is_within(std::string_view name, std::string_view zone) {
    if (name == zone) {
        return true;
    }
    return name.size() > zone.size() && name.ends_with(zone) &&
           name[name.size() - zone.size() - 1] == '.';
}

}  // namespace farshore::lab::route53
