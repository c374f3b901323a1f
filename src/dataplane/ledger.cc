#include "dataplane/ledger.h"

#include <optional>
#include <utility>

#include "dataplane/item_digest.h"

namespace farshore::dataplane {

namespace {

// About what they take in memory.
std::size_t bytes_of(const boost::json::object& attributes) {
    constexpr std::size_t kPerMember = 64;
    std::size_t sum = kPerMember;
    for (const auto& [name, tagged] : attributes) {
        sum += kPerMember + name.size();
        if (const auto* one = tagged.if_object(); one != nullptr && !one->empty()) {
            const auto* text = one->begin()->value().if_string();
            sum += kPerMember + (text == nullptr ? 0 : text->size());
        }
    }
    return sum;
}

}  // namespace

void EndpointLedger::take_in() {
    LedgerQueue::Taken taken = queue_->take();
    if (taken.dropped > 0) {
        const Instant first = taken.first_dropped_at.value_or(Instant{});
        ledger_.miss(
            taken.dropped, first, taken.notes.empty() ? first : taken.notes.back().ended_at
        );
    }
    for (const WriteNote& note : taken.notes) {
        for (NotedWrite& write : read_note(note)) {
            add(note, std::move(write));
        }
    }
}

// Those whose writes are settled wait for nothing any more.
bool EndpointLedger::may_wait(std::size_t bytes) {
    if (waiting_bytes_ + bytes > limits_.waiting_bytes_max) {
        for (auto& [name, table] : tables_) {
            std::erase_if(table.waiting, [&](const auto& each) {
                const bool over = !ledger_.lacks_key(name, each.first);
                waiting_bytes_ -= over ? bytes_of(each.second.attributes) : 0;
                return over;
            });
        }
    }
    return waiting_bytes_ + bytes <= limits_.waiting_bytes_max;
}

void EndpointLedger::add(const WriteNote& note, NotedWrite write) {
    const auto known = tables_.find(write.table);
    const bool has_names = known != tables_.end() && !known->second.key_names.empty();
    std::optional<std::string> key;
    core::KeyKnown state = core::KeyKnown::untold;
    if (write.has_key && !write.attributes.empty()) {
        key = canonical_item(write.attributes);
    } else if (!write.has_key && has_names) {
        key = key_text(write.attributes, known->second.key_names);
    }
    const std::size_t waits = bytes_of(write.attributes);
    if (key) {
        state = core::KeyKnown::told;
    } else if (write.has_key || (has_names && write.whole)) {
        state = core::KeyKnown::impossible;
    } else if (!has_names && !write.attributes.empty() && may_wait(waits)) {
        state = core::KeyKnown::awaited;
    }
    const std::uint64_t number = ledger_.add(
        {.table = write.table,
         .key = std::move(key).value_or(std::string{}),
         .operation = std::move(write.operation),
         .at = note.at,
         .ended_at = note.ended_at,
         .epoch = note.epoch,
         .digest = std::move(write.digest),
         .acknowledged = note.acknowledged && !write.unknown},
        state
    );
    if (state == core::KeyKnown::awaited && ledger_.lacks_key(write.table, number)) {
        waiting_bytes_ += waits;
        tables_[write.table].waiting.emplace(
            number, Waiting{.attributes = std::move(write.attributes), .whole = write.whole}
        );
    }
}

void EndpointLedger::set_table_keys(const TableName& name, std::vector<std::string> names) {
    take_in();
    Table& table = tables_[name];
    table.key_names = std::move(names);
    for (const auto& [number, waiting] : std::exchange(table.waiting, {})) {
        waiting_bytes_ -= bytes_of(waiting.attributes);
        std::optional<std::string> key = key_text(waiting.attributes, table.key_names);
        if (key || waiting.whole) {
            ledger_.give_key(name, number, std::move(key));
        }
    }
}

std::vector<TableName> EndpointLedger::tables_without_keys() {
    take_in();
    std::vector<TableName> names;
    for (const TableName& name : ledger_.tables()) {
        const auto known = tables_.find(name);
        if (known == tables_.end() || known->second.key_names.empty()) {
            names.push_back(name);
        }
    }
    return names;
}

}  // namespace farshore::dataplane
