#include "controller/api_answers.h"

#include "wire/api.h"

namespace farshore::controller {

namespace json = boost::json;

net::HttpResponse refusal(const Error& error) {
    return net::HttpResponse::json(wire::http_status_of(error), wire::error_document(error));
}

net::HttpResponse refusal(const core::Refused& refused) {
    return net::HttpResponse::json(
        wire::http_status_of(refused.error),
        refused.guards.empty() ? wire::error_document(refused.error)
                               : wire::error_document(refused.error, refused.guards)
    );
}

net::HttpResponse ok(const json::object& document, int status) {
    return net::HttpResponse::json(status, json::serialize(document));
}

Error not_here(const net::HttpRequest& request) {
    return {
        .kind = ErrorKind::not_found,
        .text = "no such thing: " + request.method + " " + std::string{request.path()},
        .code = "path"
    };
}

net::HttpResponse wrong_method(const net::HttpRequest& request, const char* allowed) {
    net::HttpResponse response = refusal(
        {.kind = ErrorKind::malformed,
         .text = request.method + " is not for " + std::string{request.path()},
         .remedy = std::string{"use "} + allowed,
         .code = "method"}
    );
    response.status = 405;
    response.headers.push_back({.name = "Allow", .value = allowed});
    return response;
}

std::string error_text_in(const net::HttpResponse& response) {
    return wire::error_from(response.status, response.body).text;
}

}  // namespace farshore::controller
