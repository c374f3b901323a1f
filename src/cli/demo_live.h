#pragma once

#include <optional>
#include <string>

#include <boost/json/value.hpp>

#include "base/time.h"

namespace farshore::cli {

// What a story's live line says of the moment: the phase that runs and for how long it has, with
// the operation's whole length behind it: "failover shift 1.3 s, of 1.5 s". `operation`: the
// running one's document, or null. `fault`: when the fault began, while no operation has followed
// it yet.
[[nodiscard]] std::string phase_clock(
    const boost::json::value& operation, std::optional<UtcTime> fault, UtcTime now
);

}  // namespace farshore::cli
