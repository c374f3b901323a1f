#pragma once

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>

#include "wire/agent_protocol.h"
#include "wire/document_forms.h"

// The fields of what controllers and agents say to each other.
namespace farshore::wire {

template <>
inline constexpr auto kFields<ProtocolRange> = std::tuple{
    required("lowest", &ProtocolRange::lowest, Number{1, 1'000'000}),
    required("highest", &ProtocolRange::highest, Number{1, 1'000'000}),
    rule([](ObjectReader& in, const ProtocolRange& range) {
        if (range.lowest > range.highest) {
            in.wrong("lowest", "above highest");
        }
    })
};

template <>
inline constexpr auto kFields<AgentHello> = std::tuple{
    Says{"type", "hello"},
    required("protocol", &AgentHello::protocol, Inside{}),
    required("app", &AgentHello::app, Name{}),
    required("host", &AgentHello::host, Name{}),
    required("region", &AgentHello::region, Name{}),
    required("boot", &AgentHello::boot, Id{}),
    optional("configuration_hash", &AgentHello::configuration_hash, Text{128}),
    required("epoch", &AgentHello::epoch, EpochNumber{}),
    optional("active", &AgentHello::active, Name{}),
    optional("users", &AgentHello::users, Name{})
};

template <>
inline constexpr auto kFields<ControllerHello> = std::tuple{
    Says{"type", "hello"},
    group(
        "protocol",
        flat(&ControllerHello::protocol),
        required("speaks", &ControllerHello::speaks, Number{1, 1'000'000}),
        rule([](ObjectReader& in, const ControllerHello& hello) {
            if (hello.speaks < hello.protocol.lowest || hello.speaks > hello.protocol.highest) {
                in.wrong("speaks", "outside lowest to highest");
            }
        })
    ),
    required("app", &ControllerHello::app, Id{}),
    required("controller", &ControllerHello::controller, Id{}),
    required("boot", &ControllerHello::boot, Id{}),
    optional("configuration_generation", &ControllerHello::configuration_generation, Count{}),
    optional("register", &ControllerHello::register_id, Text{ObjectReader::kIdBytesMax}),
    sparse("takes_again", &ControllerHello::takes_again, Flag{})
};

template <>
inline constexpr auto kFields<Refused> =
    std::tuple{Says{"type", "refused"}, optional("why", &Refused::why, Words{kTextBytesMax})};

template <>
inline constexpr auto kFields<RouteOrder> = std::tuple{
    required("active", &RouteOrder::active, Id{}),
    required("users", &RouteOrder::users, Id{}),
    optional("operation", &RouteOrder::operation, Id{})
};

template <>
inline constexpr auto kFields<HoldOrder> = std::tuple{
    required("hold_ms", &HoldOrder::hold, Ms{}), optional("operation", &HoldOrder::operation, Id{})
};

template <>
inline constexpr auto kFields<ReleaseOrder> =
    std::tuple{optional("operation", &ReleaseOrder::operation, Id{})};

template <>
inline constexpr auto kFields<FenceOrder> = std::tuple{
    optional("fence_grace_ms", &FenceOrder::grace, Otherwise{Ms{}, FenceOrder{}.grace}),
    optional("operation", &FenceOrder::operation, Id{})
};

template <>
inline constexpr auto kFields<DrainOrder> = std::tuple{
    required("timeout_ms", &DrainOrder::timeout, Ms{}),
    optional("operation", &DrainOrder::operation, Id{})
};

template <>
inline constexpr auto kFields<VerifyOrder> =
    std::tuple{optional("operation", &VerifyOrder::operation, Id{})};

inline constexpr std::int64_t kUptimeMsMax =
    std::int64_t{100} * 366 * 24 * 3'600'000;  // a hundred years

template <>
inline constexpr auto kFields<PingOrder> = std::tuple{
    required("at_ms", &PingOrder::at, At{}),
    sparse("uptime_ms", &PingOrder::uptime, Ms{.max = kUptimeMsMax})
};

// Its word says all there is to say.
template <>
inline constexpr std::tuple<> kFields<UnknownOrder>{};

// The words of OrderBody's kinds, in their order; an unknown order brings its own.
inline constexpr std::array<std::string_view, 7> kOrderTypes{
    "route", "hold", "release", "fence", "drain", "verify", "ping"
};
static_assert(kOrderTypes.size() + 1 == std::variant_size_v<OrderBody>);

// The order's word chooses its kind.
struct OrderTypeRow {
    static void read(ObjectReader& in, Order& order) {
        order.body = UnknownOrder{.type = in.text("type", 64)};
        [&]<std::size_t... Kind>(std::index_sequence<Kind...>) {
            const std::string type = std::get<UnknownOrder>(order.body).type;
            ((type == kOrderTypes[Kind] ? void(order.body.emplace<Kind>()) : void()), ...);
        }(std::make_index_sequence<kOrderTypes.size()>{});
    }

