#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/crypto.h>

#include "base/text.h"

#include "sigv4/signer.h"
#include "sigv4/signing_keys.h"

namespace farshore::sigv4 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kSignedHeadersMax = 128;
// The one is added by SDKs for statistics, before or after signing; the other by CloudFront.
constexpr std::string_view kUnsignedByCustom[] = {"x-amz-user-agent", "x-amz-cf-id"};

std::unexpected<Error> refuse(std::string code, std::string text) {
    return std::unexpected(Error{
        .kind = ErrorKind::denied,
        .effect = Effect::none,
        .text = std::move(text),
        .remedy = {},
        .code = std::move(code)
    });
}

const Header* find(std::span<const Header> headers, std::string_view name) {
    for (const Header& header : headers) {
        if (equals_ignoring_case(header.name, name)) {
            return &header;
        }
    }
    return nullptr;
}

bool all_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "20261123T130509Z".
std::optional<UtcTime> time_from_amz_date(std::string_view text) {
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z' || !all_digits(text.substr(0, 8)) ||
        !all_digits(text.substr(9, 6))) {
        return std::nullopt;
    }
    std::string iso;
    iso.append(text.substr(0, 4))
        .append("-")
        .append(text.substr(4, 2))
        .append("-")
        .append(text.substr(6, 2));
    iso.append("T").append(text.substr(9, 2)).append(":").append(text.substr(11, 2)).append(":");
    iso.append(text.substr(13, 2)).append("Z");
    return from_iso8601(iso);
}

bool parse_credential(std::string_view credential, ParsedAuthorization& out) {
    // The access key id may hold slashes, the scope may not: read from the end.
    std::vector<std::string_view> parts = split(credential, '/');
    if (parts.size() < 5 || parts.back() != "aws4_request") {
        return false;
    }
    const std::size_t last = parts.size() - 1;
    out.service = parts[last - 1];
    out.region = parts[last - 2];
    out.date = parts[last - 3];
    std::size_t key_length = 0;
    for (std::size_t i = 0; i + 4 <= last; ++i) {
        key_length += parts[i].size() + 1;
    }
    out.access_key_id = credential.substr(0, key_length - 1);
    return !out.access_key_id.empty() && out.date.size() == 8 && all_digits(out.date) &&
           !out.region.empty() && !out.service.empty();
}

Status check_time(
    std::string_view amz_date,
    const ParsedAuthorization& authorization,
    UtcTime now,
    Duration skew_max
) {
    const std::optional<UtcTime> signed_at = time_from_amz_date(amz_date);
    if (!signed_at) {
        return refuse(
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format'. Got '" + std::string{amz_date} + "'."
        );
    }
    if (authorization.date != amz_date.substr(0, 8)) {
        return refuse(
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            "HTTP: '" +
                authorization.date + "' != '" + std::string{amz_date.substr(0, 8)} + "'."
        );
    }
    const auto limit = std::chrono::duration_cast<WallClock::duration>(skew_max);
    const auto minutes = [skew_max](std::string_view sign) {
        const auto whole = std::chrono::duration_cast<std::chrono::minutes>(skew_max).count();
        return " " + std::string{sign} + " " + std::to_string(whole) + " min.)";
    };
    if (*signed_at < now - limit) {
        return refuse(
            "InvalidSignatureException",
            "Signature expired: " + std::string{amz_date} + " is now earlier than " +
                to_amz_date(now - limit) + " (" + to_amz_date(now) + minutes("-")
        );
    }
    if (*signed_at > now + limit) {
        return refuse(
            "InvalidSignatureException",
            "Signature not yet current: " + std::string{amz_date} + " is still later than " +
                to_amz_date(now + limit) + " (" + to_amz_date(now) + minutes("+")
        );
    }
    return {};
}

// The headers that the client listed, all of them present.
Result<std::vector<Header>> listed_headers(
    std::span<const Header> received, const ParsedAuthorization& authorization
) {
    std::vector<Header> out;
    out.reserve(authorization.signed_headers.size());
    for (const std::string& name : authorization.signed_headers) {
        bool found = false;
        for (const Header& header : received) {
            if (equals_ignoring_case(header.name, name)) {
                out.push_back(header);
                found = true;
            }
        }
        if (!found) {
            return refuse(
                "InvalidSignatureException",
                "The signed header '" + name + "' is not in the request."
            );
        }
    }
    return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Status check_listed(const ParsedAuthorization& authorization) {
    const auto& names = authorization.signed_headers;
    if (std::ranges::find(names, "host") == names.end()) {
        return refuse(
            "InvalidSignatureException",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        );
    }
    if (names.size() > kSignedHeadersMax) {
        return refuse("InvalidSignatureException", "Too many signed headers.");
    }
    return {};
}

Result<ParsedAuthorization> parsed_or_refused(std::span<const Header> headers) {
    const Header* header = find(headers, "authorization");
    if (header == nullptr) {
        return refuse(
            "MissingAuthenticationTokenException", "Request is missing Authentication Token"
        );
    }
    std::optional<ParsedAuthorization> authorization = parse_authorization(header->value);
    if (!authorization) {
        return refuse(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential' parameter. Authorization header requires "
            "'Signature' "
            "parameter. Authorization header requires 'SignedHeaders' parameter."
        );
    }
    return *std::move(authorization);
}

}  // namespace

