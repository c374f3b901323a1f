#include "sim/tables.h"

#include <algorithm>
#include <charconv>

namespace farshore::sim {

const Tables::Version* Tables::item(Place region, std::size_t key) const {
    const auto& items = items_[region];
    return key < items.size() ? items[key] : nullptr;
}

namespace {

// Fifteen digits, the longest text that a string holds without memory of its own.
constexpr std::uint64_t kDigestMax = (1ULL << 49U) - 1;

// FNV-1a over the ids: the same list has the same digest, in whatever Region it was made.
std::uint64_t digest_of(const Tables::Version* before, WriteId id) {
    std::uint64_t digest = before == nullptr ? 14695981039346656037ULL : before->digest;
    for (int byte = 0; byte < 8; ++byte) {
        digest = (digest ^ (id >> (8 * byte) & 0xFFU)) * 1099511628211ULL;
    }
    return digest & kDigestMax;
}

}  // namespace

std::string Tables::digest(Place region, std::size_t key) const {
    const Version* here = item(region, key);
    return here == nullptr ? "absent" : std::to_string(here->digest);
}

std::optional<WriteId> Tables::write_behind(const std::string& digest) const {
    std::uint64_t number = 0;
    const char* const end = digest.data() + digest.size();
    const auto read = std::from_chars(digest.data(), end, number);
    if (digest.empty() || read.ec != std::errc{} || read.ptr != end) {
        return std::nullopt;
    }
    const auto found = by_digest_.find(number);
    return found == by_digest_.end() ? std::nullopt : std::optional{found->second};
}

std::string Tables::append(Place region, std::size_t key, WriteId id) {
    auto& items = items_[region];
    if (items.size() <= key) {
        items.resize(key + 1, nullptr);
    }
    versions_.push_back(
        {.id = id,
         .before = items[key],
         .written = calendar_.now(),
         .region = region,
         .digest = digest_of(items[key], id),
         .highest = items[key] == nullptr ? id : std::max(items[key]->highest, id)}
    );
    items[key] = &versions_.back();
    by_digest_.emplace(items[key]->digest, id);
    for (Place to = 0; to < regions_; ++to) {
        if (to != region) {
            ++under_way_;
            travel({.way = {.from = region, .to = to}, .key = key, .version = items[key]});
        }
    }
    return digest(region, key);
}

bool Tables::holds(Place region, std::size_t key, WriteId id) const {
    // One shopper writes a key, one write at a time; what landed late is out of order by a few.
    constexpr int kOutOfOrderMax = 32;
    int older = 0;
    for (const Version* at = item(region, key); at != nullptr && id <= at->highest;
         at = at->before) {
        if (at->id == id) {
            return true;
        }
        older += at->id < id ? 1 : 0;
        if (older > kOutOfOrderMax) {
            return false;
        }
    }
    return false;
}

const Tables::Version* Tables::newest(std::size_t key) const {
    const Version* newest = nullptr;
    for (Place region = 0; region < regions_; ++region) {
        const Version* here = item(region, key);
        if (here != nullptr && (newest == nullptr || newest->older_than(*here))) {
            newest = here;
        }
    }
    return newest;
}

Duration Tables::lag(Way way) {
    return dice_.between(lag_, 2 * lag_) +
           std::chrono::milliseconds{weather_.replication_delay_ms(way)};
}

void Tables::travel(Waiting piece) {
    calendar_.in(lag(piece.way), [this, piece] { arrive(piece); });
}

void Tables::arrive(Waiting piece) {
    if (!weather_.replicates(piece.way)) {
        waiting_.push_back(piece);
        return;
    }
    --under_way_;
    auto& items = items_[piece.way.to];
    if (items.size() <= piece.key) {
        items.resize(piece.key + 1, nullptr);
    }
    const Version*& held = items[piece.key];
    if (held == nullptr || held->older_than(*piece.version)) {
        held = piece.version;
    }
}

void Tables::flow_again() {
    std::vector<Waiting> waiting;
    waiting.swap(waiting_);
    for (const Waiting& piece : waiting) {
        if (weather_.replicates(piece.way)) {
            travel(piece);
        } else {
            waiting_.push_back(piece);
        }
    }
}

}  // namespace farshore::sim
