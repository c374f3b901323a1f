#include "dataplane/request_writer.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace farshore::dataplane {

namespace {

constexpr std::array<std::string_view, 9> kHopByHop{
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade"
};
constexpr std::array<std::string_view, 7> kMadeAnew{
    "host",
    "content-length",
    "expect",
    "authorization",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256"
};

bool is_any_of(std::string_view name, std::span<const std::string_view> list) {
    return std::ranges::any_of(list, [name](std::string_view entry) {
        return equals_ignoring_case(name, entry);
    });
}

bool is_signed(std::string_view lower_name) {
    return lower_name == "content-type" || lower_name.starts_with("x-amz-");
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

}  // namespace

bool is_hop_by_hop(std::string_view name) {
    return is_any_of(name, kHopByHop);
}

bool stays_here(std::string_view name) {
    return is_hop_by_hop(name) || is_any_of(name, kMadeAnew);
}

std::string RequestWriter::write(const Input& input, const Destination& to, UtcTime now) {
    // Headers that the client's Connection header names belong to its connection too.
    std::string_view named;
    if (const auto connection = http1::find_field(*input.fields, "connection")) {
        named = *connection;
    }
    std::vector<sigv4::Header> to_sign;
    to_sign.reserve(8);
    to_sign.push_back({.name = "host", .value = std::string{to.authority}});
    to_sign.push_back({.name = "x-amz-date", .value = to_amz_date(skew_.corrected(now))});
    if (!credentials_.session_token.empty()) {
        to_sign.push_back({.name = "x-amz-security-token", .value = credentials_.session_token});
    }
    const std::size_t own = to_sign.size();
    std::string rest;
    for (const http1::Field& field : *input.fields) {
        if (stays_here(field.name) || (!named.empty() && http1::has_token(named, field.name)) ||
            (input.plain_answer && equals_ignoring_case(field.name, "accept-encoding"))) {
            continue;
        }
        append_line(rest, field.name, field.value);
        std::string lower = to_lower(field.name);
        if (is_signed(lower)) {
            to_sign.push_back({.name = std::move(lower), .value = std::string{field.value}});
        }
    }
    const std::string authorization = signer_.authorization(
        {.method = "POST",
         .path = to.path,
         .query = {},
         .headers = to_sign,
         .payload_hash = input.payload_hash},
        credentials_,
        {.region = std::string{to.region}, .service = "dynamodb"}
    );
    std::string out;
    out.reserve(512 + rest.size() + input.body.size());
    out += "POST ";
    out += to.path;
    out += " HTTP/1.1\r\n";
    for (std::size_t i = 0; i < own; ++i) {
        append_line(out, to_sign[i].name, to_sign[i].value);
    }
    append_line(out, "authorization", authorization);
    out += rest;
    append_line(out, "content-length", std::to_string(input.body.size()));
    out += "\r\n";
    out += input.body;
    return out;
}

}  // namespace farshore::dataplane
