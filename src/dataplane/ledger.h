#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/ids.h"
#include "core/loss/ledger.h"

#include "dataplane/ledger_queue.h"
#include "dataplane/note_reader.h"

namespace farshore::dataplane {

// The core's ledger, fed by the endpoint's loops: takes their writes apart, and finds the keys.
//
// Threads: the loops push into the queue; everything else belongs to one thread, the control
// thread, and each access first takes in what the loops have pushed.
class EndpointLedger {
  public:
    struct Limits {
        core::Ledger::Limits core{};
        // Of attributes that wait for the names of their table's key. A write above this bound
        // never gets a key.
        std::size_t waiting_bytes_max = std::size_t{8} << 20U;
    };

    EndpointLedger(Limits limits, std::shared_ptr<LedgerQueue> queue)
        : limits_(limits), queue_(std::move(queue)), ledger_(limits.core) {}

    core::Ledger& operator*() {
        take_in();
        return ledger_;
    }

    core::Ledger* operator->() { return &**this; }

    // Names of the table's key attributes (partition key first), as DescribeTable tells them.
    // Writes that were waiting for them get their keys.
    void set_table_keys(const TableName& name, std::vector<std::string> names);
    // Tables that were written to, and whose key attributes are not known yet.
    [[nodiscard]] std::vector<TableName> tables_without_keys();

  private:
    struct Waiting {
        boost::json::object attributes;
        // A key that is not among them was not in the request.
        bool whole = false;
    };

    struct Table {
        std::vector<std::string> key_names;  // empty: not known yet
        std::map<std::uint64_t, Waiting> waiting;
    };

    void take_in();
    void add(const WriteNote& note, NotedWrite write);
    [[nodiscard]] bool may_wait(std::size_t bytes);

    Limits limits_;
    std::shared_ptr<LedgerQueue> queue_;
    core::Ledger ledger_;
    std::map<TableName, Table> tables_;
    std::size_t waiting_bytes_ = 0;
};

}  // namespace farshore::dataplane
