#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "lab/dynamo/item_store.h"
#include "lab/dynamo/service_error.h"
#include "lab/dynamo/table.h"
#include "lab/dynamo/transaction_tokens.h"
#include "lab/dynamo/write_log.h"
#include "ports/clock.h"

namespace farshore::lab::dynamo {

// One write of one item, on its way from the Region that took it to the others.
struct ReplicatedWrite {
    TableName table;
    std::string location;
    std::string key;  // canonical text
    std::string op;
    StoredItem stored;
    std::string digest;  // of the item, or "absent"
};

// Microseconds of wall time that follow the boot clock: never backwards while the process lives.
class WriteClock {
  public:
    explicit WriteClock(const ports::Clock& clock)
        : clock_(clock), boot_(clock.now()), wall_us_(to_ms(clock.wall()) * 1000) {}

    [[nodiscard]] std::int64_t now_us() const {
        return wall_us_ +
               std::chrono::duration_cast<std::chrono::microseconds>(clock_.now() - boot_).count();
    }

    [[nodiscard]] Instant now() const { return clock_.now(); }

    [[nodiscard]] UtcTime wall() const { return utc_from_ms(now_us() / 1000); }

  private:
    const ports::Clock& clock_;
    Instant boot_;
    std::int64_t wall_us_;
};

// One Region's tables: the catalog, and the writes with their versions. The only place that changes
// items, whether clients or replication ask. Single-threaded.
class Region {
  public:
    // Called for each write to a table with replicas that began here.
    using OnWrite = std::function<void(const Table&, ReplicatedWrite)>;

    Region(RegionId id, std::unique_ptr<ItemStore> store, WriteLog& log, const WriteClock& clock);

    // Reads the catalog. Errors: malformed, unavailable.
    [[nodiscard]] Status load();

    void on_write(OnWrite callback) { on_write_ = std::move(callback); }

    [[nodiscard]] const RegionId& id() const { return id_; }

    [[nodiscard]] ItemStore& store() { return *store_; }

    [[nodiscard]] const WriteClock& clock() const { return clock_; }

    [[nodiscard]] TransactionTokens& transaction_tokens() { return transaction_tokens_; }

    // The catalog.
    [[nodiscard]] Table* find(const TableName& name);
    // Errors: ResourceNotFoundException, also while the table is being created.
    [[nodiscard]] Answer<Table*> usable(const std::string& name);
    [[nodiscard]] std::vector<Table*> tables();
    [[nodiscard]] Answer<Table*> add(TableDefinition definition, Instant active_at);
    [[nodiscard]] Status save(const Table& table);
    // Gives the table a new stream; the caller saves it.
    void start_stream(Table& table, std::string view) const;
    [[nodiscard]] Status drop(const TableName& name);

    // Items. Deleted ones are absent here.
    [[nodiscard]] Answer<std::optional<Item>> read(const Table& table, const Item& key);
    // Without an item: deletes. The key must have passed its checks and agree with the item.
    // nullopt: it is done.
    [[nodiscard]] std::optional<ServiceError> write(
        const Table& table,
        const Item& key,
        std::optional<Item> item,
        std::string op,
        WriteOrigin origin = WriteOrigin::client
    );

    // Last writer wins. `copy`: of an item that was there before, not on its own way; one without
    // effect tells nothing and is not logged. Errors: of the store; not_found without such a table.
    [[nodiscard]] Result<WriteOutcome> apply(const ReplicatedWrite& write, bool copy);

  private:
    RegionId id_;
    std::unique_ptr<ItemStore> store_;
    WriteLog& log_;
    const WriteClock& clock_;
    OnWrite on_write_;
    std::map<TableName, Table> tables_;
    std::int64_t next_number_ = 1;
    TransactionTokens transaction_tokens_;
};

// A failure of the lab's own store, in DynamoDB's words.
[[nodiscard]] ServiceError store_failure(const Error& error);

}  // namespace farshore::lab::dynamo
