#include "controller/denial_log.h"

#include <algorithm>
#include <utility>

namespace farshore::controller {

namespace {

constexpr Duration kEvery = std::chrono::minutes{1};
constexpr std::size_t kCallersMax = 256;  // and so many rows a minute at the most

}  // namespace

std::optional<std::uint64_t> DenialLog::note(const std::string& caller, Instant now) {
    const auto known = seen_.find(caller);
    if (known != seen_.end()) {
        ++known->second.since;
        if (now - known->second.written_at < kEvery) {
            return std::nullopt;
        }
        known->second.written_at = now;
        return std::exchange(known->second.since, 0);
    }
    if (seen_.size() >= kCallersMax) {
        std::erase_if(seen_, [&](const auto& entry) {
            return now - entry.second.written_at >= kEvery;
        });
        if (seen_.size() >= kCallersMax) {
            return std::nullopt;
        }
    }
    seen_.emplace(caller, Seen{.written_at = now});
    return 1;
}

}  // namespace farshore::controller
