// modules: dataplane
//
// Whatever a request looks like, the ledger takes its note: each write is an entry or is counted,
// and the bounds hold.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"

#include "dataplane/ledger.h"
#include "dataplane/partiql.h"

namespace {

using namespace farshore;

constexpr std::array<std::string_view, 8> kOperations{
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "ExecuteStatement",
    "BatchExecuteStatement",
    "ExecuteTransaction",
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    (void)dataplane::read_partiql(text, nullptr);
    if (text.empty()) {
        return 0;
    }
    const auto first = static_cast<unsigned char>(text.front());
    const std::string_view rest = text.substr(1);
    // A request, and what was answered behind a zero byte.
    const std::size_t middle = rest.find('\0');
    const auto queue = std::make_shared<dataplane::LedgerQueue>(std::size_t{1} << 20U);
    dataplane::EndpointLedger ledger(
        {.core = {.entries_per_table_max = 8, .tables_max = 2, .bytes_max = std::size_t{1} << 16U},
         .waiting_bytes_max = 4096},
        queue
    );
    for (int i = 0; i < 3; ++i) {
        queue->push({
            .operation = std::string{kOperations[first % kOperations.size()]},
            .request = std::string{rest.substr(0, middle)},
            .answer = middle == std::string_view::npos ? std::string{}
                                                       : std::string{rest.substr(middle + 1)},
            .at = utc_from_ms(i),
            .epoch = Epoch{1},
            .acknowledged = i != 1,
        });
        for (const TableName& table : ledger.tables_without_keys()) {
            ledger.set_table_keys(table, {"id"});
        }
    }
    for (const core::LedgerKey& key : ledger->unproven_keys(100)) {
        (void)ledger->mark_proven(key.table, key.key, "absent");
        (void)ledger->mark_equal(key.table, key.key, {.up_to_number = 2, .settled_before = {}});
    }
    ledger->give_up_keyless(Instant{std::chrono::milliseconds{2}});
    const core::LedgerCounters counters = ledger->counters();
    FARSHORE_ASSERT(counters.unproven_keys <= counters.unproven, "no key without an entry");
    FARSHORE_ASSERT(
        counters.unproven == ledger->unproven_entries(1'000'000).size(), "the count is the list's"
    );
    FARSHORE_ASSERT(
        counters.unproven + counters.forgotten_unproven + counters.given_up_keyless <=
            counters.acknowledged + counters.unknown,
        "an entry is one of these"
    );
    return 0;
}