    static void write(boost::json::object& out, const Order& order) { out["type"] = order.type(); }
};

// The fields of its kind stand among its own.
struct OrderBodyRow {
    static void read(ObjectReader& in, Order& order) {
        std::visit(
            [&in]<class Body>(Body& body) { read_rows(in, kFields<Body>, body); }, order.body
        );
    }

    static void write(boost::json::object& out, const Order& order) {
        std::visit(
            [&out]<class Body>(const Body& body) { write_rows(out, kFields<Body>, body); },
            order.body
        );
    }
};

template <>
inline constexpr auto kFields<Order> = std::tuple{
    OrderTypeRow{},
    required("order", &Order::number, Count{}),
    required("app", &Order::app, Id{}),
    required("epoch", &Order::epoch, EpochNumber{}),
    OrderBodyRow{}
};

template <>
inline constexpr auto kFields<EvidenceCounts> = std::tuple{
    required("region", &EvidenceCounts::region, Id{}),
    required("component", &EvidenceCounts::component, Word{}),
    required("path", &EvidenceCounts::path, Word{}),
    required("ok", &EvidenceCounts::ok, Count{}),
    required("failed", &EvidenceCounts::failed, Count{}),
    optional("stalled_ms", &EvidenceCounts::stalled, Ms{}),
    optional("latency_ms", &EvidenceCounts::latency, Ms{}),
    optional("last_error", &EvidenceCounts::last_error, Words{kTextBytesMax})
};

template <>
inline constexpr auto kFields<TableTrouble> = std::tuple{
    required("table", &TableTrouble::table, Id{}),
    required("region", &TableTrouble::region, Id{}),
    required("unproven", &TableTrouble::unproven, Count{}),
    optional("why", &TableTrouble::why, Words{kTextBytesMax})
};

// What is not said is not so, nor is the ledger whole.
template <>
inline constexpr auto kFields<LedgerSummary> = std::tuple{
    required("acknowledged", &LedgerSummary::acknowledged, Count{}),
    required("unproven", &LedgerSummary::unproven, Count{}),
    optional("oldest_unproven_ms", &LedgerSummary::oldest_unproven, Ms{}),
    optional("last_acknowledged_at_ms", &LedgerSummary::last_acknowledged_at, At{}),
    optional("last_acknowledged_age_ms", &LedgerSummary::last_acknowledged_age, Ms{}),
    optional("whole", &LedgerSummary::whole, Flag{}),
    optional("left_behind", &LedgerSummary::left_behind, Count{}),
    optional("tables", &LedgerSummary::tables, List{kTableTroublesMax, Inside{}})
};

// "None" is written out: a field that is missing means "not said".
template <>
inline constexpr auto kFields<UnknownOutcomes> = std::tuple{
    required("count", &UnknownOutcomes::count, Count{}),
    optional("newest_age_ms", &UnknownOutcomes::newest_age, Ms{})
};

// As in /v1/state. A word of a later agent says nothing to this version.
struct ClientKeysRow {
    static constexpr std::string_view kName = "client_keys";
    static constexpr std::string_view kRequired = "required";
    static constexpr std::string_view kOff = "off";

    static void read(ObjectReader& in, Report& report) {
        const std::string keys = in.text(kName, kTextBytesMax, Field::optional);
        if (keys == kRequired || keys == kOff) {
            report.client_keys_required = keys == kRequired;
        }
    }