std::optional<ParsedAuthorization> parse_authorization(std::string_view value) {
    value = trim(value);
    if (!value.starts_with(kAlgorithm) || value.size() == kAlgorithm.size() ||
        value[kAlgorithm.size()] != ' ') {
        return std::nullopt;
    }
    ParsedAuthorization out;
    bool credential = false;
    for (std::string_view part : split(value.substr(kAlgorithm.size() + 1), ',')) {
        part = trim(part);
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view name = part.substr(0, equals);
        const std::string_view text = part.substr(equals + 1);
        if (name == "Credential") {
            credential = parse_credential(text, out);
        } else if (name == "SignedHeaders") {
            for (const std::string_view header : split(text, ';')) {
                out.signed_headers.push_back(to_lower(header));
            }
        } else if (name == "Signature") {
            out.signature = text;
        }
    }
    if (!credential || out.signed_headers.empty() || out.signature.empty()) {
        return std::nullopt;
    }
    return out;
}

Result<ParsedAuthorization> verify(
    const Request& request,
    std::span<const Credentials> known,
    UtcTime now,
    Duration skew_max,
    bool double_encode
) {
    Result<ParsedAuthorization> authorization = parsed_or_refused(request.headers);
    if (!authorization) {
        return authorization;
    }
    const Header* date = find(request.headers, "x-amz-date");
    if (date == nullptr) {
        return refuse(
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        );
    }
    const Status listed = check_listed(*authorization);
    if (!listed) {
        return std::unexpected(listed.error());
    }
    const auto has_key = [&](const Credentials& one) {
        return one.access_key_id == authorization->access_key_id;
    };
    const auto credentials = std::ranges::find_if(known, has_key);
    const Header* token = find(request.headers, "x-amz-security-token");
    const std::string_view token_value = token == nullptr ? std::string_view{} : trim(token->value);
    if (credentials == known.end() ||
        !equal_in_constant_time(credentials->session_token, token_value)) {
        return refuse(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        );
    }
    if (credentials->expires && *credentials->expires <= now) {
        return refuse(
            "ExpiredTokenException", "The security token included in the request is expired"
        );
    }
    const std::string_view amz_date = trim(date->value);
    const Status in_time = check_time(amz_date, *authorization, now, skew_max);
    if (!in_time) {
        return std::unexpected(in_time.error());
    }
    const Result<std::vector<Header>> headers = listed_headers(request.headers, *authorization);
    if (!headers) {
        return std::unexpected(headers.error());
    }
    Request as_signed = request;
    as_signed.headers = *headers;
    const Scope scope{.region = authorization->region, .service = authorization->service};
    thread_local SigningKeys keys;
    const std::string signature = keys.signature(
        canonical_request(as_signed, double_encode), amz_date, credentials->secret_access_key, scope
    );
    if (!equal_in_constant_time(signature, authorization->signature)) {
        return refuse(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        );
    }
    return authorization;
}

Status covers(
    const ParsedAuthorization& authorization,
    std::span<const Header> received,
    std::string_view service
) {
    if (authorization.service != service) {
        return refuse(
            "InvalidSignatureException",
            "Credential should be scoped to correct service: '" + std::string{service} + "'."
        );
    }
    constexpr std::string_view kOfTheService = "x-amz-";
    for (const Header& header : received) {
        const std::string_view as_sent = header.name;
        if (!equals_ignoring_case(as_sent.substr(0, kOfTheService.size()), kOfTheService)) {
            continue;
        }
        const std::string name = to_lower(as_sent);
        const auto& listed = authorization.signed_headers;
        if (std::ranges::find(kUnsignedByCustom, name) == std::end(kUnsignedByCustom) &&
            std::ranges::find(listed, name) == listed.end()) {
            return refuse(
                "InvalidSignatureException",
                "The header '" + name + "' must be a 'SignedHeader' in the AWS Authorization."
            );
        }
    }
    return {};
}

}  // namespace farshore::sigv4
