#include "lab/route53/api_parts.h"

#include <algorithm>
#include <charconv>

#include "lab/route53/api_error.h"

namespace farshore::lab::route53 {

net::HttpResponse xml(int status, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.headers = {{"Content-Type", "text/xml"}};
    response.body = std::move(body);
    return response;
}

Result<std::size_t> page_size(const net::HttpRequest& request, std::size_t most) {
    const auto text = request.query_value("maxitems");
    if (!text) {
        return most;
    }
    std::size_t number = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc{} || stop != end || number == 0) {
        return api_error("InvalidInput", "Invalid value '" + *text + "' of maxitems");
    }
    return std::min(number, most);
}

std::unexpected<Error> unknown_operation(const net::HttpRequest& request) {
    return api_error(
        "UnknownOperationException",
        "Route 53 has no " + request.method + " " + std::string{request.path()}
    );
}

}  // namespace farshore::lab::route53
