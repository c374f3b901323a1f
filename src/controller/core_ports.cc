#include "controller/core_ports.h"

#include <algorithm>

#include "adapters/system/log.h"
#include "base/assert.h"

namespace farshore::controller {

Status DurableRecord::save(
    const core::AppRecord& record, std::span<const core::JournalEntry> journal
) {
    Status saved = store_.commit(record, journal);
    if (!saved && saved.error().kind != ErrorKind::exhausted &&
        saved.error().kind != ErrorKind::timed_out) {
        system::log_error("store", saved.error().text, {{"remedy", saved.error().remedy}});
        FARSHORE_ASSERT(saved.has_value(), "INV-S3: the journal cannot be trusted any more");
    }
    if (!saved) {
        system::log_error("store", saved.error().text, {{"remedy", saved.error().remedy}});
    }
    return saved;
}

void WakeUp::arm(Instant at) {
    // A far deadline is no reason for an overflow; waking up early does no harm.
    constexpr Duration kLongest = std::chrono::hours{1};
    timer_.expires_after(std::clamp<Duration>(at - clock_.now(), Duration::zero(), kLongest));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && pump_ != nullptr) {
            pump_->turn();
        }
    });
}

void WakeUp::end() {
    pump_ = nullptr;
    timer_.cancel();
}

void Announcer::announce(const core::Announce& action) {
    system::log_warning("announce", action.text);
    const Status noted = store_.append_audit(
        {.at = clock_.wall(), .who = "controller", .what = "announce", .detail = action.text}
    );
    if (!noted) {
        system::log_error("audit", noted.error().text);
    }
}

}  // namespace farshore::controller
