#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/records/epoch_items.h"

#include "sim/network.h"

namespace farshore::sim {

using WriteId = std::uint64_t;

// The replicated table: one item per shopper, a list of write ids as a cart is. Last writer wins
// per item, and each version travels by itself.
class Tables {
  public:
    // A version of an item: the ids before it, and one more.
    struct Version {
        WriteId id = 0;
        const Version* before = nullptr;
        Instant written{};
        Place region = 0;

        [[nodiscard]] bool older_than(const Version& other) const {
            return written != other.written ? written < other.written : region < other.region;
        }
    };

    Tables(Calendar& calendar, const Weather& weather, const Script& script)
        : calendar_(calendar),
          weather_(weather),
          dice_(calendar, script.seed, 201),
          regions_(script.tables),
          lag_(script.lag) {}

    // Appends to the item as the Region holds it.
    void append(Place region, std::size_t key, WriteId id);

    [[nodiscard]] bool holds(Place region, std::size_t key, WriteId id) const;

    // Both Regions hold the same item under this key.
    [[nodiscard]] bool equal(Place a, Place b, std::size_t key) const {
        return item(a, key) == item(b, key);
    }

    // The newest version of all Regions; null: the key was never written.
    [[nodiscard]] const Version* newest(std::size_t key) const;

    [[nodiscard]] const Version* item(Place region, std::size_t key) const;

    // How long something written in `way.from` now takes to `way.to`.
    [[nodiscard]] Duration lag(Way way);

    // Nothing is under way between Regions.
    [[nodiscard]] bool all_arrived() const { return under_way_ == 0; }

    // Replication may go on where it was stopped.
    void flow_again();

  private:
    struct Waiting {
        Way way;
        std::size_t key;
        const Version* version;
    };

    void travel(Waiting piece);
    void arrive(Waiting piece);

    Calendar& calendar_;
    const Weather& weather_;
    Dice dice_;
    Place regions_;
    Duration lag_;
    std::deque<Version> versions_;
    std::array<std::vector<const Version*>, kTablesMax> items_;
    std::vector<Waiting> waiting_;
    std::size_t under_way_ = 0;
};

// A controller's heartbeat as a Region holds it.
struct Heartbeat {
    std::uint64_t life = 0;  // of the controller that wrote it
    std::uint64_t sequence = 0;
    Instant written{};    // by that controller's boot clock
    UtcTime wall{};       // by its wall clock
    Instant true_time{};  // for the checkers
};

struct SmallTables {
    // By Region; a Region without a copy of the record has none.
    std::array<std::optional<core::EpochItem>, kPlaces> records;
    // Hosts that found no controller to say hello to, by index.
    std::array<std::set<std::size_t>, kPlaces> registered;
    // heartbeats[from][in]: written in `from`, as `in` holds it.
    std::array<std::array<std::optional<Heartbeat>, kTablesMax>, kTablesMax> heartbeats;
};

}  // namespace farshore::sim
