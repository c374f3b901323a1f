#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace farshore::wire {

// One request of a shopper, as the shopper saw it: a line of the client log (newline-delimited
// JSON). Times count from the intended start, so that a stalled service cannot hide by slowing its
// load.
struct ClientRequest {
    std::int64_t number = 0;
    std::string shopper;
    std::string kind;   // "view" or "add"
    std::string write;  // id of the line added to the cart; empty for a view
    UtcTime intended{};
    UtcTime ended{};
    int status = 0;  // 0: no answer
    bool ok = false;
    std::string error;   // empty when ok
    std::string host;    // the host that served it; empty: none did
    std::string region;  // where that host stands
};

[[nodiscard]] std::string to_line(const ClientRequest& request);  // without the newline
// Errors: malformed, with what is wrong.
[[nodiscard]] Result<ClientRequest> client_request_from(std::string_view line);

// A whole log. A last line without a newline was cut by the end of its writer and is left out.
[[nodiscard]] Result<std::vector<ClientRequest>> parse_client_log(std::string_view text);

}  // namespace farshore::wire
