#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/json.hpp>

#include "wire/journal_fields.h"
#include "wire/recording.h"

// The fields of a recording's lines. What is empty is left out: there are many lines.
namespace farshore::wire {

inline constexpr std::size_t kRecordedListMax = 1'000'000;
inline constexpr Words kRecordedWords{kLongTextBytesMax};

// A moment of the boot clock, or a duration, to the nanosecond: the core compares them.
struct Ns {
    std::int64_t min = kNumberMin;
    std::int64_t max = kNumberMax;

    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return Value{Duration{in.number(name, min, max, need)}};
    }

    [[nodiscard]] boost::json::value write(Duration duration) const { return duration.count(); }

    [[nodiscard]] boost::json::value write(Instant at) const {
        return at.time_since_epoch().count();
    }
};

// A map, or a list of pairs: objects with two fields.
template <class First, class Second>
struct Pairs {
    std::size_t length_max;
    std::string_view first;
    First first_form;
    std::string_view second;
    Second second_form;

    template <class Values>
    [[nodiscard]] Values read(ObjectReader& in, std::string_view name, Field need) const {
        using One = std::remove_const_t<typename Values::value_type::first_type>;
        using Other = typename Values::value_type::second_type;
        Values out;
        const boost::json::array* list = in.array(name, length_max, need);
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const std::string place = std::string{name} + "[" + std::to_string(i) + "]";
            const boost::json::object* object = (*list)[i].if_object();
            if (object == nullptr) {
                in.wrong(place, "not an object");
                continue;
            }
            ObjectReader inside = in.inside(*object, place);
            One one = first_form.template read<One>(inside, first, Field::required);
            Other other = second_form.template read<Other>(inside, second, Field::required);
            out.insert(out.end(), {std::move(one), std::move(other)});
        }
        return out;
    }

    template <class Values>
    [[nodiscard]] boost::json::value write(const Values& values) const {
        boost::json::array list;
        list.reserve(values.size());
        for (const auto& [one, other] : values) {
            list.push_back({{first, first_form.write(one)}, {second, second_form.write(other)}});
        }
        return list;
    }
};

template <class First, class Second>
Pairs(std::size_t, std::string_view, First, std::string_view, Second) -> Pairs<First, Second>;

// A name that may be empty where it is required.
struct AnyId : Id {
    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field /*need*/) const {
        return in.id<Value>(name, Field::optional);
    }
};

inline constexpr Pairs kHostsAndRegions{kRecordedListMax, "host", Id{}, "region", AnyId{}};

template <>
inline constexpr auto kFields<core::StepId> = std::tuple{
    sparse("operation", &core::StepId::operation, Id{}),
    sparse("number", &core::StepId::number, Count{})
};

