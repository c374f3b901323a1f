#pragma once

#include <optional>
#include <span>
#include <string>

#include "adapters/net/http_message.h"

// Whether a request may have come from where a listener is meant to be used; against pages that a
// browser has on this machine (base/own_names.h).
namespace farshore::net {

// 403 when the Host is neither the address that was called (or localhost, on a loopback address)
// nor one of `names`. A request without Host is none of a browser's. nullopt: it may go on.
[[nodiscard]] std::optional<HttpResponse> refuse_foreign_host(
    const HttpRequest& request, std::span<const std::string> names = {}
);

// 403 when a web page has made the request. nullopt: it may go on.
[[nodiscard]] std::optional<HttpResponse> refuse_web_page(const HttpRequest& request);

}  // namespace farshore::net
