#include "core/loss/fence_list.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

namespace farshore::core {

namespace {

using Writes = std::vector<LedgerWrite>;

constexpr std::size_t kEntriesMax = 10'000;
constexpr std::size_t kLedgerEntriesMax = 1'000'000;  // its bytes are bounded, and hold fewer
// About a megabyte: a fence waits for it, and another host's write that is not proven yet is a few
// seconds old, since the Regions are compared where the standby alone proves nothing.
constexpr std::size_t kProvenMax = 4'000;
constexpr Duration kProvenMatters = std::chrono::minutes{1};
constexpr std::size_t kEntryBytes = 200;  // of an entry's JSON beside its texts

// How many of them, from the first one on, an acknowledgement holds.
std::size_t fitting(const Writes& writes) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const LedgerWrite& write : writes) {
        bytes += kEntryBytes + write.key.size() + write.table.value().size() +
                 write.operation.size() + write.digest.size();
        if (count == kEntriesMax || bytes > kFenceEntriesBytesMax) {
            break;
        }
        ++count;
    }
    return count;
}

// The number is that of the first write that is left out.
std::pair<Writes, std::optional<std::uint64_t>> unproven_below(
    const Ledger& ledger, const FenceQuestion& question
) {
    const std::set<TableName>& unreadable = question.unreadable;
    Writes writes = ledger.left_behind();
    std::ranges::copy(
        ledger.unproven_entries(unreadable.empty() ? kEntriesMax + 1 : kLedgerEntriesMax),
        std::back_inserter(writes)
    );
    std::erase_if(writes, [&](const LedgerWrite& write) { return write.epoch >= question.below; });
    const std::size_t fits = fitting(writes);
    if (fits == writes.size()) {
        return {std::move(writes), std::nullopt};
    }
    std::ranges::sort(writes, {}, [&](const LedgerWrite& write) {
        return std::pair{unreadable.contains(write.table), write.number};
    });
    const auto left_out = std::span{writes}.subspan(fitting(writes));
    const std::uint64_t omitted_from = std::ranges::min(left_out, {}, &LedgerWrite::number).number;
    writes.resize(writes.size() - left_out.size());
    std::ranges::sort(writes, {}, &LedgerWrite::number);
    return {std::move(writes), omitted_from};
}

}  // namespace

FenceList fence_list(const Ledger& ledger, const FenceQuestion& question) {
    const auto ordered = [&](const LedgerWrite& write) {
        LedgerEntry entry = told(write);
        entry.order = question.order_base + write.number;
        return entry;
    };
    auto [writes, omitted_from] = unproven_below(ledger, question);
    FenceList list{.whole = !omitted_from};
    for (const LedgerWrite& write : writes) {
        if (!omitted_from || write.number < *omitted_from) {
            list.up_to = write.number;
        }
        // A write without its key cannot be looked for.
        if (write.key.empty()) {
            list.whole = false;
            continue;
        }
        list.entries.push_back(ordered(write));
        list.entries.back().left_out = question.left_out.contains(write.table);
    }
    // As many of the proven ones as fit behind the entries.
    const std::size_t unproven = writes.size();
    std::ranges::copy_if(
        ledger.proven_since(question.now - kProvenMatters, kProvenMax),
        std::back_inserter(writes),
        [&](const LedgerWrite& write) { return write.epoch < question.below; }
    );
    for (std::size_t i = unproven, end = fitting(writes); i < end; ++i) {
        list.proven.push_back(ordered(writes[i]));
    }
    list.unknown_writes = static_cast<std::uint64_t>(std::ranges::count_if(
        ledger.unknown_since(question.now - kUnknownMatters, kEntriesMax),
        [&](const LedgerWrite& write) { return write.epoch < question.below; }
    ));
    return list;
}

}  // namespace farshore::core
