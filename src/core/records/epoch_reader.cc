#include "core/records/epoch_reader.h"

#include <algorithm>
#include <utility>

#include "core/records/host_search.h"

namespace farshore::core {

using namespace std::chrono_literals;

namespace {

constexpr Duration kEveryMax = 1s;
// A host that is asked to confirm again and again does not flood the tables of the epoch items.
constexpr Duration kPauseMin = 100ms;
// A reading whose answers do not all come, though each question has its end, holds up no other.
constexpr Duration kGiveUp = EpochReader::kPatience + 200ms;

}  // namespace

EpochReader::EpochReader(Options options, SelfRegistration& registration)
    : options_(std::move(options)), registration_(registration) {}

Duration EpochReader::useful_lease() {
    return kEveryMax + kPatience;
}

Instant EpochReader::next_deadline() const {
    return reading_ ? reading_->started + kGiveUp : next_at_;
}

std::optional<std::uint64_t> EpochReader::begin(Instant now) {
    if (reading_ || now < next_at_) {
        return std::nullopt;
    }
    wanted_ = false;
    reading_ = Reading{.number = ++readings_, .started = now};
    return reading_->number;
}

void EpochReader::give_up(Instant now) {
    if (reading_ && now >= reading_->started + kGiveUp) {
        end(now);
    }
}

std::optional<HostInput> EpochReader::take(
    Instant now, std::uint64_t number, const CopyAnswer& answer, Self self
) {
    if (!reading_ || reading_->number != number) {
        return std::nullopt;
    }
    ++reading_->ended;
    const bool said = answer.word == CopyWord::done || answer.word == CopyWord::damaged ||
                      answer.word == CopyWord::refused;
    reading_->reached += said ? 1 : 0;
    if (answer.word == CopyWord::done && answer.item) {
        reading_->copies.push_back(*answer.item);
    }
    std::optional<HostInput> input = judge(now, self);
    if (reading_->ended == options_.copies || (reading_->decided && wanted_)) {
        end(now);
    }
    return input;
}

void EpochReader::want(Instant now) {
    wanted_ = true;
    if (!reading_) {
        next_at_ = std::min(next_at_, std::max(now, ended_at_ + kPauseMin));
    } else if (reading_->decided) {
        end(now);
    }
}

void EpochReader::end(Instant now) {
    // Three chances per lease.
    const Duration every = std::min<Duration>(kEveryMax, options_.lease / 3);
    ended_at_ = now;
    next_at_ = std::max(now + kPauseMin, wanted_ ? now : reading_->started + every);
    last_ = {
        .answered = reading_->copies.size(),
        .connected = reading_->reached >= majority_of(options_.copies),
        .took = now - reading_->started
    };
    reading_.reset();
}

// Items that do not know the host confirm nothing: a fence by them would not wait for it. With
// `keep` no lease protects anything, and with `fence` no agent takes permission from the items.
bool EpochReader::know_us(Instant now, const EpochItem& agreed) {
    const bool known = !hosts_register_themselves(options_.rule) ||
                       registration_.covers(agreed.register_id, reading_->started);
    if (!known && !agreed.register_id.empty()) {
        registration_.want(now, agreed.register_id);
    }
    return known;
}

std::optional<HostInput> EpochReader::judge(Instant now, Self self) {
    if (reading_->decided) {
        return std::nullopt;
    }
    const EpochVerdict verdict = core::judge(reading_->copies, options_.copies);
    const std::optional<EpochItem>& agreed = verdict.agreed;
    const bool whole = reading_->ended == options_.copies;
    const bool known =
        agreed && std::ranges::find(options_.regions, agreed->active) != options_.regions.end();
    const bool beyond_us = verdict.at_least > self.epoch;
    // A copy that names no lease, or another register, may be the one that no majority needs.
    if (known && (verdict.is_enough() || beyond_us || whole)) {
        reading_->decided = true;
        agreed_ = agreed;
        return RecordsAgree{
            .epoch = agreed->epoch,
            .active = agreed->active,
            .started = reading_->started,
            .controllers_silent = self.controllers_silent,
            .terms = agreed->terms,
            .know_us = know_us(now, *agreed)
        };
    }
    if (beyond_us && (agreed || whole)) {
        // They are all different, or name a Region that this host cannot follow to; yet most are
        // beyond it.
        reading_->decided = true;
        return NewerSeen{verdict.at_least};
    }
    return std::nullopt;
}

}  // namespace farshore::core
