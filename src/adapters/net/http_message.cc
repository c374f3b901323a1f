#include "adapters/net/http_message.h"

#include "base/text.h"

namespace farshore::net {

namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a' + 10);
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A' + 10);
    }
    return std::nullopt;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

HttpResponse with_type(int status, std::string body, std::string type) {
    HttpResponse response;
    response.status = status;
    response.headers.push_back({.name = "Content-Type", .value = std::move(type)});
    response.body = std::move(body);
    return response;
}

}  // namespace

std::optional<std::string_view> find_header(const HttpHeaders& headers, std::string_view name) {
    for (const HttpHeader& header : headers) {
        if (equals_ignoring_case(header.name, name)) {
            return header.value;
        }
    }
    return std::nullopt;
}

std::string_view HttpRequest::path() const {
    const std::string_view whole = target;
    return whole.substr(0, whole.find('?'));
}

std::string_view HttpRequest::query() const {
    const std::string_view whole = target;
    const std::size_t mark = whole.find('?');
    return mark == std::string_view::npos ? std::string_view{} : whole.substr(mark + 1);
}

std::optional<std::string> HttpRequest::query_value(std::string_view name) const {
    for (const std::string_view pair : split(query(), '&')) {
        const std::size_t equals = pair.find('=');
        const std::optional<std::string> key = percent_decode(pair.substr(0, equals));
        if (key && *key == name) {
            return percent_decode(
                equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1)
            );
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
    return find_header(headers, name);
}

HttpResponse HttpResponse::json(int status, std::string body) {
    return with_type(status, std::move(body), "application/json");
}

HttpResponse HttpResponse::text(int status, std::string body) {
    return with_type(status, std::move(body), "text/plain; charset=utf-8");
}

HttpResponse HttpResponse::reset() {
    HttpResponse response;
    response.cut = true;
    return response;
}

std::string percent_encode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            out.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 15U]);
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (i + 2 >= text.size()) {
            return std::nullopt;
        }
        const std::optional<unsigned> high = hex_digit(text[i + 1]);
        const std::optional<unsigned> low = hex_digit(text[i + 2]);
        if (!high || !low) {
            return std::nullopt;
        }
        out.push_back(static_cast<char>(static_cast<unsigned char>((*high << 4U) | *low)));
        i += 2;
    }
    return out;
}

}  // namespace farshore::net
