#include "adapters/net/http_guard.h"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/names.h"
#include "base/own_names.h"
#include "base/result.h"

namespace farshore::net {

namespace {

HttpResponse forbidden(std::string text, std::string_view remedy, std::string_view code) {
    boost::json::object error{
        {"kind", to_string(ErrorKind::denied)},
        {"text", std::move(text)},
        {"remedy", remedy},
        {"code", code}
    };
    return HttpResponse::json(
        403, boost::json::serialize(boost::json::object{{"error", std::move(error)}}) + "\n"
    );
}

}  // namespace

std::optional<HttpResponse> refuse_foreign_host(
    const HttpRequest& request, std::span<const std::string> names
) {
    const auto host = request.header("host");
    if (!host) {
        return std::nullopt;
    }
    OwnNames own(request.local_address, request.local_port);
    for (const std::string& name : names) {
        own.add(name);
    }
    if (own.has(*host)) {
        return std::nullopt;
    }
    return forbidden(
        "the Host header says `" + shown(*host) + "`, and this listener is " + own.text(),
        "use one of these names, or give it more in its configuration",
        "host"
    );
}

std::optional<HttpResponse> refuse_web_page(const HttpRequest& request) {
    const auto found = std::ranges::find_if(request.headers, is_of_a_browser, &HttpHeader::name);
    if (found == request.headers.end()) {
        return std::nullopt;
    }
    return forbidden(
        "the request has the header " + found->name + ", so a web page made it",
        "use the farshore command or a program of your own",
        "web_page"
    );
}

}  // namespace farshore::net
