#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "adapters/net/http_message.h"
#include "base/result.h"

// What the parts of the API share.
namespace farshore::lab::route53 {

inline constexpr std::string_view kEndpoint = "https://route53.amazonaws.com/2013-04-01/";
inline constexpr std::size_t kPageMax = 100;

[[nodiscard]] net::HttpResponse xml(int status, std::string body);

// The query's maxitems, at most `most`. Errors: InvalidInput.
[[nodiscard]] Result<std::size_t> page_size(const net::HttpRequest& request, std::size_t most);

[[nodiscard]] std::unexpected<Error> unknown_operation(const net::HttpRequest& request);

}  // namespace farshore::lab::route53
