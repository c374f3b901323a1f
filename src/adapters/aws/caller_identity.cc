#include "adapters/aws/caller_identity.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "adapters/aws/client.h"
#include "adapters/aws/members.h"
#include "base/text.h"

#include "aws_model/endpoint.h"

namespace farshore::aws {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kBody = "Action=GetCallerIdentity&Version=2011-06-15";
constexpr std::string_view kContentType = "application/x-www-form-urlencoded";
constexpr std::string_view kService = "sts";
constexpr Duration kAgeMax = 5min;
constexpr Duration kPatience = 3s;
constexpr std::size_t kAnswerMax = std::size_t{16} << 10U;

std::string without_slash(std::string_view url) {
    while (url.ends_with('/')) {
        url.remove_suffix(1);
    }
    return std::string{url};
}

// As the Host header has it.
std::string host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    std::string_view host = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    host = host.substr(0, host.find('/'));
    for (const auto& [prefix, usual] : {std::pair{"https://", ":443"}, {"http://", ":80"}}) {
        if (url.starts_with(prefix) && host.ends_with(usual)) {
            host.remove_suffix(std::string_view{usual}.size());
        }
    }
    return std::string{host};
}

// What is signed, and what is sent beside the signature.
std::vector<sigv4::Header> headers_of(
    std::string_view endpoint,
    std::string_view amz_date,
    std::string_view security_token,
    const Statement& statement
) {
    return {
        {"content-type", std::string{kContentType}},
        {"host", host_of(endpoint)},
        {"x-amz-date", std::string{amz_date}},
        {"x-amz-security-token", std::string{security_token}},
        {statement.name, statement.value}
    };
}

std::unexpected<Error> refused(std::string code, std::string text) {
    return std::unexpected(
        Error{.kind = ErrorKind::denied, .text = std::move(text), .code = std::move(code)}
    );
}

bool printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

