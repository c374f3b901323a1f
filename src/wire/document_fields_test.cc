#include "wire/document_fields.h"

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <boost/pfr.hpp>
#include <gtest/gtest.h>

#include "wire/document_samples.h"

namespace farshore::wire {
namespace {

namespace json = boost::json;

// Whether two rows lead to the same member.
template <class One, class Other>
constexpr bool same_member(const One& one, const Other& other) {
    if constexpr (std::same_as<One, Other> && requires { one.value == other.value; }) {
        return one.value == other.value;
    } else {
        return false;
    }
}

// Each row is the same as itself, and as no other.
template <class... Rows>
constexpr bool all_differ(const std::tuple<Rows...>& rows) {
    return std::apply(
        [](const Rows&... row) {
            const auto same_as = [&](const auto& one) {
                return (std::size_t{0} + ... + (same_member(one, row) ? 1U : 0U));
            };
            return ((same_as(row) <= 1) && ...);
        },
        rows
    );
}

// How many members of the document's struct the rows lead to.
constexpr std::size_t members_of(const auto& rows) {
    const auto count = [](const auto& row) -> std::size_t {
        if constexpr (requires { row.value; }) {
            return 1;
        } else if constexpr (requires { row.rows; }) {
            return members_of(row.rows);
        } else {
            return 0;
        }
    };
    return std::apply(
        [&](const auto&... row) { return (std::size_t{0} + ... + count(row)); }, rows
    );
}

// A member without a row would be lost. `beside` says how many have a row of their own kind, or
// none on purpose.
template <class Document>
constexpr bool all_have_a_row(std::size_t beside = 0) {
    return all_differ(kFields<Document>) &&
           members_of(kFields<Document>) + beside == boost::pfr::tuple_size_v<Document>;
}

static_assert(all_have_a_row<ProtocolRange>());
static_assert(all_have_a_row<AgentHello>());
static_assert(all_have_a_row<ControllerHello>());
static_assert(all_have_a_row<Refused>());
static_assert(all_have_a_row<RouteOrder>());
static_assert(all_have_a_row<HoldOrder>());
static_assert(all_have_a_row<ReleaseOrder>());
static_assert(all_have_a_row<FenceOrder>());
static_assert(all_have_a_row<DrainOrder>());
static_assert(all_have_a_row<VerifyOrder>());
static_assert(all_have_a_row<PingOrder>());
static_assert(all_have_a_row<Order>(1), "body");
static_assert(all_have_a_row<EvidenceCounts>());
static_assert(all_have_a_row<TableTrouble>());
static_assert(all_have_a_row<LedgerSummary>());
static_assert(all_have_a_row<UnknownOutcomes>());
static_assert(all_have_a_row<Report>(1), "client_keys_required");
static_assert(all_have_a_row<ReportAgain>());
static_assert(all_have_a_row<LeaseGrant>());
static_assert(all_have_a_row<AckAnswer>());
static_assert(all_have_a_row<ReportAnswer>(1), "why");
static_assert(all_have_a_row<LedgerEntry>());
static_assert(all_have_a_row<HoldAck>());
static_assert(all_have_a_row<FenceAck>(2), "truncated, and not_understood, which is not written");
static_assert(all_have_a_row<DrainAck>());
static_assert(all_have_a_row<VerifyAck>());
static_assert(all_have_a_row<Ack>(1), "body");
static_assert(all_have_a_row<Challenge>());
static_assert(all_have_a_row<IdentityProof>());
static_assert(all_have_a_row<JoinRequest>());
static_assert(all_have_a_row<Joined>());
static_assert(all_have_a_row<core::Pause>());
static_assert(all_have_a_row<core::AppRecord>(1), "operation, a document of its own");
static_assert(all_have_a_row<core::PlannedStep>());
static_assert(all_have_a_row<core::Plan>(1), "accept_loss, which counts before the start only");
static_assert(all_have_a_row<core::StepRun>());
static_assert(all_have_a_row<core::Phase>());
static_assert(all_have_a_row<core::OperationRecord>());

static_assert(all_have_a_row<core::StepId>());
static_assert(all_have_a_row<core::Observation>());
static_assert(all_have_a_row<core::Terms>());
static_assert(all_have_a_row<core::RaisedFor>());
static_assert(all_have_a_row<core::EpochItem>());
static_assert(all_have_a_row<core::EpochReading>());
static_assert(all_have_a_row<core::EpochRaised>());
static_assert(all_have_a_row<core::EpochsRead>());
static_assert(all_have_a_row<core::HostsFound>());
static_assert(all_have_a_row<core::AgentAcked>());
static_assert(all_have_a_row<core::AgentsAcked>());
static_assert(all_have_a_row<core::AgentJoined>());
static_assert(all_have_a_row<core::AgentConnected>());
static_assert(all_have_a_row<core::AgentDisconnected>());
static_assert(all_have_a_row<core::AgentForgotten>());
static_assert(all_have_a_row<core::CredentialRevoked>());
static_assert(all_have_a_row<core::AgentReported>());
static_assert(all_have_a_row<core::LossesExamined>());
static_assert(all_have_a_row<core::LossesOpen>());
static_assert(all_have_a_row<core::TablesLookedUp>());
static_assert(all_have_a_row<core::TrafficServed>());
static_assert(all_have_a_row<core::FunctionVerified>());
static_assert(all_have_a_row<core::CommandEnded>());
static_assert(all_have_a_row<core::StepAnswered>());
static_assert(all_have_a_row<core::HeartbeatArrived>());
static_assert(all_have_a_row<core::HeartbeatFound>());
static_assert(all_have_a_row<core::WriteAcknowledged>());
static_assert(all_have_a_row<core::ChangeRequest>());
static_assert(all_have_a_row<core::AbortRequest>());
static_assert(all_have_a_row<core::PauseRequest>());
static_assert(all_have_a_row<core::ResumeRequest>());
static_assert(all_have_a_row<core::Resumed>());
static_assert(all_have_a_row<core::LeaseGranted>());
static_assert(all_have_a_row<core::Now>());
static_assert(all_have_a_row<core::Decided>());
static_assert(all_have_a_row<core::Observer>());
// The policy, the quorum and the hysteresis come from the configuration; the operation has a row.
static_assert(members_of(kFields<core::AppCore::Start>) + 3 - 1 == boost::pfr::tuple_size_v<core::AppCore::Start>);
static_assert(all_have_a_row<core::Opening>());
static_assert(all_have_a_row<RecordingHead>(1), "configuration");

static_assert(all_have_a_row<GuardDocument>());
static_assert(all_have_a_row<StepRunDocument>());
static_assert(all_have_a_row<PlanStepDocument>());
static_assert(all_have_a_row<PhaseDocument>());
static_assert(all_have_a_row<EntryDocument>());
static_assert(all_have_a_row<LossCounts>());
static_assert(all_have_a_row<OperationLoss>());
static_assert(all_have_a_row<OperationDocument>());
static_assert(all_have_a_row<OperationsDocument>());
static_assert(all_have_a_row<WatchEndDocument>());
static_assert(all_have_a_row<LossForecast>());
static_assert(all_have_a_row<PlannedChange>());
static_assert(all_have_a_row<PlanDocument>());
static_assert(all_have_a_row<VoteDocument>());
static_assert(all_have_a_row<ComponentDocument>());
static_assert(all_have_a_row<RegionDocument>());
static_assert(all_have_a_row<LagDocument>());
static_assert(all_have_a_row<TableFindingDocument>());
static_assert(all_have_a_row<AgentTableDocument>());
static_assert(all_have_a_row<AgentDocument>());
static_assert(all_have_a_row<FindingDocument>());
static_assert(all_have_a_row<ReadinessDocument>());
static_assert(all_have_a_row<PauseDocument>());
static_assert(all_have_a_row<StatusDocument>());
static_assert(all_have_a_row<WhyDocument>());
static_assert(all_have_a_row<RefusalBody>());
static_assert(all_have_a_row<RefusalDocument>());
static_assert(all_have_a_row<SaidDocument>());
static_assert(all_have_a_row<StartedDocument>());
static_assert(all_have_a_row<AuditEntryDocument>());
static_assert(all_have_a_row<AuditDocument>());
static_assert(all_have_a_row<JoinTokenDocument>());
static_assert(all_have_a_row<JoinTokensDocument>());
static_assert(all_have_a_row<MadeJoinToken>());
static_assert(all_have_a_row<LossEntryDocument>());
static_assert(all_have_a_row<LossesDocument>());
static_assert(all_have_a_row<ChangeBody>());
static_assert(all_have_a_row<PauseBody>());
static_assert(all_have_a_row<AnswerBody>());
static_assert(all_have_a_row<SettleRequest>());
static_assert(all_have_a_row<JoinTokenRequest>());

// One field of a document that is written.
struct FieldSeen {
    std::vector<std::string> groups;  // in which it stands
    std::string name;
    bool required = false;
    json::value refused;  // a value that its form refuses
};

template <class Rows>
void see_fields(const Rows& rows, std::vector<std::string> groups, std::vector<FieldSeen>& out) {
    const auto see = [&](const auto& row) {
        if constexpr (requires { row.presence; }) {
            const bool required = row.presence == Presence::required;
            out.push_back({groups, std::string{row.name}, required, samples::refused(row.form)});
        } else if constexpr (requires { row.rows; }) {
            auto inner = groups;
            inner.emplace_back(row.name);
            see_fields(row.rows, std::move(inner), out);
        }
    };
    std::apply([&](const auto&... row) { (see(row), ...); }, rows);
}

// A document with its type forgotten, so that each test is compiled once.
struct Case {
    std::string_view name;
    json::object (*sample)();
    std::vector<FieldSeen> (*fields)();
    // What is wrong with it; empty: it was read. A sample comes back as the value that it was.
    std::string (*trouble)(const json::object&);
    bool (*comes_back)();
};

template <class Document>
constexpr Case case_of(std::string_view name) {
    return {
        .name = name,
        .sample = [] { return to_json(samples::document<Document>()); },
        .fields =
            [] {
                std::vector<FieldSeen> fields;
                see_fields(kFields<Document>, {}, fields);
                return fields;
            },
        .trouble =
            [](const json::object& object) {
                const auto read = document_from<Document>("it", object);
                return read ? std::string{} : read.error().text;
            },
        .comes_back =
            [] {
                const Document written = samples::document<Document>();
                const auto read = document_from<Document>("it", to_json(written));
                if constexpr (std::equality_comparable<Document>) {
                    return read && *read == written;
                } else {
                    return read && to_json(*read) == to_json(written);
                }
            }
    };
}

constexpr Case kCases[] = {
    case_of<ProtocolRange>("ProtocolRange"),
    case_of<AgentHello>("AgentHello"),
    case_of<ControllerHello>("ControllerHello"),
    case_of<Refused>("Refused"),
    case_of<RouteOrder>("RouteOrder"),
    case_of<HoldOrder>("HoldOrder"),
    case_of<ReleaseOrder>("ReleaseOrder"),
    case_of<FenceOrder>("FenceOrder"),
    case_of<DrainOrder>("DrainOrder"),
    case_of<VerifyOrder>("VerifyOrder"),
    case_of<PingOrder>("PingOrder"),
    case_of<Order>("Order"),
    case_of<EvidenceCounts>("EvidenceCounts"),
    case_of<TableTrouble>("TableTrouble"),
    case_of<LedgerSummary>("LedgerSummary"),
    case_of<UnknownOutcomes>("UnknownOutcomes"),
    case_of<Report>("Report"),
    case_of<ReportAgain>("ReportAgain"),
    case_of<LeaseGrant>("LeaseGrant"),
    case_of<AckAnswer>("AckAnswer"),
    case_of<ReportAnswer>("ReportAnswer"),
    case_of<LedgerEntry>("LedgerEntry"),
    case_of<HoldAck>("HoldAck"),
    case_of<FenceAck>("FenceAck"),
    case_of<DrainAck>("DrainAck"),
    case_of<VerifyAck>("VerifyAck"),
    case_of<Ack>("Ack"),
    case_of<Challenge>("Challenge"),
    case_of<IdentityProof>("IdentityProof"),
    case_of<JoinRequest>("JoinRequest"),
    case_of<Joined>("Joined"),
    case_of<core::Pause>("Pause"),
    case_of<core::AppRecord>("AppRecord"),
    case_of<core::PlannedStep>("PlannedStep"),
    case_of<core::Plan>("Plan"),
    case_of<core::StepRun>("StepRun"),
    case_of<core::Phase>("Phase"),
    case_of<core::OperationRecord>("OperationRecord"),
    case_of<core::StepId>("StepId"),
    case_of<core::Observation>("Observation"),
    case_of<core::Terms>("Terms"),
    case_of<core::RaisedFor>("RaisedFor"),
    case_of<core::EpochItem>("EpochItem"),
    case_of<core::EpochReading>("EpochReading"),
    case_of<core::EpochRaised>("EpochRaised"),
    case_of<core::EpochsRead>("EpochsRead"),
    case_of<core::HostsFound>("HostsFound"),
    case_of<core::AgentAcked>("AgentAcked"),
    case_of<core::AgentsAcked>("AgentsAcked"),
    case_of<core::AgentJoined>("AgentJoined"),
    case_of<core::AgentConnected>("AgentConnected"),
    case_of<core::AgentDisconnected>("AgentDisconnected"),
    case_of<core::AgentForgotten>("AgentForgotten"),
    case_of<core::CredentialRevoked>("CredentialRevoked"),
    case_of<core::AgentReported>("AgentReported"),
    case_of<core::LossesExamined>("LossesExamined"),
    case_of<core::LossesOpen>("LossesOpen"),
    case_of<core::TablesLookedUp>("TablesLookedUp"),
    case_of<core::TrafficServed>("TrafficServed"),
    case_of<core::FunctionVerified>("FunctionVerified"),
    case_of<core::CommandEnded>("CommandEnded"),
    case_of<core::StepAnswered>("StepAnswered"),
    case_of<core::HeartbeatArrived>("HeartbeatArrived"),
    case_of<core::HeartbeatFound>("HeartbeatFound"),
    case_of<core::WriteAcknowledged>("WriteAcknowledged"),
    case_of<core::ChangeRequest>("ChangeRequest"),
    case_of<core::AbortRequest>("AbortRequest"),
    case_of<core::PauseRequest>("PauseRequest"),
    case_of<core::ResumeRequest>("ResumeRequest"),
    case_of<core::Resumed>("Resumed"),
    case_of<core::LeaseGranted>("LeaseGranted"),
    case_of<core::Now>("Now"),
    case_of<core::Decided>("Decided"),
    case_of<core::Observer>("Observer"),
    case_of<core::AppCore::Start>("Start"),
    case_of<core::Opening>("Opening"),
    case_of<RecordingHead>("RecordingHead"),
    case_of<StepRunDocument>("StepRunDocument"),
    case_of<PlanStepDocument>("PlanStepDocument"),
    case_of<EntryDocument>("EntryDocument"),
    case_of<LossCounts>("LossCounts"),
    case_of<OperationLoss>("OperationLoss"),
    case_of<OperationDocument>("OperationDocument"),
    case_of<OperationsDocument>("OperationsDocument"),
    case_of<WatchEndDocument>("WatchEndDocument"),
    case_of<PlanDocument>("PlanDocument"),
    case_of<PlannedChange>("PlannedChange"),
    case_of<GuardDocument>("GuardDocument"),
    case_of<PhaseDocument>("PhaseDocument"),
    case_of<LossForecast>("LossForecast"),
    case_of<VoteDocument>("VoteDocument"),
    case_of<ComponentDocument>("ComponentDocument"),
    case_of<RegionDocument>("RegionDocument"),
    case_of<LagDocument>("LagDocument"),
    case_of<TableFindingDocument>("TableFindingDocument"),
    case_of<AgentTableDocument>("AgentTableDocument"),
    case_of<AgentDocument>("AgentDocument"),
    case_of<FindingDocument>("FindingDocument"),
    case_of<ReadinessDocument>("ReadinessDocument"),
    case_of<PauseDocument>("PauseDocument"),
    case_of<StatusDocument>("StatusDocument"),
    case_of<WhyDocument>("WhyDocument"),
    case_of<RefusalBody>("RefusalBody"),
    case_of<RefusalDocument>("RefusalDocument"),
    case_of<SaidDocument>("SaidDocument"),
    case_of<StartedDocument>("StartedDocument"),
    case_of<AuditEntryDocument>("AuditEntryDocument"),
    case_of<AuditDocument>("AuditDocument"),
    case_of<JoinTokenDocument>("JoinTokenDocument"),
    case_of<JoinTokensDocument>("JoinTokensDocument"),
    case_of<MadeJoinToken>("MadeJoinToken"),
    case_of<LossEntryDocument>("LossEntryDocument"),
    case_of<LossesDocument>("LossesDocument"),
    case_of<ChangeBody>("ChangeBody"),
    case_of<PauseBody>("PauseBody"),
    case_of<AnswerBody>("AnswerBody"),
    case_of<SettleRequest>("SettleRequest"),
    case_of<JoinTokenRequest>("JoinTokenRequest")
};

class EveryDocument : public testing::TestWithParam<Case> {
  protected:
    // The object in which the field stands.
    static json::object& object_of(json::object& document, const FieldSeen& field) {
        json::object* at = &document;
        for (const std::string& group : field.groups) {
            at = &at->at(group).as_object();
        }
        return *at;
    }

