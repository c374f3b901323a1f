#include "wire/agent_protocol.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <boost/json.hpp>

#include "wire/json_reader.h"

namespace farshore::wire {

namespace json = boost::json;

namespace {

constexpr std::int64_t kMsMax = 10LL * 365 * 24 * 3600 * 1000;  // ten years: beyond it is nonsense
constexpr std::int64_t kUtcMsMax = 253'402'300'799'999;         // the end of the year 9999
constexpr std::uint64_t kCountMax = std::numeric_limits<std::int64_t>::max();

json::string text_of(std::string_view text) {
    return json::string{text.data(), text.size()};
}

template <class Enum>
json::string word(Enum value) {
    return text_of(to_string(value));
}

// The JSON number of a count: parsers everywhere agree up to the range of int64.
std::int64_t number_of(std::uint64_t count) {
    return static_cast<std::int64_t>(std::min(count, kCountMax));
}

std::int64_t number_of(Epoch epoch) {
    return number_of(epoch.value());
}

Duration ms_of(ObjectReader& in, std::string_view name, Field need = Field::required) {
    return std::chrono::milliseconds{in.number(name, 0, kMsMax, need)};
}

UtcTime at_of(ObjectReader& in, std::string_view name, Field need = Field::required) {
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

json::object write(const LedgerEntry& entry) {
    // A key that is not an object is a bug of the caller; the peer would refuse the whole message.
    Result<json::object> key = parse_json_object(entry.key, kLedgerKeyBytesMax);
    return {
        {"table", entry.table.value()},
        {"key", key ? std::move(*key) : json::object{}},
        {"op", entry.op},
        {"at_ms", to_ms(entry.at)},
        {"epoch", number_of(entry.epoch)},
        {"hash", entry.hash},
        {"acknowledged", entry.acknowledged}
    };
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
    return entry;
}

struct OrderTypeOf {
    std::string_view operator()(const RouteOrder&) const { return "route"; }

    std::string_view operator()(const HoldOrder&) const { return "hold"; }

    std::string_view operator()(const ReleaseOrder&) const { return "release"; }

    std::string_view operator()(const FenceOrder&) const { return "fence"; }

    std::string_view operator()(const DrainOrder&) const { return "drain"; }

    std::string_view operator()(const VerifyOrder&) const { return "verify"; }

    std::string_view operator()(const PingOrder&) const { return "ping"; }

    std::string_view operator()(const UnknownOrder& order) const { return order.type; }
};

struct OrderFields {
    json::object& out;

    void operator()(const RouteOrder& order) const {
        out["active"] = order.active.value();
        out["users"] = order.users.value();
        out["operation"] = order.operation.value();
    }

    void operator()(const HoldOrder& order) const {
        out["hold_ms"] = to_ms(order.hold);
        out["operation"] = order.operation.value();
    }

    void operator()(const ReleaseOrder& order) const { out["operation"] = order.operation.value(); }

    void operator()(const FenceOrder& order) const {
        out["fence_grace_ms"] = to_ms(order.grace);
        out["operation"] = order.operation.value();
    }

    void operator()(const DrainOrder& order) const {
        out["timeout_ms"] = to_ms(order.timeout);
        out["operation"] = order.operation.value();
    }

    void operator()(const VerifyOrder& order) const { out["operation"] = order.operation.value(); }

    void operator()(const PingOrder& order) const { out["at_ms"] = to_ms(order.at); }

    void operator()(const UnknownOrder&) const {}
};

OrderBody read_order_body(ObjectReader& in, const std::string& type) {
    const auto operation = [&in] {
        return in.id<OperationId>("operation", Field::optional);
    };
    if (type == "route") {
        RouteOrder order;
        order.active = in.id<RegionId>("active");
        order.users = in.id<RegionId>("users");
        order.operation = operation();
        return order;
    }
    if (type == "hold") {
        return HoldOrder{.hold = ms_of(in, "hold_ms"), .operation = operation()};
    }
    if (type == "release") {
        return ReleaseOrder{.operation = operation()};
    }
    if (type == "fence") {
        FenceOrder order{.operation = operation()};
        if (in.has("fence_grace_ms")) {
            order.grace = ms_of(in, "fence_grace_ms");
        }
        return order;
    }
    if (type == "drain") {
        return DrainOrder{.timeout = ms_of(in, "timeout_ms"), .operation = operation()};
    }
    if (type == "verify") {
        return VerifyOrder{.operation = operation()};
    }
    if (type == "ping") {
        return PingOrder{.at = at_of(in, "at_ms")};
    }
    return UnknownOrder{.type = type};
}

struct LineWriter {
    json::object operator()(const ControllerHello& hello) const {
        return {
            {"type", "hello"},
            {"protocol",
             {{"lowest", hello.protocol.lowest},
              {"highest", hello.protocol.highest},
              {"speaks", hello.speaks}}},
            {"app", hello.app.value()},
            {"controller", hello.controller.value()},
            {"boot", hello.boot.value()},
            {"configuration_generation", number_of(hello.configuration_generation)}
        };
    }

    json::object operator()(const Refused& refused) const {
        return {{"type", "refused"}, {"why", refused.why}};
    }

    json::object operator()(const Order& order) const {
        json::object out{
            {"type", text_of(order.type())},
            {"order", number_of(order.number)},
            {"app", order.app.value()},
            {"epoch", number_of(order.epoch)}
        };
        std::visit(OrderFields{out}, order.body);
        return out;
    }
};

ControllerHello read_controller_hello(ObjectReader& in, JsonTrouble& trouble) {
    ControllerHello hello;
    hello.protocol = read_range(in, trouble);
    if (const json::object* protocol = in.object("protocol")) {
        ObjectReader range(*protocol, "protocol", trouble);
        hello.speaks =
            static_cast<int>(range.number("speaks", hello.protocol.lowest, hello.protocol.highest));
    }
    hello.app = in.id<AppId>("app");
    hello.controller = in.id<ObserverId>("controller");
    hello.boot = in.id<BootId>("boot");
    hello.configuration_generation =
        in.count("configuration_generation", kCountMax, Field::optional);
    return hello;
}

json::object write(const EvidenceCounts& counts) {
    return {
        {"region", counts.region.value()},
        {"component", word(counts.component)},
        {"path", word(counts.path)},
        {"ok", number_of(counts.ok)},
        {"failed", number_of(counts.failed)},
        {"stalled_ms", to_ms(counts.stalled)},
        {"latency_ms", to_ms(counts.latency)},
        {"last_error", counts.last_error}
    };
}

EvidenceCounts read_evidence(const json::object& object, std::string where, JsonTrouble& trouble) {
    ObjectReader in(object, std::move(where), trouble);
    EvidenceCounts counts;
    counts.region = in.id<RegionId>("region");
    counts.component = in.word<EvidenceComponent>("component");
    counts.path = in.word<EvidencePath>("path");
    counts.ok = in.count("ok", kCountMax);
    counts.failed = in.count("failed", kCountMax);
    counts.stalled = ms_of(in, "stalled_ms", Field::optional);
    counts.latency = ms_of(in, "latency_ms", Field::optional);
    counts.last_error = in.text("last_error", kTextBytesMax, Field::optional);
    return counts;
}

json::object write(const LedgerSummary& ledger) {
    return {
        {"acknowledged", number_of(ledger.acknowledged)},
        {"unproven", number_of(ledger.unproven)},
        {"oldest_unproven_ms", to_ms(ledger.oldest_unproven)},
        {"last_acknowledged_at_ms", to_ms(ledger.last_acknowledged_at)},
        {"newest_unproven_key", ledger.newest_unproven_key}
    };
}

LedgerSummary read_ledger(const json::object& object, JsonTrouble& trouble) {
    ObjectReader in(object, "ledger", trouble);
    LedgerSummary ledger;
    ledger.acknowledged = in.count("acknowledged", kCountMax);
    ledger.unproven = in.count("unproven", kCountMax);
    ledger.oldest_unproven = ms_of(in, "oldest_unproven_ms", Field::optional);
    ledger.last_acknowledged_at = at_of(in, "last_acknowledged_at_ms", Field::optional);
    ledger.newest_unproven_key =
        in.text("newest_unproven_key", kLedgerKeyBytesMax, Field::optional);
    return ledger;
}

struct AckFields {
    json::object& out;

    void operator()(const std::monostate&) const {}

    void operator()(const HoldAck& ack) const {
        out["hold"] = json::object{{"in_flight", number_of(ack.in_flight)}};
    }

    void operator()(const FenceAck& ack) const {
        json::array entries;
        entries.reserve(ack.entries.size());
        for (const LedgerEntry& entry : ack.entries) {
            entries.push_back(write(entry));
        }
        out["fence"] = json::object{
            {"cut", number_of(ack.cut)},
            {"entries", std::move(entries)},
            {"truncated", ack.truncated}
        };
    }

    void operator()(const DrainAck& ack) const {
        out["drain"] = json::object{
            {"proven", ack.proven}, {"keys", number_of(ack.keys)}, {"left", number_of(ack.left)}
        };
    }

    void operator()(const VerifyAck& ack) const {
        out["verify"] = json::object{{"region", ack.region.value()}, {"ms", to_ms(ack.took)}};
    }
};

FenceAck read_fence_ack(const json::object& object, JsonTrouble& trouble) {
    ObjectReader in(object, "fence", trouble);
    FenceAck ack;
    ack.cut = in.count("cut", kCountMax);
    ack.truncated = in.flag("truncated", Field::optional);
    const json::array* entries = in.array("entries", kLedgerEntriesMax);
    if (entries == nullptr) {
        return ack;
    }
    ack.entries.reserve(entries->size());
    for (std::size_t i = 0; i < entries->size() && !trouble.first; ++i) {
        const std::string where = "fence.entries[" + std::to_string(i) + "]";
        if (const json::object* entry = (*entries)[i].if_object()) {
            ack.entries.push_back(read_ledger_entry(*entry, where, trouble));
        } else {
            trouble.note(where + ": not an object");
        }
    }
    return ack;
}

void read_ack_body(ObjectReader& in, Ack& ack, JsonTrouble& trouble) {
    if (const json::object* hold = in.object("hold", Field::optional)) {
        ObjectReader body(*hold, "hold", trouble);
        ack.body = HoldAck{.in_flight = body.count("in_flight", kCountMax)};
    } else if (const json::object* fence = in.object("fence", Field::optional)) {
        ack.body = read_fence_ack(*fence, trouble);
    } else if (const json::object* drain = in.object("drain", Field::optional)) {
        ObjectReader body(*drain, "drain", trouble);
        DrainAck read;
        read.proven = body.flag("proven");
        read.keys = body.count("keys", kCountMax);
        read.left = body.count("left", kCountMax);
        ack.body = read;
    } else if (const json::object* verify = in.object("verify", Field::optional)) {
        ObjectReader body(*verify, "verify", trouble);
        VerifyAck read;
        read.region = body.id<RegionId>("region", Field::optional);
        read.took = ms_of(body, "ms", Field::optional);
        ack.body = read;
    }
}

// Reads one document with `read(ObjectReader&, JsonTrouble&)`.
template <class Message, class Read>
Result<Message> parse_with(
    std::string_view what, std::string_view text, std::size_t bytes_max, Read read
) {
    const Result<json::object> object = parse_json_object(text, bytes_max);
    if (!object) {
        return std::unexpected(in_context(what, object.error()));
    }
    JsonTrouble trouble;
    ObjectReader in(*object, "", trouble);
    Message message = read(in, trouble);
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(in_context(what, status.error()));
    }
    return message;
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
    return std::visit(OrderTypeOf{}, body);
}

std::string serialize(const AgentHello& hello) {
    const json::object out{
        {"type", "hello"},
        {"protocol", write(hello.protocol)},
        {"app", hello.app.value()},
        {"host", hello.host.value()},
        {"region", hello.region.value()},
        {"boot", hello.boot.value()},
        {"configuration_hash", hello.configuration_hash},
        {"epoch", number_of(hello.epoch)},
        {"active", hello.active.value()},
        {"users", hello.users.value()}
    };
    return json::serialize(out);
}

std::string serialize(const Report& report) {
    json::array evidence;
    for (const EvidenceCounts& counts : report.evidence) {
        evidence.push_back(write(counts));
    }
    const json::object out{
        {"type", "report"},
        {"app", report.app.value()},
        {"host", report.host.value()},
        {"region", report.region.value()},
        {"boot", report.boot.value()},
        {"sequence", number_of(report.sequence)},
        {"epoch", number_of(report.epoch)},
        {"active", report.active.value()},
        {"users", report.users.value()},
        {"write_state", word(report.write_state)},
        {"lease_remaining_ms", to_ms(report.lease_remaining)},
        {"evidence", std::move(evidence)},
        {"ledger", write(report.ledger)},
        {"in_flight_writes", number_of(report.in_flight_writes)},
        {"held", number_of(report.held)}
    };
    return json::serialize(out);
}

std::string serialize(const ReportAnswer& answer) {
    json::object out;
    if (answer.lease) {
        out["lease"] = json::object{
            {"epoch", number_of(answer.lease->epoch)}, {"length_ms", to_ms(answer.lease->length)}
        };
    } else {
        out["lease"] = nullptr;
        out["why"] = answer.why;
    }
    return json::serialize(out);
}

std::string serialize(const Ack& ack) {
    json::object out{
        {"app", ack.app.value()},
        {"host", ack.host.value()},
        {"boot", ack.boot.value()},
        {"order", number_of(ack.order)},
        {"type", ack.type},
        {"result", word(ack.result)},
        {"epoch", number_of(ack.epoch)},
        {"detail", ack.detail}
    };
    std::visit(AckFields{out}, ack.body);
    return json::serialize(out);
}

std::string serialize(const StreamLine& line) {
    return json::serialize(std::visit(LineWriter{}, line));
}

std::string serialize(const LedgerEntry& entry) {
    return json::serialize(write(entry));
}

Result<AgentHello> parse_agent_hello(std::string_view text) {
    return parse_with<AgentHello>(
        "hello",
        text,
        kHelloBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) {
            expect_type(in, "hello");
            AgentHello hello;
            hello.protocol = read_range(in, trouble);
            hello.app = in.id<AppId>("app");
            hello.host = in.id<HostId>("host");
            hello.region = in.id<RegionId>("region");
            hello.boot = in.id<BootId>("boot");
            hello.configuration_hash = in.text("configuration_hash", 128, Field::optional);
            hello.epoch = in.epoch("epoch");
            hello.active = in.id<RegionId>("active", Field::optional);
            hello.users = in.id<RegionId>("users", Field::optional);
            return hello;
        }
    );
}

Result<Report> parse_report(std::string_view text) {
    return parse_with<Report>(
        "report",
        text,
        kReportBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) {
            expect_type(in, "report");
            Report report;
            report.app = in.id<AppId>("app");
            report.host = in.id<HostId>("host");
            report.region = in.id<RegionId>("region");
            report.boot = in.id<BootId>("boot");
            report.sequence = in.count("sequence", kCountMax);
            report.epoch = in.epoch("epoch");
            report.active = in.id<RegionId>("active", Field::optional);
            report.users = in.id<RegionId>("users", Field::optional);
            report.write_state = in.word<WriteState>("write_state");
            report.lease_remaining = ms_of(in, "lease_remaining_ms");
            if (const json::array* list = in.array("evidence", kEvidenceMax)) {
                for (std::size_t i = 0; i < list->size(); ++i) {
                    const std::string where = "evidence[" + std::to_string(i) + "]";
                    if (const json::object* counts = (*list)[i].if_object()) {
                        report.evidence.push_back(read_evidence(*counts, where, trouble));
                    } else {
                        trouble.note(where + ": not an object");
                    }
                }
            }
            if (const json::object* ledger = in.object("ledger")) {
                report.ledger = read_ledger(*ledger, trouble);
            }
            report.in_flight_writes = in.count("in_flight_writes", kCountMax, Field::optional);
            report.held = in.count("held", kCountMax, Field::optional);
            return report;
        }
    );
}

