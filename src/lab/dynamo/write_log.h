#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/time.h"

namespace farshore::lab {

// How replicas agree: the greater (time, Region) wins, item by item.
struct ItemVersion {
    std::int64_t at_us = 0;  // microseconds since 1970 on the clock of the Region that wrote it
    RegionId region;         // where a client wrote it

    friend auto operator<=>(const ItemVersion&, const ItemVersion&) = default;
    friend bool operator==(const ItemVersion&, const ItemVersion&) = default;
};

// Service: DynamoDB itself deleted an item whose time to live was over.
enum class WriteOrigin { client, replication, service };
inline constexpr std::array<std::string_view, 3> kWriteOriginNames{
    "client", "replication", "service"
};

constexpr const auto& names_of(WriteOrigin) {
    return kWriteOriginNames;
}

// Suppressed: a replicated write met a newer version of its item and changed nothing.
enum class WriteOutcome { applied, suppressed };
inline constexpr std::array<std::string_view, 2> kWriteOutcomeNames{"applied", "suppressed"};

constexpr const auto& names_of(WriteOutcome) {
    return kWriteOutcomeNames;
}

struct WriteRecord {
    std::uint64_t n = 0;  // counts from 1 without gaps
    UtcTime at;
    RegionId region;  // whose copy was to change
    TableName table;
    std::string key;  // the key attributes as canonical text (item_digest.h)
    std::string
        op;  // "PutItem", "UpdateItem", "DeleteItem", ...; that of the origin when replicated
    WriteOrigin origin = WriteOrigin::client;
    ItemVersion version;
    WriteOutcome outcome = WriteOutcome::applied;
    std::string item_hash;  // digest of the item after the write; "absent" for a deletion
};

[[nodiscard]] boost::json::object to_json(const WriteRecord& record);

// Every write that reached any Region, with what became of it. AWS has no such thing; tests compare
// what Farshore concluded with it, and nothing else may read it. Keeps the last `entries_max`.
class WriteLog {
  public:
    explicit WriteLog(std::size_t entries_max) : entries_max_(entries_max) {}

    // Gives the record its number.
    void add(WriteRecord record);

    // At most `limit` records with numbers greater than `after`, oldest first.
    [[nodiscard]] std::vector<WriteRecord> after(std::uint64_t after, std::size_t limit) const;

    // Number of the last record; zero when there is none.
    [[nodiscard]] std::uint64_t last() const { return next_ - 1; }

    // Number of the oldest record still kept.
    [[nodiscard]] std::uint64_t first() const { return next_ - records_.size(); }

  private:
    std::size_t entries_max_;
    std::uint64_t next_ = 1;
    std::deque<WriteRecord> records_;
};

}  // namespace farshore::lab
