#include "dataplane/ledger_queue.h"

#include <utility>

namespace farshore::dataplane {

void LedgerQueue::push(WriteNote note) {
    const std::size_t size = sizeof note + note.request.size() + note.answer.size();
    const std::lock_guard guard(mutex_);
    if (bytes_ + size > bytes_max_) {
        ++waiting_.dropped;
        if (!waiting_.first_dropped_at) {
            waiting_.first_dropped_at = note.ended_at;
        }
        return;
    }
    bytes_ += size;
    waiting_.notes.push_back(std::move(note));
}

LedgerQueue::Taken LedgerQueue::take() {
    const std::lock_guard guard(mutex_);
    bytes_ = 0;
    return std::exchange(waiting_, {});
}

}  // namespace farshore::dataplane
