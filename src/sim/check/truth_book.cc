#include "sim/check/truth_book.h"

#include "sim/host.h"

namespace farshore::sim {

namespace {

constexpr Duration kBucket = 500ms;
// A judgement looks at four seconds: a vote is taken back after a second and a half of health, and
// a probe that hung before is known a second later, with the report after that.
constexpr std::int64_t kBucketsJudged = 8;
// Three seconds, for which a host that is not heard counts.
constexpr std::int64_t kFreshBuckets = 6;
// Hysteresis takes its vote back after a second and a half of health, and a report is under way.
constexpr Duration kHeardWithin = 4500ms;
constexpr Duration kSurelyHeardWithin = 2500ms;
constexpr int kFailingLooks = 3;
constexpr int kLooksJudged = 8;
// core::Hysteresis::healthy_for, and a report under way.
constexpr Duration kRecovers = 12s;

std::int64_t bucket_of(Instant now) {
    return now.time_since_epoch() / kBucket;
}

}  // namespace

bool TruthBook::is_failing(const Looks& looks) {
    return std::popcount(looks.failed) >= kFailingLooks;
}

Place TruthBook::vantage_of(std::size_t source) const {
    return source < scene_.hosts.size() ? scene_.hosts[source]->home() : kWitness;
}

TruthBook::Source& TruthBook::source(std::size_t index) {
    if (sources_.size() <= index) {
        sources_.resize(scene_.hosts.size() + 1);
    }
    return sources_[index];
}

void TruthBook::looked(std::size_t from, Look look, bool ok) {
    const bool stack = look.component == core::Component::stack;
    const bool fresh = look.path == core::Path::fresh;
    Looks& looks = source(from).looks[look.region][stack ? 2 : (fresh ? 0 : 1)];
    looks.failed = static_cast<std::uint8_t>(looks.failed * 2U + (ok ? 0U : 1U));
    looks.count = static_cast<std::uint8_t>(std::min(looks.count + 1, kLooksJudged));
    if (is_failing(looks)) {
        looks.failing_at = scene_.calendar.now();
    }
    const Place vantage = vantage_of(from);
    if (stack) {
        count(vantage, look.region, Requests::stack, ok);
        return;
    }
    count(vantage, look.region, Requests::data_at_all, ok);
    if (fresh) {
        count(vantage, look.region, Requests::fresh_looks, ok);
    }
}

void TruthBook::requested(Place home, Place region, bool ok) {
    count(home, region, Requests::data_at_all, ok);
}

void TruthBook::count(Place vantage, Place region, Requests requests, bool ok) {
    Tally& tally = tallies_[vantage][region][static_cast<std::size_t>(requests)];
    const std::int64_t bucket = bucket_of(scene_.calendar.now());
    const auto slot = static_cast<std::size_t>(bucket) % Tally::kBuckets;
    if (tally.bucket[slot] != bucket) {
        tally.bucket[slot] = bucket;
        tally.ok[slot] = 0;
        tally.all[slot] = 0;
    }
    tally.ok[slot] += ok ? 1 : 0;
    ++tally.all[slot];
}

void TruthBook::told(std::size_t from) {
    Source& source = this->source(from);
    source.told_at = scene_.calendar.now();
    for (auto& of_region : source.looks) {
        for (Looks& looks : of_region) {
            looks.failing_as_told = is_failing(looks);
        }
    }
}

std::optional<double> TruthBook::share_served(Place vantage, Place region, Requests requests)
    const {
    const Tally& tally = tallies_[vantage][region][static_cast<std::size_t>(requests)];
    // What hosts saw after the controller heard of them last, it decides without, for as long as
    // what it has heard is fresh.
    std::optional<Instant> heard_at;
    for (std::size_t from = 0; from < sources_.size() && vantage != kWitness; ++from) {
        if (vantage_of(from) == vantage) {
            heard_at = std::max(heard_at, sources_[from].told_at);
        }
    }
    const std::int64_t newest = bucket_of(scene_.calendar.now());
    const std::int64_t now =
        std::max(bucket_of(heard_at.value_or(scene_.calendar.now())), newest - kFreshBuckets);
    std::uint32_t ok = 0;
    std::uint32_t all = 0;
    for (std::size_t slot = 0; slot < Tally::kBuckets; ++slot) {
        if (tally.bucket[slot] > now - kBucketsJudged && tally.bucket[slot] <= now) {
            ok += tally.ok[slot];
            all += tally.all[slot];
        }
    }
    return all == 0 ? std::nullopt : std::optional{static_cast<double>(ok) / all};
}

std::vector<Place> TruthBook::vantages() const {
    return scene_.record_places;
}

TruthBook::Sight TruthBook::sight(Place vantage, Place region, core::Component component) const {
    Sight sight;
    const Instant now = scene_.calendar.now();
    for (std::size_t from = 0; from < sources_.size(); ++from) {
        const bool is_controller = from == scene_.hosts.size();
        const Source& source = sources_[from];
        const auto told_within = [&](Duration length) {
            return is_controller || (source.told_at && now - *source.told_at <= length);
        };
        const bool heard = told_within(kHeardWithin);
        if (vantage_of(from) != vantage || !heard) {
            continue;
        }
        // A bad path outweighs a good one, and one good path is enough to work.
        const bool stack = component == core::Component::stack;
        bool failing = false;
        bool working = false;
        bool recovering = false;
        std::size_t looked = 0;
        for (std::size_t path = stack ? 2 : 0; path < (stack ? 3U : 2U); ++path) {
            const Looks& looks = source.looks[region][path];
            looked += looks.count;
            // A controller that is cut off decides by what it has heard for as long as that is
            // fresh.
            failing = failing || is_failing(looks) || looks.failing_as_told;
            recovering = recovering || (looks.failing_at && now - *looks.failing_at <= kRecovers);
            working = working || std::popcount(looks.failed) < looks.count;
        }
        const bool has_opinion = looked > 0 && (failing || !recovering);
        sight.surely_heard += has_opinion && told_within(kSurelyHeardWithin) ? 1 : 0;
        sight.failing += failing ? 1 : 0;
        sight.working += working ? 1 : 0;
    }
    return sight;
}

}  // namespace farshore::sim
