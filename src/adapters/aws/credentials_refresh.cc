#include <algorithm>
#include <utility>

#include "adapters/aws/credentials.h"
#include "base/assert.h"

// When keys that must be asked for are asked for.
namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

// Keys are renewed at least so long before they end, and at most twice as long: a source may be
// down for a while, and a fleet that was started together should not ask together.
constexpr Duration kEarly = 5min;
constexpr Duration kPauseFirst = 1s;
constexpr Duration kPauseMax = 1min;
constexpr Duration kLookEvery = 500ms;

}  // namespace

bool CredentialsProvider::due(Instant now) const {
    return source_ != nullptr && !asking_ && ask_at_ && now >= *ask_at_;
}

net::Task<Result<sigv4::Credentials>> CredentialsProvider::get(Duration patience) {
    if (sources_.fixed) {
        co_return *sources_.fixed;
    }
    FARSHORE_ASSERT(edge_.has_value(), "a provider that asks needs an edge");
    const ports::Clock& clock = *edge_->clock;
    Result<sigv4::Credentials> have = current(clock.now());
    if (source_ == nullptr || (have && runs_)) {
        co_return have;
    }
    if (!runs_ && due(clock.now())) {
        co_await ask();
    }
    const Instant end = clock.now() + patience;
    while (!given_ && asking_ && clock.now() < end) {
        co_await net::sleep_for(*edge_->io, 20ms);
    }
    have = current(clock.now());
    co_return have;
}

net::Task<> CredentialsProvider::run(net::TaskGroup* tasks) {
    FARSHORE_ASSERT(edge_.has_value(), "a provider that asks needs an edge");
    runs_ = true;
    while (!tasks->stopping()) {
        (void)current(edge_->clock->now());
        if (due(edge_->clock->now())) {
            co_await ask();
        }
        co_await net::sleep_for(*edge_->io, kLookEvery);
    }
    runs_ = false;
}

net::Task<> CredentialsProvider::ask() {
    // The chain may come to another source while this one is asked.
    const std::shared_ptr<CredentialsSource> source = source_;
    asking_ = true;

    // However this task ends, others may ask again.
    struct Asking {
        bool* flag;

        explicit Asking(bool* f) : flag(f) {}

        Asking(const Asking&) = delete;
        Asking& operator=(const Asking&) = delete;

        ~Asking() { *flag = false; }
    };

    const Asking asking(&asking_);
    const Result<sigv4::Credentials> answer = co_await source->fetch();
    if (source == source_) {
        take(answer, source->name());
    }
}

void CredentialsProvider::take(const Result<sigv4::Credentials>& answer, const std::string& from) {
    const Instant now = edge_->clock->now();
    if (!answer) {
        trouble_ = from + ": " + answer.error().text;
        pause_ = std::clamp(2 * pause_, kPauseFirst, kPauseMax);
        const auto drawn = rng_.below(static_cast<std::uint64_t>((pause_ / 2).count()));
        ask_at_ = now + pause_ / 2 + Duration{static_cast<Duration::rep>(drawn)};
        return;
    }
    trouble_.clear();
    pause_ = {};
    given_ = *answer;
    if (!given_->expires) {
        ask_at_.reset();
        return;
    }
    const Duration left = *given_->expires - edge_->clock->wall();
    const auto drawn = rng_.below(static_cast<std::uint64_t>(Duration{kEarly}.count()));
    const Duration early = kEarly + Duration{static_cast<Duration::rep>(drawn)};
    // Keys of a quarter of an hour are renewed in their second half.
    ask_at_ = now + std::max(left - std::min(early, std::max<Duration>(left, 0s) / 2), kPauseFirst);
}

void CredentialsProvider::refused(const sigv4::Credentials& keys) {
    if (!given_ || given_->access_key_id != keys.access_key_id || !edge_) {
        return;
    }
    if (given_->expires && *given_->expires <= edge_->clock->wall()) {
        given_.reset();
    }
    const Instant soon = edge_->clock->now() + pause_;
    ask_at_ = std::min(ask_at_.value_or(soon), soon);
    pause_ = std::clamp(pause_, kPauseFirst, kPauseMax);
}

}  // namespace farshore::aws