    static void write(boost::json::object& out, const Report& report) {
        if (report.client_keys_required) {
            out[kName] = *report.client_keys_required ? kRequired : kOff;
        }
    }
};

template <>
inline constexpr auto kFields<Report> = std::tuple{
    Says{"type", "report"},
    required("app", &Report::app, Name{}),
    required("host", &Report::host, Name{}),
    required("region", &Report::region, Name{}),
    required("boot", &Report::boot, Id{}),
    required("sequence", &Report::sequence, Count{}),
    required("epoch", &Report::epoch, EpochNumber{}),
    optional("active", &Report::active, Name{}),
    optional("users", &Report::users, Name{}),
    required("write_state", &Report::write_state, Word{}),
    required("lease_remaining_ms", &Report::lease_remaining, Ms{}),
    required("evidence", &Report::evidence, List{kEvidenceMax, Inside{}}),
    required("ledger", &Report::ledger, Inside{}),
    optional("in_flight_writes", &Report::in_flight_writes, Count{}),
    optional("held", &Report::held, Count{}),
    sparse("unknown", &Report::unknown, Inside{}),
    ClientKeysRow{},
    sparse("program", &Report::program, Printable{64})
};

template <>
inline constexpr auto kFields<ReportAgain> = std::tuple{
    Says{"type", "again"},
    required("app", &ReportAgain::app, Name{}),
    required("host", &ReportAgain::host, Name{}),
    required("boot", &ReportAgain::boot, Id{}),
    required("sequence", &ReportAgain::sequence, Count{}),
    required("like", &ReportAgain::like, Count{}),
    required("well", &ReportAgain::well, Count{}),
    sparse("unproven", &ReportAgain::unproven, Count{}),
    sparse("oldest_unproven_ms", &ReportAgain::oldest_unproven, Ms{}),
    sparse("last_acknowledged_age_ms", &ReportAgain::last_acknowledged_age, Ms{})
};

template <>
inline constexpr auto kFields<LeaseGrant> = std::tuple{
    required("epoch", &LeaseGrant::epoch, EpochNumber{}),
    required("length_ms", &LeaseGrant::length, Ms{})
};

// Said only where there is no lease.
struct WhyNoLeaseRow {
    static constexpr auto kWhy = optional("why", &ReportAnswer::why, Words{kTextBytesMax});

    static void read(ObjectReader& in, ReportAnswer& answer) {
        if (!answer.lease) {
            kWhy.read(in, answer);
        }
    }

    static void write(boost::json::object& out, const ReportAnswer& answer) {
        if (!answer.lease) {
            kWhy.write(out, answer);
        }
    }
};

template <>
inline constexpr auto kFields<ReportAnswer> = std::tuple{
    optional("lease", &ReportAnswer::lease, Inside{}),
    WhyNoLeaseRow{},
    sparse("rest_ms", &ReportAnswer::rest, Ms{})
};

template <>
inline constexpr auto kFields<AckAnswer> = std::tuple{sparse("lease", &AckAnswer::lease, Inside{})};

// The attribute map of a key: an object on the wire, comparable text here. Bounded in bytes.
struct LedgerKey {
    template <std::same_as<std::string>>
    [[nodiscard]] std::string read(ObjectReader& in, std::string_view name, Field need) const {
        return read_key(in, name, need);
    }

    // A text that is no object becomes an empty one, which no reader takes.
    [[nodiscard]] static boost::json::object write(const std::string& key);

