#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "core/failover/guard_answer.h"

// What a person who asks for a change is answered. A request is asked once, and what came of it is
// decided where it is carried out: in AppCore::step().
namespace farshore::core {

struct Taken {
    OperationId operation{};  // that it began, or that it is about; empty: it is about none
    bool repeated = false;    // this very request began it earlier: nothing is begun twice
    std::string nothing{};    // why nothing had to be done; empty: something was

    [[nodiscard]] bool has_changed_something() const { return !repeated && nothing.empty(); }
};

struct Refused {
    Error error;
    std::vector<GuardAnswer> guards{};  // all that were asked, when one of them refused
};

using Reply = std::expected<Taken, Refused>;

// The `code` of a refusal because the world is not as the request expects.
inline constexpr std::string_view kMovedCode = "moved";

}  // namespace farshore::core