Result<ReportAnswer> parse_report_answer(std::string_view text) {
    return parse_with<ReportAnswer>(
        "lease",
        text,
        kHelloBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) {
            ReportAnswer answer;
            if (const json::object* lease = in.object("lease", Field::optional)) {
                ObjectReader body(*lease, "lease", trouble);
                LeaseGrant grant;
                grant.epoch = body.epoch("epoch");
                grant.length = ms_of(body, "length_ms");
                answer.lease = grant;
            } else {
                answer.why = in.text("why", kTextBytesMax, Field::optional);
            }
            return answer;
        }
    );
}

Result<Ack> parse_ack(std::string_view text) {
    return parse_with<Ack>("ack", text, kAckBytesMax, [](ObjectReader& in, JsonTrouble& trouble) {
        Ack ack;
        ack.app = in.id<AppId>("app");
        ack.host = in.id<HostId>("host");
        ack.boot = in.id<BootId>("boot");
        ack.order = in.count("order", kCountMax);
        ack.type = in.text("type", 64);
        ack.result = in.word<AckResult>("result");
        ack.epoch = in.epoch("epoch");
        ack.detail = in.text("detail", kTextBytesMax, Field::optional);
        read_ack_body(in, ack, trouble);
        return ack;
    });
}

Result<StreamLine> parse_stream_line(std::string_view line) {
    return parse_with<StreamLine>(
        "order",
        line,
        kStreamLineBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) -> StreamLine {
            const std::string type = in.text("type", 64);
            if (type == "hello") {
                return read_controller_hello(in, trouble);
            }
            if (type == "refused") {
                return Refused{.why = in.text("why", kTextBytesMax, Field::optional)};
            }
            Order order;
            order.number = in.count("order", kCountMax);
            order.app = in.id<AppId>("app");
            order.epoch = in.epoch("epoch");
            order.body = read_order_body(in, type);
            return order;
        }
    );
}

Result<LedgerEntry> parse_ledger_entry(std::string_view text) {
    return parse_with<LedgerEntry>(
        "ledger entry",
        text,
        2 * kLedgerKeyBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) {
            return read_ledger_entry(in.whole(), "", trouble);
        }
    );
}

}  // namespace farshore::wire