// "20261123T130509Z".
std::optional<UtcTime> time_of(std::string_view date) {
    if (date.size() != 16) {
        return std::nullopt;
    }
    std::string iso;
    iso.append(date.substr(0, 4)).append("-").append(date.substr(4, 2)).append("-");
    iso.append(date.substr(6, 5)).append(":").append(date.substr(11, 2)).append(":");
    iso.append(date.substr(13));
    return from_iso8601(iso);
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string sts_endpoint(const RegionId& region) {
    const aws_model::Model& model = aws_model::model();
    return aws_model::endpoint_of(model, *model.find_service(kService), region.value(), {}).url;
}

SignedIdentityCall sign_identity_call(
    const sigv4::Credentials& credentials,
    const RegionId& region,
    std::string_view endpoint,
    const Statement& statement,
    UtcTime now
) {
    SignedIdentityCall call{
        .region = region,
        .amz_date = to_amz_date(now),
        .authorization = {},
        .security_token = credentials.session_token
    };
    const std::vector<sigv4::Header> headers =
        headers_of(endpoint, call.amz_date, call.security_token, statement);
    const std::string hash = sigv4::sha256_hex(kBody);
    const sigv4::Request request{
        .method = "POST", .path = "/", .query = "", .headers = headers, .payload_hash = hash
    };
    sigv4::Signer signer;
    call.authorization = signer.authorization(
        request, credentials, {.region = region.value(), .service = std::string{kService}}
    );
    return call;
}

Status check_identity_call(
    const SignedIdentityCall& call, const Statement& statement, UtcTime now
) {
    const auto parsed = sigv4::parse_authorization(call.authorization);
    const std::optional<UtcTime> signed_at = time_of(call.amz_date);
    if (!parsed || !signed_at || call.security_token.empty() || !printable(call.authorization) ||
        !printable(call.security_token)) {
        return fail(ErrorKind::malformed, "the proof is no signed call of a role's session");
    }
    std::array<std::string_view, 5> wanted{
        "content-type", "host", "x-amz-date", "x-amz-security-token", statement.name
    };
    std::ranges::sort(wanted);
    std::vector<std::string_view> listed{
        parsed->signed_headers.begin(), parsed->signed_headers.end()
    };
    std::ranges::sort(listed);
    if (!std::ranges::equal(listed, wanted)) {
        return refused(
            "signed_headers",
            "the proof signs other headers than content-type, host, x-amz-date, "
            "x-amz-security-token and " +
                statement.name
        );
    }
    if (parsed->service != kService || parsed->region != call.region.value() ||
        parsed->date != call.amz_date.substr(0, 8)) {
        return refused("scope", "the proof is signed for another service, Region or day");
    }
    const auto age = now - *signed_at;
    if (age > kAgeMax || age < -kAgeMax) {
        return refused(
            "too_old",
            "the proof was signed at " + to_iso8601(*signed_at) + ", and here it is " +
                to_iso8601(now)
        );
    }
    return {};
}

Result<CallerIdentity> parse_caller_identity(std::string_view xml) {
    const Result<boost::json::object> output = output_of(kService, "GetCallerIdentity", xml);
    if (!output) {
        return fail(ErrorKind::malformed, "STS's answer: " + output.error().text);
    }
    CallerIdentity identity{
        .account = text_member(*output, "Account"),
        .arn = text_member(*output, "Arn"),
        .user_id = text_member(*output, "UserId")
    };
    if (identity.account.empty() || identity.arn.empty() || identity.user_id.empty()) {
        return fail(ErrorKind::malformed, "STS's answer names no caller");
    }
    return identity;
}

net::Task<Result<CallerIdentity>> ask_caller_identity(
    net::HttpClient& http, std::string endpoint, SignedIdentityCall call, Statement statement
) {
    net::HttpCall request{
        .method = "POST",
        .url = without_slash(endpoint) + "/",
        .headers = {{"Authorization", call.authorization}},
        .body = std::string{kBody},
        .connect_timeout = kPatience,
        .total_timeout = kPatience,
        .body_bytes_max = kAnswerMax
    };
    for (sigv4::Header& header :
         headers_of(endpoint, call.amz_date, call.security_token, statement)) {
        request.headers.push_back({std::move(header.name), std::move(header.value)});
    }
    const Result<net::HttpReply> reply = co_await http.fetch(std::move(request));
    if (!reply) {
        co_return std::unexpected(in_context("STS at " + endpoint, reply.error()));
    }
    if (reply->status == 200) {
        co_return parse_caller_identity(reply->body);
    }
    Error error = refusal_of(kService, reply->status, reply->body);
    error.effect = Effect::none;  // it changes nothing
    if (reply->status < 500 && error.kind != ErrorKind::throttled) {
        error.kind = ErrorKind::denied;
    }
    co_return std::unexpected(in_context("STS at " + endpoint, std::move(error)));
}

std::optional<AssumedRole> assumed_role_of(const CallerIdentity& identity) {
    const std::vector<std::string_view> arn = split(identity.arn, ':');
    if (arn.size() != 6 || arn[0] != "arn" || arn[2] != "sts" || !arn[3].empty()) {
        return std::nullopt;
    }
    const std::vector<std::string_view> path = split(arn[5], '/');
    if (path.size() != 3 || path[0] != "assumed-role" || path[1].empty() || path[2].empty()) {
        return std::nullopt;
    }
    const std::string_view user = identity.user_id;
    const std::size_t colon = user.find(':');
    const bool agrees = arn[4] == identity.account && all_digits(arn[4]) &&
                        colon != std::string_view::npos && user.substr(colon + 1) == path[2];
    if (!agrees) {
        return std::nullopt;
    }
    return AssumedRole{
        .partition = std::string{arn[1]},
        .account = std::string{arn[4]},
        .role = std::string{path[1]},
        .session = std::string{path[2]}
    };
}

}  // namespace farshore::aws
