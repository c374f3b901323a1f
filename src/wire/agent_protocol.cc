#include "wire/agent_protocol.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "wire/agent_protocol_fields.h"

namespace farshore::wire {

namespace json = boost::json;

namespace {

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

Result<LedgerEntry> entry_from(const json::object& object) {
    return document_from<LedgerEntry>("ledger entry", object);
}

}  // namespace

std::optional<int> common_version(ProtocolRange ours, ProtocolRange theirs) {
    const int version = std::min(ours.highest, theirs.highest);
    if (version < ours.lowest || version < theirs.lowest) {
        return std::nullopt;
    }
    return version;
}

std::string_view Order::type() const {
    const auto* unknown = std::get_if<UnknownOrder>(&body);
    return unknown != nullptr ? std::string_view{unknown->type} : kOrderTypes[body.index()];
}

std::string LedgerKey::read_key(ObjectReader& in, std::string_view name, Field need) {
    const json::object* key = in.object(name, need);
    if (key == nullptr) {
        return {};
    }
    std::string text = sorted_text(*key);
    if (key->empty()) {
        in.wrong(name, "empty");
    }
    if (text.size() > kLedgerKeyBytesMax) {
        in.wrong(name, "longer than " + std::to_string(kLedgerKeyBytesMax) + " bytes");
    }
    return text;
}

json::object LedgerKey::write(const std::string& key) {
    Result<json::object> object = parse_json_object(key, kLedgerKeyBytesMax);
    return object ? std::move(*object) : json::object{};
}

std::vector<LedgerEntry> LedgerEntries::understood(const json::array* entries) {
    std::vector<LedgerEntry> out;
    if (entries == nullptr) {
        return out;
    }
    out.reserve(entries->size());
    for (const json::value& each : *entries) {
        if (const json::object* object = each.if_object()) {
            if (Result<LedgerEntry> entry = entry_from(*object)) {
                out.push_back(std::move(*entry));
            }
        }
    }
    return out;
}

json::array LedgerEntries::write(const std::vector<LedgerEntry>& entries) {
    json::array out;
    out.reserve(entries.size());
    for (const LedgerEntry& entry : entries) {
        json::object written = to_json(entry);
        if (entry_from(written)) {
            out.push_back(std::move(written));
        }
    }
    return out;
}

void TruncatedRow::read(ObjectReader& in, FenceAck& ack) {
    const json::value* entries = in.whole().if_contains("entries");
    const json::array* list = entries == nullptr ? nullptr : entries->if_array();
    ack.not_understood = list == nullptr ? 0 : list->size() - ack.entries.size();
    ack.truncated = !in.has("truncated") || in.flag("truncated") || ack.not_understood > 0;
}

void TruncatedRow::write(json::object& out, const FenceAck& ack) {
    const bool whole = out.at("entries").as_array().size() == ack.entries.size();
    out["truncated"] = ack.truncated || !whole;
}

std::string serialize(const AgentHello& hello) {
    return json::serialize(to_json(hello));
}

std::string serialize(const Report& report) {
    return json::serialize(to_json(report));
}

std::string serialize(const ReportAgain& report) {
    return json::serialize(to_json(report));
}

std::string serialize(const AckAnswer& answer) {
    return json::serialize(to_json(answer));
}

std::string serialize(const ReportAnswer& answer) {
    return json::serialize(to_json(answer));
}

std::string serialize(const Ack& ack) {
    return json::serialize(to_json(ack));
}

std::string serialize(const StreamLine& line) {
    return json::serialize(std::visit([](const auto& said) { return to_json(said); }, line));
}

std::string serialize(const LedgerEntry& entry) {
    return json::serialize(to_json(entry));
}

Result<AgentHello> parse_agent_hello(std::string_view text) {
    return parse_document<AgentHello>("hello", text, kHelloBytesMax);
}

Result<Report> parse_report(std::string_view text) {
    return parse_document<Report>("report", text, kReportBytesMax);
}

Result<ReportAgain> parse_report_again(std::string_view text) {
    return parse_document<ReportAgain>("report", text, kHelloBytesMax);
}

Result<AckAnswer> parse_ack_answer(std::string_view text) {
    return parse_document<AckAnswer>("answer", text, kHelloBytesMax);
}

Result<ReportAnswer> parse_report_answer(std::string_view text) {
    return parse_document<ReportAnswer>("lease", text, kHelloBytesMax);
}

Result<Ack> parse_ack(std::string_view text) {
    return parse_document<Ack>("ack", text, kAckBytesMax);
}

Result<StreamLine> parse_stream_line(std::string_view line) {
    constexpr std::string_view kWhat = "order";
    JsonArena arena;
    const Result<json::object> object =
        parse_json_object(line, kStreamLineBytesMax, arena.storage());
    if (!object) {
        return std::unexpected(in_context(kWhat, object.error()));
    }
    const json::value* type = object->if_contains("type");
    if (type != nullptr && *type == "hello") {
        return document_from<ControllerHello>(kWhat, *object);
    }
    if (type != nullptr && *type == "refused") {
        return document_from<Refused>(kWhat, *object);
    }
    return document_from<Order>(kWhat, *object);
}

Result<LedgerEntry> parse_ledger_entry(std::string_view text) {
    return parse_document<LedgerEntry>("ledger entry", text, 2 * kLedgerKeyBytesMax);
}

}  // namespace farshore::wire