template <>
inline constexpr auto kFields<core::Observation> = std::tuple{
    required("observer", &core::Observation::observer, Id{}),
    sparse("source", &core::Observation::source, Id{}),
    sparse("region", &core::Observation::region, Id{}),  // none: the observer's control target
    required("component", &core::Observation::component, Word{}),
    required("path", &core::Observation::path, Word{}),
    sparse("ok", &core::Observation::ok, Count{}),
    sparse("failed", &core::Observation::failed, Count{}),
    sparse("stalled_ns", &core::Observation::stalled, Ns{}),
    sparse("why", &core::Observation::why, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::Terms> = std::tuple{
    sparse("lease_ns", &core::Terms::lease, Ns{}),
    sparse("clock_error_ns", &core::Terms::clock_error, Ns{}),
    sparse("hold_max_ns", &core::Terms::hold_max, Ns{})
};

template <>
inline constexpr auto kFields<core::RaisedFor> = std::tuple{
    sparse("operation", &core::RaisedFor::operation, Id{}),
    sparse("verb", &core::RaisedFor::verb, Word{}),
    sparse("held_until_ms", &core::RaisedFor::held_until, kAnyTime)
};

template <>
inline constexpr auto kFields<core::EpochItem> = std::tuple{
    sparse("epoch", &core::EpochItem::epoch, EpochNumber{}),
    sparse("active", &core::EpochItem::active, Id{}),
    required("terms", &core::EpochItem::terms, Inside{}),
    sparse("register_id", &core::EpochItem::register_id, kRecordedWords),
    required("raised_for", &core::EpochItem::raised_for, Inside{})
};

template <>
inline constexpr auto kFields<core::EpochReading> = std::tuple{
    required("started_ns", &core::EpochReading::started, Ns{}),
    required("started_wall_ms", &core::EpochReading::started_wall, kAnyTime),
    required("asked", &core::EpochReading::asked, Count{}),
    sparse("copies", &core::EpochReading::copies, List{1'000, Inside{}}),
    sparse("detail", &core::EpochReading::detail, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::EpochRaised> = std::tuple{
    required("step", &core::EpochRaised::step, Inside{}),
    required("started_ns", &core::EpochRaised::started, Ns{}),
    required("started_wall_ms", &core::EpochRaised::started_wall, kAnyTime),
    sparse("majority", &core::EpochRaised::majority, Flag{}),
    sparse("unchanged_confirmed", &core::EpochRaised::unchanged_confirmed, Flag{}),
    sparse("confirmed", &core::EpochRaised::confirmed, List{1'000, Id{}}),
    sparse("no_way_back", &core::EpochRaised::no_way_back, Flag{}),
    sparse("taken", &core::EpochRaised::taken, Flag{}),
    sparse("highest_seen", &core::EpochRaised::highest_seen, EpochNumber{}),
    sparse("longest_lease_ns", &core::EpochRaised::longest_lease, Ns{}),
    sparse("other_register", &core::EpochRaised::other_register, Flag{}),
    sparse("detail", &core::EpochRaised::detail, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::EpochsRead> =
    std::tuple{required("reading", &core::EpochsRead::reading, Inside{})};

template <>
inline constexpr auto kFields<core::HostsFound> = std::tuple{
    required("step", &core::HostsFound::step, Inside{}),
    sparse("complete", &core::HostsFound::complete, Flag{}),
    sparse("hosts", &core::HostsFound::hosts, kHostsAndRegions)
};

template <>
inline constexpr auto kFields<core::AgentAcked> = std::tuple{
    required("step", &core::AgentAcked::step, Inside{}),
    required("host", &core::AgentAcked::host, Id{}),
    required("type", &core::AgentAcked::type, Word{}),
    sparse("epoch", &core::AgentAcked::epoch, EpochNumber{}),
    sparse("done", &core::AgentAcked::done, Flag{}),
    sparse("unproven", &core::AgentAcked::unproven, Count{}),
    sparse("adopted_alone", &core::AgentAcked::adopted_alone, Flag{}),
    sparse("cut", &core::AgentAcked::cut, Count{}),
    sparse("newest_unknown_ago_ns", &core::AgentAcked::newest_unknown_ago, Ns{}),
    required("says_unknown", &core::AgentAcked::says_unknown, Flag{}),
    sparse("detail", &core::AgentAcked::detail, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::AgentsAcked> =
    std::tuple{required("acks", &core::AgentsAcked::acks, List{kRecordedListMax, Inside{}})};

template <>
inline constexpr auto kFields<core::AgentJoined> = std::tuple{
    required("host", &core::AgentJoined::host, Id{}),
    sparse("region", &core::AgentJoined::region, Id{}),
    sparse("by", &core::AgentJoined::by, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::AgentConnected> = std::tuple{
    required("host", &core::AgentConnected::host, Id{}),
    sparse("region", &core::AgentConnected::region, Id{}),
    sparse("epoch", &core::AgentConnected::epoch, EpochNumber{})
};

template <>
inline constexpr auto kFields<core::AgentDisconnected> =
    std::tuple{required("host", &core::AgentDisconnected::host, Id{})};

template <>
inline constexpr auto kFields<core::AgentForgotten> = std::tuple{
    required("host", &core::AgentForgotten::host, Id{}),
    sparse("by", &core::AgentForgotten::by, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::CredentialRevoked> = std::tuple{
    required("host", &core::CredentialRevoked::host, Id{}),
    sparse("by", &core::CredentialRevoked::by, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::AgentReported> = std::tuple{
    required("host", &core::AgentReported::host, Id{}),
    sparse("epoch", &core::AgentReported::epoch, EpochNumber{}),
    sparse("active", &core::AgentReported::active, Id{}),
    sparse("users", &core::AgentReported::users, Id{}),
    sparse("write_state", &core::AgentReported::write_state, kRecordedWords),
    sparse("last_acknowledged_ago_ns", &core::AgentReported::last_acknowledged_ago, Ns{}),
    sparse("unproven", &core::AgentReported::unproven, Count{}),
    required("ledger_whole", &core::AgentReported::ledger_whole, Flag{}),
    sparse("newest_unknown_ago_ns", &core::AgentReported::newest_unknown_ago, Ns{}),
    required("says_unknown", &core::AgentReported::says_unknown, Flag{}),
    sparse("oldest_unproven_ns", &core::AgentReported::oldest_unproven, Ns{})
};

template <>
inline constexpr auto kFields<core::LossesExamined> = std::tuple{
    required("step", &core::LossesExamined::step, Inside{}),
    sparse("complete", &core::LossesExamined::complete, Flag{}),
    sparse("at_risk", &core::LossesExamined::at_risk, Count{}),
    sparse("detail", &core::LossesExamined::detail, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::LossesOpen> = std::tuple{
    required("operation", &core::LossesOpen::operation, Id{}),
    sparse("writes", &core::LossesOpen::writes, Count{})
};

template <>
inline constexpr auto kFields<core::TablesLookedUp> =
    std::tuple{sparse("unlike", &core::TablesLookedUp::unlike, kRecordedWords)};

template <>
inline constexpr auto kFields<core::TrafficServed> = std::tuple{
    required("step", &core::TrafficServed::step, Inside{}),
    sparse("done", &core::TrafficServed::done, Flag{}),
    sparse("detail", &core::TrafficServed::detail, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::FunctionVerified> = std::tuple{
    required("step", &core::FunctionVerified::step, Inside{}),
    sparse("passed", &core::FunctionVerified::passed, Flag{}),
    sparse("detail", &core::FunctionVerified::detail, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::CommandEnded> = std::tuple{
    required("step", &core::CommandEnded::step, Inside{}),
    required("end", &core::CommandEnded::end, Word{}),
    required("status", &core::CommandEnded::status, Number{-1'000'000, 1'000'000}),
    sparse("output", &core::CommandEnded::output, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::StepAnswered> = std::tuple{
    required("operation", &core::StepAnswered::operation, Id{}),
    sparse("step", &core::StepAnswered::step, kRecordedWords),
    required("answer", &core::StepAnswered::answer, Word{}),
    sparse("by", &core::StepAnswered::by, kRecordedWords),
    sparse("reason", &core::StepAnswered::reason, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::HeartbeatArrived> = std::tuple{
    required("from", &core::HeartbeatArrived::from, Id{}),
    required("to", &core::HeartbeatArrived::to, Id{}),
    required("written_ns", &core::HeartbeatArrived::written, Ns{}),
    required("lag_ns", &core::HeartbeatArrived::lag, Ns{})
};

template <>
inline constexpr auto kFields<core::HeartbeatFound> = std::tuple{
    required("from", &core::HeartbeatFound::from, Id{}),
    required("to", &core::HeartbeatFound::to, Id{}),
    required("written_ago_ns", &core::HeartbeatFound::written_ago, Ns{})
};

template <>
inline constexpr auto kFields<core::WriteAcknowledged> = std::tuple{
    required("region", &core::WriteAcknowledged::region, Id{}),
    required("at_ns", &core::WriteAcknowledged::at, Ns{})
};

template <>
inline constexpr auto kFields<core::ChangeRequest> = std::tuple{
    required("id", &core::ChangeRequest::id, Id{}),
    required("verb", &core::ChangeRequest::verb, Word{}),
    sparse("to", &core::ChangeRequest::to, Id{}),
    sparse("by", &core::ChangeRequest::by, kRecordedWords),
    sparse("reason", &core::ChangeRequest::reason, kRecordedWords),
    sparse("accept_loss_ns", &core::ChangeRequest::accept_loss, Ns{}),
    sparse("accept_unfenced", &core::ChangeRequest::accept_unfenced, Flag{}),
    sparse("accept_unknown", &core::ChangeRequest::accept_unknown, Flag{}),
    sparse("levers", &core::ChangeRequest::levers, List{core::kLeverNames.size(), Word{}}),
    sparse("expect_active", &core::ChangeRequest::expect_active, Id{}),
    sparse("expect_epoch", &core::ChangeRequest::expect_epoch, EpochNumber{}),
    sparse("expect_plan", &core::ChangeRequest::expect_plan, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::AbortRequest> = std::tuple{
    required("operation", &core::AbortRequest::operation, Id{}),
    sparse("by", &core::AbortRequest::by, kRecordedWords),
    sparse("reason", &core::AbortRequest::reason, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::PauseRequest> =
    std::tuple{required("pause", &core::PauseRequest::pause, Inside{})};

template <>
inline constexpr auto kFields<core::ResumeRequest> = std::tuple{
    sparse("by", &core::ResumeRequest::by, kRecordedWords),
    sparse("reason", &core::ResumeRequest::reason, kRecordedWords)
};

template <>
inline constexpr auto kFields<core::Tick> = std::tuple{};

template <>
inline constexpr auto kFields<core::Resumed> =
    std::tuple{sparse("after", &core::Resumed::after, kRecordedWords)};

template <>
inline constexpr auto kFields<core::Stalled> = std::tuple{};

template <>
inline constexpr auto kFields<core::Withdrawn> = std::tuple{};

template <>
inline constexpr auto kFields<core::LeaseGranted> = std::tuple{
    required("host", &core::LeaseGranted::host, Id{}),
    sparse("epoch", &core::LeaseGranted::epoch, EpochNumber{}),
    required("length_ns", &core::LeaseGranted::length, Ns{})
};

template <>
inline constexpr auto kFields<core::Now> = std::tuple{
    required("at_ns", &core::Now::at, Ns{}), required("wall_ms", &core::Now::wall, kAnyTime)
};

template <>
inline constexpr auto kFields<core::Decided> = std::tuple{
    sparse("said", &core::Decided::said, List{kRecordedListMax, kRecordedWords}),
    sparse(
        "conditions", &core::Decided::conditions, Pairs{1'000, "region", Id{}, "condition", Word{}}
    )
};

template <>
inline constexpr auto kFields<core::Observer> = std::tuple{
    required("id", &core::Observer::id, Id{}),
    sparse("stands_in", &core::Observer::stands_in, Id{}),
    sparse("hosts", &core::Observer::hosts, List{kRecordedListMax, Id{}})
};

// Without what the configuration says.
template <>
inline constexpr auto kFields<core::AppCore::Start> = std::tuple{
    required("observers", &core::AppCore::Start::observers, List{1'000, Inside{}}),
    required("record", &core::AppCore::Start::record, Inside{}),
    sparse("operation", path(&core::AppCore::Start::record, &core::AppRecord::operation), Inside{}),
    sparse("agents", &core::AppCore::Start::agents, kHostsAndRegions),
    sparse("register_is_closed", &core::AppCore::Start::register_is_closed, Flag{}),
    sparse("register_id", &core::AppCore::Start::register_id, kRecordedWords),
    required("epochs", &core::AppCore::Start::epochs, Inside{}),
    sparse("longest_lease_ns", &core::AppCore::Start::longest_lease, Ns{}),
    sparse("drill_proven_at_ms", &core::AppCore::Start::drill_proven_at, kAnyTime),
    sparse(
        "losses_open",
        &core::AppCore::Start::losses_open,
        Pairs{kRecordedListMax, "operation", Id{}, "writes", Count{}}
    ),
    sparse("automatic_operations", &core::AppCore::Start::automatic_operations, Count{})
};

template <>
inline constexpr auto kFields<core::Opening> = std::tuple{
    flat(&core::Opening::now),
    required("start", &core::Opening::start, Inside{}),
    sparse("continues", &core::Opening::continues, Flag{})
};

// The version of the lines' form; one from the future is an error.
struct RecordingVersionRow {
    static constexpr std::string_view kName = "farshore_recording";

    static void read(ObjectReader& in, const auto& /*owner*/) {
        if (in.number(kName, 1, kNumberMax) > kRecordingVersion) {
            in.wrong(kName, "written by a newer farshored");
        }
    }

    static void write(boost::json::object& out, const auto& /*owner*/) {
        out[kName] = kRecordingVersion;
    }
};

struct ConfigurationRow {
    static constexpr std::string_view kName = "configuration";

    static void read(ObjectReader& in, RecordingHead& head) {
        if (const boost::json::object* object = in.object(kName)) {
            head.configuration = *object;
        }
    }

    static void write(boost::json::object& out, const RecordingHead& head) {
        out[kName] = head.configuration;
    }
};

template <>
inline constexpr auto kFields<RecordingHead> = std::tuple{
    RecordingVersionRow{},
    sparse("program", &RecordingHead::program, Printable{256}),
    ConfigurationRow{},
    required("opening", &RecordingHead::opening, Inside{})
};

}  // namespace farshore::wire
