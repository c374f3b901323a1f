#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "core/failover/event.h"
#include "core/loss/loss_book.h"
#include "core/operation/record.h"

// What Settling is told, and what it wants done. Values only.
namespace farshore::core {

// What a Region showed of the keys that it was asked for. A key that is nowhere in here was not
// answered in time.
struct KeysSeen {
    // Digests as LedgerEntry::hash has them; a key without an item has the digest of none.
    std::map<LossBook::At, std::string> found;
    // Table -> why its keys could not be read. A refused key's table is in here too when no other
    // key of it was answered: then it may be the table.
    std::map<std::string, Error> refused;
    std::set<LossBook::At> refused_keys;  // each asked for alone
};

// Inputs. A host is fenced and names what it could not prove, and what it had lately seen in the
// target (`proven`). `number` is the transport's own, for the answer HostHeard.
struct HostFenced {
    OperationId operation;  // whose fence it answers
    HostId host;
    std::vector<LedgerEntry> entries;
    std::vector<LedgerEntry> proven;
    bool truncated = false;  // `entries` is not whole
    std::uint64_t number = 0;
};

// To ReadKeys.
struct KeysRead {
    std::uint64_t ticket = 0;
    KeysSeen seen;
};

enum class SaveEnd : std::uint8_t {
    saved,
    refused,  // nothing is durable; it is tried again
    ended,    // another controller leads, or it is not known what is durable: this one ends
};

// To SaveLosses.
struct LossesSaved {
    std::uint64_t ticket = 0;
    SaveEnd end{};
};

// A book as the store has it.
struct KeptBook {
    OperationRecord operation;
    LossBook book;
};

// To FindBook. nullopt: the store has no book for the epoch, or cannot read it.
struct BookSearched {
    Epoch epoch;
    std::optional<KeptBook> found;
};

// An operator's word about the writes of a book that have no fate, or an unknown one.
struct LossDecision {
    OperationId operation;
    std::optional<std::string> table;  // of this table only
    std::set<std::string> keys;        // of these only, as the book has them; empty: all
    bool open_only = false;            // of chains without an end, not the unknown ones
    Fate fate = Fate::unknown;
    std::string reason;                           // with the operator's name
    std::optional<KeptBook> kept = std::nullopt;  // when the book is not open
};

// The deadline has come. `answering`: the Regions whose tables answered when they were last asked.
struct LossesDue {
    std::set<RegionId> answering;
};

using LossInput = std::variant<
    HostFenced,
    ExamineLosses,
    KeysRead,
    LossesSaved,
    KeptBook,
    BookSearched,
    LossDecision,
    LossesDue>;

// Actions. Read these keys of a Region's tables consistently, within the budget. -> KeysRead
struct ReadKeys {
    std::uint64_t ticket = 0;
    RegionId region;
    std::vector<LossBook::At> keys;
    Duration budget{};
};

// Make these chains durable as the book has them now, and what it says as a whole, in one commit.
// -> LossesSaved
struct SaveLosses {
    std::uint64_t ticket = 0;
    OperationId operation;
    std::vector<LossBook::At> keys;
    std::size_t decided = 0;  // writes that an operator's word decides; zero: no word
};

// The book of the operation that ended this epoch (ends_epoch) is needed. -> BookSearched
struct FindBook {
    Epoch epoch;
};

// The host may forget what it has named: it is durable, or a fence that runs will ask again.
struct HostHeard {
    std::uint64_t number = 0;
};

// For people: why no fate is found for writes to this table.
struct TableUnreadable {
    OperationId operation;
    std::string table;
    RegionId region;
    std::string why;
};

// For people: no operation is known that ended the epoch of these writes.
struct WritesWithoutBook {
    HostId host;
    std::size_t writes = 0;
};

// LossesExamined and LossesOpen are for the core of the app.
using LossAction = std::variant<
    ReadKeys,
    SaveLosses,
    FindBook,
    HostHeard,
    LossesExamined,
    LossesOpen,
    TableUnreadable,
    WritesWithoutBook>;

}  // namespace farshore::core
