#pragma once

#include <boost/json.hpp>

#include "adapters/net/http_message.h"
#include "base/result.h"
#include "core/failover/reply.h"

// The answers that every part of the API gives.
namespace farshore::controller {

[[nodiscard]] net::HttpResponse refusal(const Error& error);
// With all guards, when one of them refused.
[[nodiscard]] net::HttpResponse refusal(const core::Refused& refused);
[[nodiscard]] net::HttpResponse ok(const boost::json::object& document, int status = 200);
[[nodiscard]] Error not_here(const net::HttpRequest& request);
// The text of an answer that refuses.
[[nodiscard]] std::string error_text_in(const net::HttpResponse& response);
[[nodiscard]] net::HttpResponse wrong_method(const net::HttpRequest& request, const char* allowed);

}  // namespace farshore::controller
