#include "sigv4/canonical.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/text.h"

namespace farshore::sigv4 {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void append_encoded(std::string& out, char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += kHexDigits[byte >> 4U];
    out += kHexDigits[byte & 15U];
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Decodes what is encoded and encodes again, so that "%7e", "~" and "%7E" are one. A '%' that
// starts no escape is taken as itself.
std::string normalised_component(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%' && i + 2 < text.size()) {
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high >= 0 && low >= 0) {
                c = static_cast<char>(high * 16 + low);
                i += 2;
            }
        }
        if (is_unreserved(c)) {
            out += c;
        } else {
            append_encoded(out, c);
        }
    }
    return out;
}

std::string without_dot_segments(std::string_view path) {
    std::vector<std::string_view> kept;
    std::string_view last;
    for (const std::string_view segment : split(path, '/')) {
        last = segment;
        if (segment.empty() || segment == ".") {
            continue;
        }
        if (segment == "..") {
            if (!kept.empty()) {
                kept.pop_back();
            }
            continue;
        }
        kept.push_back(segment);
    }
    std::string out;
    out.reserve(path.size());
    for (const std::string_view segment : kept) {
        out += '/';
        out += segment;
    }
    const bool ends_with_slash = last.empty() || last == "." || last == "..";
    if (kept.empty() || ends_with_slash) {
        out += '/';
    }
    return out;
}

void append_folded(std::string& out, std::string_view value) {
    bool blank_pending = false;
    const std::size_t start = out.size();
    for (const char c : value) {
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            blank_pending = true;
            continue;
        }
        if (blank_pending && out.size() > start) {
            out += ' ';
        }
        blank_pending = false;
        out += c;
    }
}

}  // namespace

std::string canonical_path(std::string_view path, bool double_encode) {
    if (path.empty() || path == "/") {
        return "/";
    }
    const std::string normalised = double_encode ? without_dot_segments(path) : std::string{path};
    std::string out;
    out.reserve(normalised.size());
    for (const char c : normalised) {
        if (is_unreserved(c) || c == '/' || (c == '%' && !double_encode)) {
            out += c;
        } else {
            append_encoded(out, c);
        }
    }
    return out;
}

std::string canonical_query(std::string_view query) {
    if (query.empty()) {
        return {};
    }
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const std::string_view parameter : split(query, '&')) {
        if (parameter.empty()) {
            continue;
        }
        const std::size_t equals = parameter.find('=');
        const std::string_view name = parameter.substr(0, equals);
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : parameter.substr(equals + 1);
        parameters.emplace_back(normalised_component(name), normalised_component(value));
    }
    std::ranges::sort(parameters);
    std::string out;
    out.reserve(query.size() + parameters.size());
    for (const auto& [name, value] : parameters) {
        if (!out.empty()) {
            out += '&';
        }
        out += name;
        out += '=';
        out += value;
    }
    return out;
}

CanonicalHeaders canonical_headers(std::span<const Header> headers) {
    std::vector<std::pair<std::string, const Header*>> sorted;
    sorted.reserve(headers.size());
    std::size_t bytes = 0;
    for (const Header& header : headers) {
        sorted.emplace_back(to_lower(header.name), &header);
        bytes += header.name.size() + header.value.size() + 2;
    }
    // Equal names stay in the order received: the pointers are into one array.
    std::ranges::sort(sorted);

    CanonicalHeaders out;
    out.lines.reserve(bytes);
    const std::string* previous = nullptr;
    for (const auto& [name, header] : sorted) {
        if (previous != nullptr && *previous == name) {
            out.lines.back() = ',';  // takes the place of the newline
        } else {
            out.lines += name;
            out.lines += ':';
            if (previous != nullptr) {
                out.signed_names += ';';
            }
            out.signed_names += name;
        }
        append_folded(out.lines, header->value);
        out.lines += '\n';
        previous = &name;
    }
    return out;
}

std::string assemble(const Request& request, const CanonicalHeaders& headers, bool double_encode) {
    std::string out;
    out.reserve(
        request.method.size() + request.path.size() + request.query.size() + headers.lines.size() +
        headers.signed_names.size() + request.payload_hash.size() + 16
    );
    out += request.method;
    out += '\n';
    out += canonical_path(request.path, double_encode);
    out += '\n';
    out += canonical_query(request.query);
    out += '\n';
    out += headers.lines;
    out += '\n';
    out += headers.signed_names;
    out += '\n';
    out += request.payload_hash;
    return out;
}

std::string canonical_request(const Request& request, bool double_encode) {
    const CanonicalHeaders headers = canonical_headers(request.headers);
    return assemble(request, headers, double_encode);
}

}  // namespace farshore::sigv4
