#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/network.h"

namespace farshore::sim {

// The replicated table and the epoch records: last writer wins per item, lag, late delivery.
class Tables {
  public:
    // An item is the list of write ids appended to it, as a cart is.
    struct Item {
        std::vector<std::uint64_t> ids;
        Instant written{};
        int region = 0;

        [[nodiscard]] bool older_than(const Item& other) const {
            return std::pair{written, region} < std::pair{other.written, other.region};
        }
    };

    struct EpochRecord {
        Epoch epoch{1};
        RegionId active = kRegionIds[0];
    };

    Tables(Calendar& calendar, Network& network, const Script& script)
        : calendar_(calendar),
          network_(network),
          rng_(script.seed * 104729 + 2),
          lag_min_(to_ms(script.lag_min)) {}

    void append(int region, int key, std::uint64_t id) {
        auto& kept = items_[static_cast<std::size_t>(region)][key];
        Item item = kept ? *kept : Item{};
        item.ids.push_back(id);
        item.written = calendar_.now();
        item.region = region;
        kept = std::make_shared<const Item>(std::move(item));
        replicate(region, key, kept);
    }

    [[nodiscard]] bool holds(int region, int key, std::uint64_t id) const {
        const auto& items = items_[static_cast<std::size_t>(region)];
        const auto found = items.find(key);
        // One shopper writes one key, one write at a time: the ids are in order.
        return found != items.end() && std::ranges::binary_search(found->second->ids, id);
    }

    // The newest of a controller's heartbeats that has arrived from `from` in the other Region.
    [[nodiscard]] std::optional<Instant>& heartbeat_from(int from) {
        return heartbeats_[static_cast<std::size_t>(from)];
    }

    [[nodiscard]] EpochRecord& record(int region) {
        return records_[static_cast<std::size_t>(region)];
    }

  private:
    // Each version travels by itself, as items replicate independently.
    void replicate(int from, int key, std::shared_ptr<const Item> version) {
        const Duration lag = std::chrono::milliseconds{
            lag_min_ +
            static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(lag_min_) + 40))
        };
        calendar_.in(lag, [this, from, key, version] { arrive(from, key, version); });
    }

    void arrive(int from, int key, const std::shared_ptr<const Item>& version) {
        const int to = 1 - from;
        if (!network_.replicates(from, to)) {
            calendar_.in(std::chrono::milliseconds{200}, [this, from, key, version] {
                arrive(from, key, version);
            });
            return;
        }
        auto& kept = items_[static_cast<std::size_t>(to)][key];
        if (!kept || kept->older_than(*version)) {
            kept = version;
        }
    }

    Calendar& calendar_;
    Network& network_;
    Rng rng_;
    std::int64_t lag_min_;
    std::array<std::map<int, std::shared_ptr<const Item>>, 2> items_;
    std::array<EpochRecord, 3> records_;
    std::array<std::optional<Instant>, 2> heartbeats_;
};

}  // namespace farshore::sim
