#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/dynamo/value.h"
#include "lab/dynamo/write_log.h"

namespace farshore::lab::dynamo {

// An item with the version that replicas compare, or the trace of a deleted one.
struct StoredItem {
    Item item;  // of a deleted one its key only
    ItemVersion version;
    bool deleted = false;
};

// A half-open range of locations (key.h). An empty `to` means: to the end.
struct LocationRange {
    std::string from;
    std::string to;
};

// Where one Region's tables live. Knows locations and versions, nothing of schemas and expressions.
// Single-threaded. Errors: exhausted (disk full), unavailable, malformed (a damaged file).
class ItemStore {
  public:
    // false ends the visit. `location` is good during the call only.
    using Visitor = std::function<bool(std::string_view location, StoredItem item)>;

    virtual ~ItemStore() = default;

    // Deleted ones are returned too.
    [[nodiscard]] virtual Result<std::optional<StoredItem>> get(
        std::int64_t table, std::string_view location
    ) = 0;
    [[nodiscard]] virtual Status put(
        std::int64_t table, std::string_view location, const StoredItem& item
    ) = 0;
    [[nodiscard]] virtual Status erase(std::int64_t table, std::string_view location) = 0;

    struct Order {
        bool forward = true;
        bool with_deleted = false;
    };

    // The visitor may change the table: what it writes may or may not be visited.
    [[nodiscard]] virtual Status visit(
        std::int64_t table, LocationRange range, Order order, const Visitor& visitor
    ) = 0;

    // Everything that `body` writes is kept, or, when it returns an error, nothing.
    [[nodiscard]] virtual Status together(const std::function<Status()>& body) = 0;

    [[nodiscard]] virtual Result<std::int64_t> count(std::int64_t table) = 0;
    [[nodiscard]] virtual Status drop(std::int64_t table) = 0;
    // Forgets traces of deletions older than this.
    [[nodiscard]] virtual Status purge_deleted(std::int64_t table, std::int64_t before_us) = 0;

    // The catalog: one text per table, by number.
    struct CatalogEntry {
        std::int64_t table = 0;
        std::string text;
    };

    [[nodiscard]] virtual Result<std::vector<CatalogEntry>> catalog() = 0;
    [[nodiscard]] virtual Status save(const CatalogEntry& entry) = 0;

    // `path` empty: in memory.
    [[nodiscard]] static Result<std::unique_ptr<ItemStore>> open(const std::string& path);
};

}  // namespace farshore::lab::dynamo