  private:
    [[nodiscard]] static std::string read_key(ObjectReader& in, std::string_view name, Field need);
};

template <>
inline constexpr auto kFields<LedgerEntry> = std::tuple{
    required("table", &LedgerEntry::table, Id{}),
    required("key", &LedgerEntry::key, LedgerKey{}),
    required("op", &LedgerEntry::op, Text{64}),
    required("at_ms", &LedgerEntry::at, At{}),
    required("epoch", &LedgerEntry::epoch, EpochNumber{}),
    optional("hash", &LedgerEntry::hash, Text{128}),
    required("acknowledged", &LedgerEntry::acknowledged, Flag{}),
    sparse("order", &LedgerEntry::order, Count{}),
    sparse("left_out", &LedgerEntry::left_out, Flag{})
};

// Entries of which each stands for itself: what the reader does not understand it leaves out, and
// the writer leaves out what a reader would refuse.
struct LedgerEntries {
    template <std::same_as<std::vector<LedgerEntry>>>
    [[nodiscard]] std::vector<LedgerEntry> read(ObjectReader& in, std::string_view name, Field need)
        const {
        return understood(in.array(name, kLedgerEntriesMax, need));
    }

    [[nodiscard]] static boost::json::array write(const std::vector<LedgerEntry>& entries);

  private:
    [[nodiscard]] static std::vector<LedgerEntry> understood(const boost::json::array* entries);
};

// That all of them are there is said, and true only when both sides have understood all of them.
struct TruncatedRow {
    static void read(ObjectReader& in, FenceAck& ack);
    static void write(boost::json::object& out, const FenceAck& ack);
};

template <>
inline constexpr auto kFields<HoldAck> =
    std::tuple{required("in_flight", &HoldAck::in_flight, Count{})};

template <>
inline constexpr auto kFields<FenceAck> = std::tuple{
    required("cut", &FenceAck::cut, Count{}),
    required("entries", &FenceAck::entries, LedgerEntries{}),
    TruncatedRow{},
    optional("up_to", &FenceAck::up_to, Count{}),
    optional("adopted_alone", &FenceAck::adopted_alone, Flag{}),
    sparse("unknown_writes", &FenceAck::unknown_writes, Count{}),
    sparse("proven", &FenceAck::proven, LedgerEntries{})
};

template <>
inline constexpr auto kFields<DrainAck> = std::tuple{
    required("proven", &DrainAck::proven, Flag{}),
    required("keys", &DrainAck::keys, Count{}),
    required("left", &DrainAck::left, Count{}),
    sparse("adopted_alone", &DrainAck::adopted_alone, Flag{})
};

template <>
inline constexpr auto kFields<VerifyAck> = std::tuple{
    optional("region", &VerifyAck::region, Id{}), optional("ms", &VerifyAck::took, Ms{})
};

// An object under the word of its kind; none for an order that has nothing more to say.
struct AckBodyRow {
    // Of the kinds of Ack::body, in their order.
    static constexpr std::array<std::string_view, 5> kWords{"", "hold", "fence", "drain", "verify"};
    static_assert(kWords.size() == std::variant_size_v<decltype(Ack::body)>);

    static void read(ObjectReader& in, Ack& ack) { read_first<1>(in, ack); }

    static void write(boost::json::object& out, const Ack& ack) {
        std::visit(
            [&]<class Body>(const Body& body) {
                if constexpr (Listed<Body>) {
                    out[kWords[ack.body.index()]] = to_json(body);
                }
            },
            ack.body
        );
    }

  private:
    template <std::size_t Kind>
    static void read_first(ObjectReader& in, Ack& ack) {
        if (const boost::json::object* object = in.object(kWords[Kind], Field::optional)) {
            using Body = std::variant_alternative_t<Kind, decltype(Ack::body)>;
            ObjectReader inside = in.inside(*object, kWords[Kind]);
            ack.body = read_listed<Body>(inside);
        } else if constexpr (Kind + 1 < kWords.size()) {
            read_first<Kind + 1>(in, ack);
        }
    }
};

template <>
inline constexpr auto kFields<Ack> = std::tuple{
    required("app", &Ack::app, Name{}),
    required("host", &Ack::host, Name{}),
    required("boot", &Ack::boot, Id{}),
    required("order", &Ack::order, Count{}),
    required("type", &Ack::type, Text{64}),
    required("result", &Ack::result, Word{}),
    required("epoch", &Ack::epoch, EpochNumber{}),
    optional("detail", &Ack::detail, Words{kTextBytesMax}),
    sparse("unknown", &Ack::unknown, Inside{}),
    AckBodyRow{}
};

}  // namespace farshore::wire
