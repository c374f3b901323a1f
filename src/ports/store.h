#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "core/failover/record.h"
#include "ports/stored_rows.h"

// What outlives a controller: one transaction to write it, and reads of what was written. Which
// store it is (a file, a table, a cluster) is known to its adapter alone.
namespace farshore::ports {

// Changes of the register, of credentials, of loss books and of what a store knows of itself.

struct HostEntered {
    RegisteredHost host;  // of one that is in the register, only the Region changes
};

// With its credential, if the register holds it.
struct HostLeft {
    HostId host;
};

// The host has this credential instead of an earlier one, and is in the register; a use of the join
// token with that digest is counted (empty: it came by another proof). Refused as conflict when the
// digest is another host's.
struct HostJoined {
    HostCredential credential;
    std::string token_digest;
};

struct CredentialUsed {
    HostId host;
};

// The first one counts. Refused as not_found when the host has no credential.
struct CredentialEnded {
    HostId host;
    UtcTime at{};
};

// A token of the tokens file counts no longer. The first one counts.
struct TokenEnded {
    std::string digest;
    UtcTime at{};
};

// Refused as conflict when the name is taken by one that has not run out at `now`.
struct JoinTokenMade {
    JoinToken token;
    UtcTime now{};
};

// With its uses. Refused as not_found.
struct JoinTokenEnded {
    std::string name;
};

// All that had run out by then, with their uses.
struct JoinTokensForgotten {
    UtcTime until{};
};

// Adds or replaces rows of a loss book by table and key.
struct LossesNoted {
    OperationId operation;
    std::vector<LossRow> rows;
};

// The name of the store's register. The first one stays.
struct RegisterNamed {
    std::string name;
};

using Change = std::variant<
    HostEntered,
    HostLeft,
    HostJoined,
    CredentialUsed,
    CredentialEnded,
    TokenEnded,
    JoinTokenMade,
    JoinTokenEnded,
    JoinTokensForgotten,
    LossesNoted,
    RegisterNamed,
    ConfigurationSeen,
    DrillProven>;

// Who leads an app on this store. Grows with each controller that takes the store up.
struct LeaderToken {
    std::uint64_t value = 0;

    friend auto operator<=>(const LeaderToken&, const LeaderToken&) = default;
};

// One transaction: all of it or nothing.
struct Commit {
    AppId app;
    LeaderToken leader;
    std::optional<core::AppRecord> state;  // with its operation
    std::vector<core::JournalEntry> journal;
    std::vector<Change> changes;  // in this order
    std::vector<AuditRow> audit;
};

enum class CommitEnd : std::uint8_t {
    committed,   // durable
    refused,     // nothing of it is kept; the same may be tried again, or asks for what cannot be
    superseded,  // nothing of it is kept: another controller leads the app on this store
    unknown      // it may be durable or not: the controller must begin again from what is stored
};

struct CommitAnswer {
    CommitEnd end = CommitEnd::committed;
    Error why;  // unless committed
};

// What a commit is answered to: once, from inside the call or later, on the caller's thread.
using Ticket = std::function<void(CommitAnswer)>;

class Store {
  public:
    virtual ~Store() = default;

    // Commits are carried out in the order of the calls. An adapter answers each within a time
    // limit of its own. What `committed` was said for is durable (INV-S3). Refusals: exhausted (no
    // room), timed_out (the store is busy), and those of the changes.
    virtual void commit(Commit commit, Ticket ticket) = 0;
};

// What a controller reads: most of it as it starts. Errors of each call: malformed (damaged),
// unavailable.
class Stored {
  public:
    virtual ~Stored() = default;

    // This controller leads the app from now on; commits of an earlier leader are superseded.
    // Errors: exhausted, unavailable. Blocks; called once, before anything else.
    [[nodiscard]] virtual Result<LeaderToken> lead(const AppId& app) = 0;

    // nullopt: the app has never been saved. With its newest operation.
    [[nodiscard]] virtual Result<std::optional<core::AppRecord>> load(const AppId& app) = 0;

    [[nodiscard]] virtual Result<std::vector<RegisteredHost>> hosts(const AppId& app) = 0;
    // nullopt: it has none yet.
    [[nodiscard]] virtual Result<std::optional<std::string>> register_name() = 0;
    [[nodiscard]] virtual Result<std::optional<ConfigurationSeen>> configuration() = 0;
    [[nodiscard]] virtual Result<std::optional<DrillProven>> last_drill(const AppId& app) = 0;

    [[nodiscard]] virtual Result<std::vector<HostCredential>> credentials(const AppId& app) = 0;
    // Digests of tokens of the tokens file that count no longer.
    [[nodiscard]] virtual Result<std::vector<std::string>> ended_tokens() = 0;
    [[nodiscard]] virtual Result<std::vector<JoinToken>> join_tokens(const AppId& app) = 0;
    // How many hosts came in by each join token, by its digest.
    [[nodiscard]] virtual Result<std::map<std::string, std::uint64_t>> join_uses(const AppId& app
    ) = 0;

    [[nodiscard]] virtual Result<std::vector<JournalRow>> journal(
        const OperationId& operation, std::uint64_t after_sequence, std::size_t rows_max
    ) = 0;
    [[nodiscard]] virtual Result<std::optional<core::OperationRecord>> operation(
        const OperationId& id
    ) = 0;
    // Newest first.
    [[nodiscard]] virtual Result<std::vector<core::OperationRecord>> operations(std::size_t rows_max
    ) = 0;
    [[nodiscard]] virtual Result<std::vector<core::OperationRecord>> operations_with_losses() = 0;

    // By table and key.
    [[nodiscard]] virtual Result<std::vector<LossRow>> losses(const OperationId& operation) = 0;
    [[nodiscard]] virtual Result<std::optional<LossRow>> loss(
        const OperationId& operation, const std::string& table, const std::string& key
    ) = 0;

    // Newest first.
    [[nodiscard]] virtual Result<std::vector<AuditRow>> audit(std::size_t rows_max) = 0;
};

// What an adapter implements.
class WholeStore : public Store, public Stored {};

}  // namespace farshore::ports
