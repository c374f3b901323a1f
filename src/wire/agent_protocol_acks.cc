#include <utility>

#include <boost/json.hpp>

#include "wire/agent_protocol.h"
#include "wire/agent_protocol_parts.h"

// An agent's answers to orders.
namespace farshore::wire {

namespace json = boost::json;

namespace {

bool is_taken(const json::object& entry) {
    JsonTrouble trouble;
    (void)read_ledger_entry(entry, "", trouble);
    return !trouble.any();
}

// One entry that the peer would not take must not cost it the others.
json::array taken(const std::vector<LedgerEntry>& entries) {
    json::array out;
    out.reserve(entries.size());
    for (const LedgerEntry& entry : entries) {
        json::object written = write(entry);
        if (is_taken(written)) {
            out.push_back(std::move(written));
        }
    }
    return out;
}

struct AckFields {
    json::object& out;

    void operator()(const std::monostate&) const {}

    void operator()(const HoldAck& ack) const {
        out["hold"] = json::object{{"in_flight", number_of(ack.in_flight)}};
    }

    void operator()(const FenceAck& ack) const {
        json::array entries = taken(ack.entries);
        const bool whole = entries.size() == ack.entries.size();
        json::object fence{
            {"cut", number_of(ack.cut)},
            {"entries", std::move(entries)},
            {"truncated", ack.truncated || !whole},
            {"up_to", ack.up_to},
            {"adopted_alone", ack.adopted_alone}
        };
        if (ack.unknown_writes > 0) {
            fence["unknown_writes"] = number_of(ack.unknown_writes);
        }
        if (!ack.proven.empty()) {
            fence["proven"] = taken(ack.proven);
        }
        out["fence"] = std::move(fence);
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

// Those that this version understands.
std::vector<LedgerEntry> understood(const json::array& entries) {
    std::vector<LedgerEntry> out;
    out.reserve(entries.size());
    for (const json::value& each : entries) {
        JsonTrouble of_this;
        if (const json::object* entry = each.if_object()) {
            LedgerEntry read = read_ledger_entry(*entry, "", of_this);
            if (!of_this.any()) {
                out.push_back(std::move(read));
            }
        }
    }
    return out;
}

FenceAck read_fence_ack(const json::object& object, JsonTrouble& trouble) {
    ObjectReader in(object, "fence", trouble);
    FenceAck ack;
    ack.cut = in.count("cut", kCountMax);
    ack.truncated = !in.has("truncated") || in.flag("truncated");  // "all of them" is said
    ack.up_to = in.has("up_to") ? in.count("up_to", kCountMax) : 0;
    ack.adopted_alone = in.flag("adopted_alone", Field::optional);
    ack.unknown_writes = in.count("unknown_writes", kCountMax, Field::optional);
    if (const json::array* entries = in.array("entries", kLedgerEntriesMax)) {
        ack.entries = understood(*entries);
        ack.not_understood = entries->size() - ack.entries.size();
        ack.truncated = ack.truncated || ack.not_understood > 0;
    }
    if (const json::array* proven = in.array("proven", kLedgerEntriesMax, Field::optional)) {
        ack.proven = understood(*proven);
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

}  // namespace

std::string serialize(const Ack& ack) {
    json::object out{
        {"app", ack.app.value()},
        {"host", ack.host.value()},
        {"boot", ack.boot.value()},
        {"order", number_of(ack.order)},
        {"type", ack.type},
        {"result", word(ack.result)},
        {"epoch", number_of(ack.epoch)},
        {"detail", words_of(ack.detail)}
    };
    write_to(out, ack.unknown);
    std::visit(AckFields{out}, ack.body);
    return json::serialize(out);
}

std::string serialize(const LedgerEntry& entry) {
    return json::serialize(write(entry));
}

Result<Ack> parse_ack(std::string_view text) {
    return parse_with<Ack>("ack", text, kAckBytesMax, [](ObjectReader& in, JsonTrouble& trouble) {
        Ack ack;
        ack.app = in.name<AppId>("app");
        ack.host = in.name<HostId>("host");
        ack.boot = in.id<BootId>("boot");
        ack.order = in.count("order", kCountMax);
        ack.type = in.text("type", 64);
        ack.result = in.word<AckResult>("result");
        ack.epoch = in.epoch("epoch");
        ack.detail = in.text("detail", kTextBytesMax, Field::optional);
        ack.unknown = read_unknown(in, trouble);
        read_ack_body(in, ack, trouble);
        return ack;
    });
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
