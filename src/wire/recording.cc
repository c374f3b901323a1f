#include "wire/recording.h"

#include <array>
#include <utility>
#include <variant>

#include <boost/json.hpp>

#include "wire/recording_fields.h"

namespace farshore::wire {

namespace json = boost::json;

namespace {

// In the order of core::Event, and behind it those of core::Input.
constexpr std::array<std::string_view, std::variant_size_v<core::Event>> kEventNames{
    "observation",        "epoch_raised",       "epochs_read",
    "hosts_found",        "agent_acked",        "agents_acked",
    "agent_joined",       "agent_connected",    "agent_disconnected",
    "agent_forgotten",    "credential_revoked", "agent_reported",
    "losses_examined",    "losses_open",        "tables_looked_up",
    "traffic_served",     "function_verified",  "command_ended",
    "step_answered",      "heartbeat_arrived",  "heartbeat_found",
    "write_acknowledged", "change_request",     "abort_request",
    "pause_request",      "resume_request",     "tick"
};
constexpr std::array<std::string_view, std::variant_size_v<core::Input>> kInputNames{
    "", "resumed", "stalled", "withdrawn", "lease_granted"
};

// The first of the variant's alternatives, from `Index` on, whose name the line has.
template <class Variant, std::size_t Index = 0>
std::optional<Variant> find_named(ObjectReader& in, const auto& names) {
    if constexpr (Index == std::variant_size_v<Variant>) {
        return std::nullopt;
    } else {
        using Document = std::variant_alternative_t<Index, Variant>;
        if constexpr (Listed<Document>) {
            if (in.has(names[Index])) {
                return Variant{Inside{}.read<Document>(in, names[Index], Field::required)};
            }
        }
        return find_named<Variant, Index + 1>(in, names);
    }
}

}  // namespace

std::string_view name_of(const core::Input& input) {
    const auto* event = std::get_if<core::Event>(&input);
    return event != nullptr ? kEventNames[event->index()] : kInputNames[input.index()];
}

std::string serialize(const RecordingHead& head) {
    return json::serialize(to_json(head));
}

std::string serialize(const core::Recorded& recorded) {
    json::object line = to_json(recorded.now);
    const auto write = [&](const auto& document) {
        line[name_of(recorded.input)] = to_json(document);
    };
    std::visit(
        [&]<class Document>(const Document& document) {
            if constexpr (Listed<Document>) {
                write(document);
            } else {
                std::visit(write, document);
            }
        },
        recorded.input
    );
    write_rows(line, kFields<core::Decided>, recorded.decided);
    return json::serialize(line);
}

Result<RecordingHead> parse_recording_head(std::string_view line) {
    return parse_document<RecordingHead>("head of a recording", line, kRecordingLineBytesMax);
}

Result<core::Recorded> recorded_from(const json::object& line) {
    JsonTrouble trouble;
    ObjectReader in(line, "", trouble);
    core::Recorded recorded{
        .now = read_listed<core::Now>(in), .input = {}, .decided = read_listed<core::Decided>(in)
    };
    if (std::optional<core::Event> event = find_named<core::Event>(in, kEventNames)) {
        recorded.input = std::move(*event);
    } else if (std::optional<core::Input> other = find_named<core::Input>(in, kInputNames)) {
        recorded.input = std::move(*other);
    } else {
        in.wrong("", "holds no input that this program knows");
    }
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(in_context("line of a recording", status.error()));
    }
    return recorded;
}

}  // namespace farshore::wire
