#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace farshore::dataplane {

// A write as the loop knows it: not yet taken apart, because that is work for the control thread.
struct WriteNote {
    std::string operation;  // "PutItem"
    std::string request;    // JSON body as the client sent it
    std::string
        answer;  // JSON body, when it tells the item ("Attributes" of ALL_NEW), or what failed
    UtcTime at;  // for people
    Instant ended_at;  // acknowledged or given up then: what ages count from
    Epoch epoch;
    bool acknowledged = true;
};

// The hand-over from the endpoint's loops to the control thread: the lock is held for one push or
// one swap. Bounded: above the limit a note is dropped and counted, and the ledger says that it is
// incomplete.
class LedgerQueue {
  public:
    struct Taken {
        std::vector<WriteNote> notes;
        std::uint64_t dropped = 0;  // since the last take
        std::optional<Instant> first_dropped_at;
    };

    explicit LedgerQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    void push(WriteNote note);
    [[nodiscard]] Taken take();

  private:
    std::mutex mutex_;
    Taken waiting_;
    std::size_t bytes_ = 0;
    std::size_t bytes_max_;
};

}  // namespace farshore::dataplane
