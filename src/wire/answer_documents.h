#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <boost/json.hpp>

#include "base/ids.h"
#include "base/time.h"
#include "wire/operation_document.h"

// The smaller answers of the API: refusals, what was done, the audit, join tokens, loss books.
namespace farshore::wire {

struct RefusalBody {
    std::string kind;  // of the Error
    std::string effect;
    std::string text;
    std::string remedy;
    std::string code;
    std::optional<std::vector<GuardDocument>> guards;  // when they refused

    friend bool operator==(const RefusalBody&, const RefusalBody&) = default;
};

template <>
inline constexpr auto kFields<RefusalBody> = std::tuple{
    optional("kind", &RefusalBody::kind, Text{64}),
    optional("effect", &RefusalBody::effect, Text{64}),
    optional("text", &RefusalBody::text, Text{kApiTextBytesMax}),
    optional("remedy", &RefusalBody::remedy, Text{kApiTextBytesMax}),
    optional("code", &RefusalBody::code, Text{256}),
    sparse("guards", &RefusalBody::guards, kDocuments)
};

struct RefusalDocument {
    RefusalBody error;

    friend bool operator==(const RefusalDocument&, const RefusalDocument&) = default;
};

template <>
inline constexpr auto kFields<RefusalDocument> =
    std::tuple{required("error", &RefusalDocument::error, Inside{})};

// What a request has led to, in one line.
struct SaidDocument {
    std::string text;

    friend bool operator==(const SaidDocument&, const SaidDocument&) = default;
};

template <>
inline constexpr auto kFields<SaidDocument> =
    std::tuple{optional("text", &SaidDocument::text, Shown{})};

// The answer to a request for an operation: its id, or why nothing was started.
struct StartedDocument {
    OperationId id;
    std::string text;

    friend bool operator==(const StartedDocument&, const StartedDocument&) = default;
};

template <>
inline constexpr auto kFields<StartedDocument> = std::tuple{
    sparse("id", &StartedDocument::id, Id{}),
    sparse("text", &StartedDocument::text, Shown{}),
    rule([](ObjectReader& in, const StartedDocument& started) {
        if (started.id.value().empty() && started.text.empty()) {
            in.wrong("id", "missing, and no text says why");
        }
    })
};

struct AuditEntryDocument {
    UtcTime at{};
    std::string who;
    std::string what;
    std::string detail;

    friend bool operator==(const AuditEntryDocument&, const AuditEntryDocument&) = default;
};

template <>
inline constexpr auto kFields<AuditEntryDocument> = std::tuple{
    required("at_ms", &AuditEntryDocument::at, At{}),
    required("who", &AuditEntryDocument::who, Shown{}),
    required("what", &AuditEntryDocument::what, Shown{}),
    required("detail", &AuditEntryDocument::detail, Shown{})
};

struct AuditDocument {
    std::vector<AuditEntryDocument> entries;

    friend bool operator==(const AuditDocument&, const AuditDocument&) = default;
};

template <>
inline constexpr auto kFields<AuditDocument> =
    std::tuple{ApiVersionRow{}, required("entries", &AuditDocument::entries, kDocuments)};

struct JoinTokenDocument {
    std::string name;
    std::optional<RegionId> region;  // nullopt: any
    std::string hosts;
    std::uint64_t uses = 0;
    std::uint64_t uses_max = 0;
    UtcTime until{};
    std::string by;

    friend bool operator==(const JoinTokenDocument&, const JoinTokenDocument&) = default;
};

template <>
inline constexpr auto kFields<JoinTokenDocument> = std::tuple{
    required("name", &JoinTokenDocument::name, Shown{}),
    optional("region", &JoinTokenDocument::region, Id{}),
    required("hosts", &JoinTokenDocument::hosts, Shown{}),
    required("uses", &JoinTokenDocument::uses, Count{}),
    required("uses_max", &JoinTokenDocument::uses_max, Count{}),
    required("until_ms", &JoinTokenDocument::until, At{}),
    required("by", &JoinTokenDocument::by, Shown{})
};

struct JoinTokensDocument {
    std::vector<JoinTokenDocument> join_tokens;

    friend bool operator==(const JoinTokensDocument&, const JoinTokensDocument&) = default;
};

template <>
inline constexpr auto kFields<JoinTokensDocument> = std::tuple{
    ApiVersionRow{}, required("join_tokens", &JoinTokensDocument::join_tokens, kDocuments)
};

// The only answer that has a token's secret.
struct MadeJoinToken {
    std::string name;
    std::string token;
    std::uint64_t uses_max = 0;
    std::string hosts;
    UtcTime until{};

    friend bool operator==(const MadeJoinToken&, const MadeJoinToken&) = default;
};

template <>
inline constexpr auto kFields<MadeJoinToken> = std::tuple{
    required("name", &MadeJoinToken::name, Shown{}),
    required("token", &MadeJoinToken::token, Printable{4'096}),
    required("uses_max", &MadeJoinToken::uses_max, Count{}),
    required("hosts", &MadeJoinToken::hosts, Shown{}),
    required("until_ms", &MadeJoinToken::until, At{})
};

// One write of a loss book.
struct LossEntryDocument {
    std::string table;
    boost::json::value key;  // its attribute map; a text where it has no such form or is hidden
    std::string reason;      // of the fate, where an operator decided it
    bool settled = false;
    HostId host;
    std::string op;
    UtcTime at{};
    Epoch epoch;
    std::string hash;
    bool acknowledged = false;
    std::string fate;
    std::uint64_t order = 0;
    bool left_out = false;

    friend bool operator==(const LossEntryDocument&, const LossEntryDocument&) = default;
};

template <>
inline constexpr auto kFields<LossEntryDocument> = std::tuple{
    required("table", &LossEntryDocument::table, Shown{}),
    required("key", &LossEntryDocument::key, AnyJson{}),
    required("reason", &LossEntryDocument::reason, Shown{}),
    optional("settled", &LossEntryDocument::settled, Flag{}),
    required("host", &LossEntryDocument::host, Id{}),
    required("op", &LossEntryDocument::op, Shown{}),
    required("at_ms", &LossEntryDocument::at, At{}),
    required("epoch", &LossEntryDocument::epoch, EpochNumber{}),
    optional("hash", &LossEntryDocument::hash, Shown{}),
    required("acknowledged", &LossEntryDocument::acknowledged, Flag{}),
    required("fate", &LossEntryDocument::fate, Shown{}),
    sparse("order", &LossEntryDocument::order, Count{}),
    sparse("left_out", &LossEntryDocument::left_out, Flag{})
};

// A page of a loss book.
struct LossesDocument {
    OperationId operation;
    bool settled = false;
    bool truncated = false;  // a host could not name every write that it had not proven
    LossCounts counts;
    std::vector<LossEntryDocument> entries;
    std::optional<std::uint64_t> next;  // the `after` of the next page
    bool keys_hidden = false;           // from a viewer's token

    friend bool operator==(const LossesDocument&, const LossesDocument&) = default;
};

template <>
inline constexpr auto kFields<LossesDocument> = std::tuple{
    ApiVersionRow{},
    required("operation", &LossesDocument::operation, Id{}),
    required("settled", &LossesDocument::settled, Flag{}),
    required("truncated", &LossesDocument::truncated, Flag{}),
    required("counts", &LossesDocument::counts, Inside{}),
    required("entries", &LossesDocument::entries, kDocuments),
    optional("next", &LossesDocument::next, Count{}),
    sparse("keys_hidden", &LossesDocument::keys_hidden, Flag{})
};

}  // namespace farshore::wire