    json::object written = GetParam().sample();
    std::vector<FieldSeen> fields = GetParam().fields();
};

INSTANTIATE_TEST_SUITE_P(Wire, EveryDocument, testing::ValuesIn(kCases), [](const auto& each) {
    return std::string{each.param.name};
});

TEST_P(EveryDocument, IsReadAsItWasWritten) {
    EXPECT_EQ(GetParam().trouble(written), "") << json::serialize(written);
    EXPECT_TRUE(GetParam().comes_back()) << json::serialize(written);
}

TEST_P(EveryDocument, HasEachFieldOnceAndWithAValue) {
    for (const FieldSeen& field : fields) {
        json::object& in = object_of(written, field);
        ASSERT_TRUE(in.contains(field.name)) << field.name;
        EXPECT_FALSE(in.at(field.name).is_null()) << field.name;
        in.erase(field.name);
    }
}

TEST_P(EveryDocument, NamesARequiredFieldThatIsMissingAndNoOther) {
    for (const FieldSeen& field : fields) {
        json::object& in = object_of(written, field);
        const json::value kept = std::exchange(in[field.name], nullptr);
        const std::string trouble = GetParam().trouble(written);
        EXPECT_EQ(trouble.contains(field.name + ": missing"), field.required) << trouble;
        in[field.name] = kept;
    }
}

TEST_P(EveryDocument, RefusesAFieldOutsideItsBoundsWithItsPlace) {
    for (const FieldSeen& field : fields) {
        json::object& in = object_of(written, field);
        const json::value kept = std::exchange(in[field.name], field.refused);
        const std::string trouble = GetParam().trouble(written);
        EXPECT_TRUE(trouble.contains(field.name + ": ")) << field.name << ": " << trouble;
        in[field.name] = kept;
    }
}

TEST_P(EveryDocument, IgnoresFieldsThatItDoesNotKnow) {
    written["a_field_of_tomorrow"] = json::array{1, "x"};
    EXPECT_EQ(GetParam().trouble(written), "");
}

template <class Document>
std::string trouble_with(const json::object& object) {
    return case_of<Document>("").trouble(object);
}

TEST(Documents, APlaceInAListAndInAGroupIsNamed) {
    json::object report = to_json(samples::document<Report>());
    report["evidence"].as_array().emplace_back(json::object{{"ok", -1}});
    report["ledger"].as_object()["tables"] = json::array{7};
    const std::string trouble = trouble_with<Report>(report);
    EXPECT_TRUE(trouble.contains("evidence[1].ok: outside 0 to")) << trouble;
    EXPECT_TRUE(trouble.contains("ledger.tables[0]: not an object")) << trouble;
    json::object hello = to_json(samples::document<ControllerHello>());
    hello["protocol"].as_object()["speaks"] = 9;
    EXPECT_TRUE(trouble_with<ControllerHello>(hello).contains("protocol.speaks: outside"));
    json::object plan = to_json(samples::document<core::Plan>());
    plan["levers"] = json::array{"repoint", "pull"};
    EXPECT_TRUE(trouble_with<core::Plan>(plan).contains(R"(levers[1]: unknown word "pull")"));
}

}  // namespace
}  // namespace farshore::wire
