#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/evidence/heartbeats.h"
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
        std::uint64_t digest = 0;  // of all these ids
        WriteId highest = 0;       // of all these ids

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

    // Appends to the item as the Region holds it; the item's digest then.
    std::string append(Place region, std::size_t key, WriteId id);

    // As agents and controllers make it of an item; "absent" for none.
    [[nodiscard]] std::string digest(Place region, std::size_t key) const;

    // Which write left an item with this digest, whatever became of it; nullopt: none.
    [[nodiscard]] std::optional<WriteId> write_behind(const std::string& digest) const;

    [[nodiscard]] bool holds(Place region, std::size_t key, WriteId id) const;

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
    std::unordered_map<std::uint64_t, WriteId> by_digest_;
    std::array<std::vector<const Version*>, kTablesMax> items_;
    std::vector<Waiting> waiting_;
    std::size_t under_way_ = 0;
};

// A controller's heartbeat as a Region holds it.
struct Heartbeat {
    core::HeartbeatItem item;
    Instant true_time{};  // for the checkers
};

struct SmallTables {
    [[nodiscard]] core::CopyAnswer read(Place place) const {
        return {.word = core::CopyWord::done, .item = records[place].value_or(core::EpochItem{})};
    }

    // By Region; a Region without a copy of the record has none.
    std::array<std::optional<core::EpochItem>, kPlaces> records;
    // Hosts that found no controller to say hello to, by index.
    std::array<std::set<std::size_t>, kPlaces> registered;
    // [from][in]: written in `from`, as `in` holds it.
    using Heartbeats = std::array<std::array<std::optional<Heartbeat>, kTablesMax>, kTablesMax>;
    std::array<Heartbeats, 2> heartbeats;  // by the store of the controller that writes them
};

}  // namespace farshore::sim
