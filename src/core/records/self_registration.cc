#include "core/records/self_registration.h"

#include <algorithm>
#include <utility>

#include "core/records/epoch_items.h"

namespace farshore::core {

using namespace std::chrono_literals;

namespace {

// A controller that is there answers a hello long before.
constexpr Duration kControllersFirst = 500ms;
constexpr Duration kRetry = 1s;
// An operator may have taken the host out of the register by mistake; it puts itself back.
constexpr Duration kRenewEvery = 60s;
// Longer than any request to a table may take.
constexpr Duration kGiveUp = 900ms;

}  // namespace

SelfRegistration::SelfRegistration(Instant started, std::size_t tables)
    : tables_(tables), not_before_(started + kControllersFirst), next_at_(not_before_) {}

bool SelfRegistration::is_known(const std::string& register_id) const {
    return (by_hello_ && by_hello_->register_id == register_id) ||
           (by_itself_ && by_itself_->register_id == register_id);
}

void SelfRegistration::enrolled(Instant now, const std::string& register_id) {
    if (!by_hello_ || by_hello_->register_id != register_id) {
        by_hello_ = Known{.register_id = register_id, .since = now};
        rest(now, {});
    }
}

bool SelfRegistration::covers(const std::string& register_id, Instant started) const {
    const auto by = [&](const std::optional<Known>& known) {
        return known && known->register_id == register_id && started >= known->since;
    };
    return !register_id.empty() && (by(by_hello_) || by(by_itself_));
}

void SelfRegistration::want(Instant now, const std::string& register_id) {
    if (!is_known(register_id) && wanted_ != register_id) {
        wanted_ = register_id;
        rest(now, {});
    }
}

void SelfRegistration::rest(Instant now, Duration for_so_long) {
    again_ = running_.has_value();
    next_at_ = std::max(not_before_, now + for_so_long);
}

SelfRegistration::Errand SelfRegistration::begin(Instant now, bool add, std::string register_id) {
    const Errand errand{.number = ++errands_, .add = add, .register_id = std::move(register_id)};
    running_ = Running{.errand = errand, .begun = now};
    again_ = false;
    return errand;
}

std::optional<SelfRegistration::Errand> SelfRegistration::due(Instant now) {
    if (now < next_deadline()) {
        return std::nullopt;
    }
    running_.reset();
    if (by_hello_ && by_itself_) {
        // The store knows the host now; what it wrote has done its work.
        by_itself_.reset();
        wanted_.reset();
        return begin(now, false, {});
    }
    if (wanted_ && (!by_hello_ || by_hello_->register_id != *wanted_)) {
        return begin(now, true, *wanted_);
    }
    rest(now, kRenewEvery);
    return std::nullopt;
}

SelfRegistration::News SelfRegistration::take(Instant now, std::uint64_t number, bool done) {
    if (!running_ || running_->errand.number != number) {
        return News::none;
    }
    ++running_->ended;
    running_->done += done ? 1 : 0;
    const bool majority = running_->done >= majority_of(tables_);
    if (!majority && running_->ended < tables_) {
        return News::none;
    }
    const Errand errand = std::exchange(running_, std::nullopt)->errand;
    const bool failed = errand.add && !majority;
    rest(now, std::exchange(again_, false) ? Duration{} : failed ? kRetry : kRenewEvery);
    if (failed) {
        return News::not_registered;
    }
    if (!errand.add || (by_itself_ && by_itself_->register_id == errand.register_id)) {
        return News::none;
    }
    by_itself_ = Known{.register_id = errand.register_id, .since = now};
    return News::registered;
}

Instant SelfRegistration::next_deadline() const {
    return running_ ? running_->begun + kGiveUp : next_at_;
}

std::string SelfRegistration::state() const {
    return by_hello_ ? "by hello" : by_itself_ ? "by itself" : "";
}

}  // namespace farshore::core
