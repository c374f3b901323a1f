#include "lab/route53/api.h"

#include <fmt/format.h>

#include "base/text.h"
#include "lab/route53/api_error.h"
#include "lab/route53/api_parts.h"
#include "lab/route53/xml_answers.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::string_view kVersion = "2013-04-01";

std::vector<std::string> decoded_path(std::string_view path) {
    std::vector<std::string> parts;
    for (const std::string_view part : split(path, '/')) {
        if (!part.empty()) {
            parts.push_back(net::percent_decode(part).value_or(std::string{part}));
        }
    }
    return parts;
}

Error sigv4_error(Error error) {
    if (error.code == "InvalidSignatureException" || error.code == "RequestTimeTooSkewed") {
        error.code = "SignatureDoesNotMatch";
    } else if (error.code == "UnrecognizedClientException") {
        error.code = "InvalidClientTokenId";
    } else {
        error.code = "IncompleteSignature";
    }
    return error;
}

}  // namespace

net::HttpResponse Api::answer(const net::HttpRequest& request, ZoneBook::Now now) {
    const std::string request_id = fmt::format("lab-{:08x}-route53", ++requests_);
    zones_.settle(now.instant);
    Answered answered = [&]() -> Answered {
        if (const Status admitted = admit(request, now.wall); !admitted) {
            return std::unexpected(admitted.error());
        }
        auto path = decoded_path(request.path());
        if (path.size() < 2 || path[0] != kVersion) {
            return unknown_operation(request);
        }
        path.erase(path.begin());
        return route({.request = request, .path = std::move(path), .now = now});
    }();
    net::HttpResponse response = answered ? std::move(*answered)
                                          : xml(row_of(answered.error().code).status,
                                                error_xml(answered.error(), request_id));
    response.headers.push_back({"x-amzn-RequestId", request_id});
    return response;
}

Status Api::admit(const net::HttpRequest& request, UtcTime now) const {
    if (credentials_.empty()) {
        return {};
    }
    const auto authorization = request.header("authorization");
    if (!authorization) {
        return api_error("MissingAuthenticationToken", "Missing Authentication Token");
    }
    std::vector<sigv4::Header> headers;
    headers.reserve(request.headers.size());
    for (const net::HttpHeader& header : request.headers) {
        headers.push_back({header.name, header.value});
    }
    const std::string hash = sigv4::sha256_hex(request.body);
    const sigv4::Request signed_request{
        .method = request.method,
        .path = request.path(),
        .query = request.query(),
        .headers = headers,
        .payload_hash = hash
    };
    const auto verified = sigv4::verify(signed_request, credentials_, now);
    if (!verified) {
        return std::unexpected(sigv4_error(verified.error()));
    }
    // Route 53 is a global service: every request is signed for us-east-1.
    if (verified->service != "route53" || verified->region != "us-east-1") {
        return api_error(
            "SignatureDoesNotMatch",
            "Credential should be scoped to a valid Region, not '" + verified->region +
                "', and to the service route53"
        );
    }
    return {};
}

Api::Answered Api::route(const Call& call) {
    const std::string& what = call.path[0];
    const std::string& method = call.request.method;
    const std::size_t parts = call.path.size();
    if (what == "hostedzone") {
        return route_zone(call);
    }
    if (what == "healthcheck") {
        return route_check(call);
    }
    if (what == "hostedzonesbyname" && parts == 1 && method == "GET") {
        return list_zones_by_name(call);
    }
    if (what == "hostedzonecount" && parts == 1 && method == "GET") {
        return xml(200, zone_count_xml(zones_.zones().size()));
    }
    if (what == "healthcheckcount" && parts == 1 && method == "GET") {
        return xml(200, check_count_xml(checks_.size()));
    }
    if (what == "change" && parts >= 2 && method == "GET") {
        const auto state = zones_.change_state(call.path.back(), call.now);
        if (!state) {
            return std::unexpected(state.error());
        }
        return xml(200, change_xml("GetChange", *state));
    }
    if (what == "tags" && parts == 3) {
        return tags(call);
    }
    return unknown_operation(call.request);
}

}  // namespace farshore::lab::route53
