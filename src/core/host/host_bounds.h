#pragma once

#include <cstddef>

#include "base/time.h"

namespace farshore::core {

// What an agent keeps within for one app, where its configuration names nothing else. The members
// are named as there.
struct HostBounds {
    std::size_t hold_requests_max = 10'000;
    Duration probe_every = std::chrono::milliseconds{500};
    Duration upstream_timeout = std::chrono::seconds{1};  // then an unanswered request is given up
    std::size_t ledger_entries_max = 65'536;
};

}  // namespace farshore::core
