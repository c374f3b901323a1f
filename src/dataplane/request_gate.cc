#include "dataplane/request_gate.h"

#include <algorithm>

#include "base/names.h"
#include "base/text.h"

namespace farshore::dataplane {

namespace {

bool single(const http1::Fields& fields, std::string_view name) {
    return std::ranges::count_if(fields, [name](const http1::Field& field) {
               return equals_ignoring_case(field.name, name);
           }) <= 1;
}

// Twice the same header of the service, and two programs may believe two different ones.
bool ambiguous(const http1::Fields& fields) {
    return std::ranges::any_of(fields, [&fields](const http1::Field& field) {
        const std::string lower = to_lower(field.name);
        const bool matters =
            lower.starts_with("x-amz-") || lower == "content-type" || lower == "authorization";
        return matters && !single(fields, field.name);
    });
}

std::optional<Refusal> check_signature(
    Exchange& exchange, const std::vector<sigv4::Credentials>& keys, UtcTime now
) {
    std::vector<sigv4::Header> headers;
    headers.reserve(exchange.request.fields.size());
    for (const http1::Field& field : exchange.request.fields) {
        headers.push_back({.name = std::string{field.name}, .value = std::string{field.value}});
    }
    exchange.payload_hash = sigv4::sha256_hex(exchange.body);
    if (const auto claimed = http1::find_field(exchange.request.fields, "x-amz-content-sha256");
        claimed && *claimed != exchange.payload_hash) {
        return Refusal{
            .answer = OwnAnswer::not_authentic,
            .detail = "The body does not match X-Amz-Content-Sha256.",
            .code = "InvalidSignatureException",
        };
    }
    const auto verified = sigv4::verify(
        {.method = exchange.request.method,
         .path = "/",
         .query = {},
         .headers = headers,
         .payload_hash = exchange.payload_hash},
        keys,
        now
    );
    const Status covered = verified ? sigv4::covers(*verified, headers, "dynamodb")
                                    : std::unexpected(verified.error());
    if (!covered) {
        return Refusal{
            .answer = OwnAnswer::not_authentic,
            .detail = covered.error().text,
            .code = covered.error().code,
        };
    }
    return std::nullopt;
}

std::optional<Refusal> check_origin(const http1::Fields& fields, const OwnNames* names) {
    const auto from_browser = std::ranges::find_if(fields, is_of_a_browser, &http1::Field::name);
    if (from_browser != fields.end()) {
        return Refusal{
            .answer = OwnAnswer::foreign,
            .detail = "The request has the header " + std::string{from_browser->name} +
                      ", so a web page made it; this endpoint serves local applications only.",
            .code = {}
        };
    }
    const std::string_view host = http1::find_field(fields, "host").value_or("");
    if (names != nullptr && !names->has(host)) {
        return Refusal{
            .answer = OwnAnswer::foreign,
            .detail = "The Host header says `" + shown(host) + "`, and this endpoint is " +
                      names->text() + ". Other names are given to it by `listen_names`.",
            .code = {}
        };
    }
    return std::nullopt;
}

}  // namespace

std::optional<AnswerOptions> narrow(http1::RequestHead& request) {
    if (request.method != "POST" && request.method != "GET") {
        return AnswerOptions{.close = true, .detail = "DynamoDB takes POST.", .status = 405};
    }
    // Its name is one of the locks of the endpoint, in HTTP/1.0 too.
    if (!http1::find_field(request.fields, "host")) {
        return AnswerOptions{.close = true, .detail = "There is no Host.", .status = 400};
    }
    // RFC 9112, 9.3: a proxy does not keep connections of HTTP/1.0.
    request.keep_alive &= !request.http_1_0;
    return std::nullopt;
}

std::optional<Refusal> admit(Exchange& exchange, const Admission& admission, UtcTime now) {
    const http1::Fields& fields = exchange.request.fields;
    if (auto foreign = check_origin(fields, admission.names)) {
        return foreign;
    }
    if (exchange.request.method != "POST" || exchange.request.target != "/") {
        return Refusal{
            .detail = "DynamoDB takes POST / with an X-Amz-Target.",
            .code = "UnknownOperationException"
        };
    }
    if (ambiguous(fields)) {
        return Refusal{.detail = "A header of the request is given twice.", .code = {}};
    }
    const auto target = http1::find_field(fields, "x-amz-target");
    exchange.operation = classify(target.value_or(""), exchange.body);
    if (exchange.operation.kind == OperationClass::refused) {
        return Refusal{
            .detail = "X-Amz-Target names `" + shown(exchange.operation.name) + "`. " +
                      std::string{exchange.operation.why},
            .code = "UnknownOperationException"
        };
    }
    const auto& keys = *admission.client_keys;
    return keys.empty() ? std::nullopt : check_signature(exchange, keys, now);
}

}  // namespace farshore::dataplane
