#pragma once

#include "core/evidence/evidence_book.h"

#include "dataplane/statistics.h"

namespace farshore::agent {

// What the endpoint's own probes and the applications' traffic have seen, into the book.
inline void take_in(core::EvidenceBook& book, const dataplane::Statistics& statistics) {
    using enum core::Path;
    for (const dataplane::RegionStatistics& region : statistics.regions) {
        for (const auto& [path, counted] :
             {std::pair{fresh, &region.by(dataplane::Path::fresh)},
              std::pair{reused, &region.by(dataplane::Path::reused)},
              std::pair{passive, &region.by(dataplane::Path::passive)}}) {
            const core::EvidenceBook::Key key{region.region, core::Component::dynamodb, path};
            // The oldest unanswered request of the Region is told once, with the traffic.
            book.stall(key, path == passive ? region.stalled : Duration::zero());
            book.take_in(
                key,
                {.counters = {.ok = counted->ok, .failed = counted->failed},
                 .latency = counted->latency,
                 .last_error = region.last_error}
            );
        }
    }
}

}  // namespace farshore::agent
