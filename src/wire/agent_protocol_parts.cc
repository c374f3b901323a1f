#include "wire/agent_protocol_parts.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/text.h"

namespace farshore::wire {

namespace {

constexpr std::int64_t kMsMax = 10LL * 365 * 24 * 3600 * 1000;  // ten years: beyond it is nonsense
constexpr std::int64_t kUtcMsMax = 253'402'300'799'999;         // the end of the year 9999

// Attribute names of a key in sorted order, so that equal keys have equal text.
std::string sorted_text(const json::object& key) {
    std::vector<const json::key_value_pair*> pairs;
    pairs.reserve(key.size());
    for (const json::key_value_pair& pair : key) {
        pairs.push_back(&pair);
    }
    std::ranges::sort(pairs, [](const auto* a, const auto* b) { return a->key() < b->key(); });
    json::object sorted;
    for (const json::key_value_pair* pair : pairs) {
        sorted.emplace(pair->key(), pair->value());
    }
    return json::serialize(sorted);
}

}  // namespace

json::string text_of(std::string_view text) {
    return json::string{text.data(), text.size()};
}

json::string words_of(std::string_view text) {
    return text_of(as_utf8(text, kTextBytesMax));
}

std::int64_t number_of(std::uint64_t count) {
    return static_cast<std::int64_t>(std::min(count, kCountMax));
}

std::int64_t number_of(Epoch epoch) {
    return number_of(epoch.value());
}

Duration ms_of(ObjectReader& in, std::string_view name, Field need) {
    return std::chrono::milliseconds{in.number(name, 0, kMsMax, need)};
}

UtcTime at_of(ObjectReader& in, std::string_view name, Field need) {
    return utc_from_ms(in.number(name, 0, kUtcMsMax, need));
}

json::object write(const ProtocolRange& range) {
    return {{"lowest", range.lowest}, {"highest", range.highest}};
}

ProtocolRange read_range(ObjectReader& in, JsonTrouble& trouble) {
    const json::object* object = in.object("protocol");
    if (object == nullptr) {
        return {};
    }
    ObjectReader range(*object, in.place("protocol"), trouble);
    const ProtocolRange read{
        .lowest = static_cast<int>(range.number("lowest", 1, 1'000'000)),
        .highest = static_cast<int>(range.number("highest", 1, 1'000'000))
    };
    if (read.lowest > read.highest) {
        range.wrong("lowest", "above highest");
    }
    return read;
}

void expect_type(ObjectReader& in, std::string_view type) {
    const std::string found = in.text("type", ObjectReader::kIdBytesMax);
    if (found != type) {
        in.wrong("type", "\"" + found + "\" where \"" + std::string{type} + "\" is expected");
    }
}

void write_to(json::object& out, const std::optional<UnknownOutcomes>& unknown) {
    if (!unknown) {
        return;
    }
    out["unknown"] = json::object{
        {"count", number_of(unknown->count)},
        {"newest_age_ms",
         unknown->newest_age ? json::value(to_ms(*unknown->newest_age)) : json::value(nullptr)}
    };
}

std::optional<UnknownOutcomes> read_unknown(ObjectReader& in, JsonTrouble& trouble) {
    const json::object* object = in.object("unknown", Field::optional);
    if (object == nullptr) {
        return std::nullopt;
    }
    ObjectReader body(*object, in.place("unknown"), trouble);
    UnknownOutcomes unknown{.count = body.count("count", kCountMax), .newest_age = std::nullopt};
    if (body.has("newest_age_ms")) {
        unknown.newest_age = ms_of(body, "newest_age_ms", Field::optional);
    }
    return unknown;
}

json::object write(const LedgerEntry& entry) {
    // A key that is not an object becomes an empty one, which no reader takes.
    Result<json::object> key = parse_json_object(entry.key, kLedgerKeyBytesMax);
    json::object out{
        {"table", entry.table.value()},
        {"key", key ? std::move(*key) : json::object{}},
        {"op", entry.op},
        {"at_ms", to_ms(entry.at)},
        {"epoch", number_of(entry.epoch)},
        {"hash", entry.hash},
        {"acknowledged", entry.acknowledged}
    };
    if (entry.order > 0) {
        out["order"] = number_of(entry.order);
    }
    if (entry.left_out) {
        out["left_out"] = true;
    }
    return out;
}

LedgerEntry read_ledger_entry(const json::object& object, std::string where, JsonTrouble& trouble) {
    ObjectReader in(object, std::move(where), trouble);
    LedgerEntry entry;
    entry.table = in.id<TableName>("table");
    if (const json::object* key = in.object("key")) {
        entry.key = sorted_text(*key);
        if (key->empty()) {
            in.wrong("key", "empty");
        }
        if (entry.key.size() > kLedgerKeyBytesMax) {
            in.wrong("key", "longer than " + std::to_string(kLedgerKeyBytesMax) + " bytes");
        }
    }
    entry.op = in.text("op", 64);
    entry.at = at_of(in, "at_ms");
    entry.epoch = in.epoch("epoch");
    entry.hash = in.text("hash", 128, Field::optional);
    entry.acknowledged = in.flag("acknowledged");
    entry.order = in.has("order") ? in.count("order", kCountMax) : 0;
    entry.left_out = in.flag("left_out", Field::optional);
    return entry;
}

}  // namespace farshore::wire
