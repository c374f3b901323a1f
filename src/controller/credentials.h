#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/net/task.h"
#include "controller/store_desk.h"
#include "controller/tokens.h"
#include "core/failover/joining.h"
#include "ports/clock.h"
#include "ports/store.h"

namespace farshore::controller {

// Changes with each replacement or rewriting of a file. Empty: it cannot be looked at.
[[nodiscard]] std::string file_stamp(const std::string& path);

// The clients that may talk to this controller: those that the tokens file names, and the hosts
// that joined by proof. The store keeps the digests of the credentials of joined hosts. A
// credential that was ended does not count any more, whether it is from the file or by joining.
// Single-threaded.
class Credentials {
  public:
    struct Options {
        AppId app;
        std::string tokens_file;
        std::size_t join_tokens_max = 1'000;  // of the store, that have not run out
    };

    // Errors: those of Tokens::load and of the store.
    [[nodiscard]] static Result<std::unique_ptr<Credentials>> open(
        const ports::Clock& clock, ports::Stored& stored, StoreDesk& desk, Options options
    );

    // Errors: denied; the code says why: no_token, bad_token (unknown: a guess), expired, revoked.
    [[nodiscard]] Result<Caller> caller(std::optional<std::string_view> authorization) const;

    // Reads the tokens file again if it has changed, or when `always`. On an error the old tokens
    // stay. True: there are new ones.
    [[nodiscard]] Result<bool> reload(bool always);

    // What vouches for the host now; nullopt: it has no credential in force.
    [[nodiscard]] std::optional<core::Vouching> vouching(const HostId& host) const;
    // Since when, for a host that joined.
    [[nodiscard]] std::optional<UtcTime> joined_at(const HostId& host) const;

    // The join token of that caller, as far as it is good. Errors: denied, exhausted (used up).
    struct JoinProof {
        std::string by;
        std::string token_digest;
        std::string hosts;
        RegionId region;
    };

    [[nodiscard]] Result<JoinProof> join_proof(std::optional<std::string_view> authorization) const;

    // The host holds the credential with that digest from now on. `row` goes into the audit with
    // it, as with the changes below. Errors: conflict (the digest is in use already), those of
    // StoreDesk.
    [[nodiscard]] net::Task<Status> admit(
        core::JoinRequest request, std::string digest, std::string token_digest, ports::AuditRow row
    );
    // Is that the digest of the credential that the host has?
    [[nodiscard]] bool holds(const HostId& host, const std::string& digest) const;
    // The host has joined, and has not said hello yet.
    [[nodiscard]] bool waits_for_hello(const HostId& host) const;
    // The store knows that it has.
    void said_hello(const HostId& host);
    [[nodiscard]] std::size_t waiting_for_hello() const;

    // Ends what the host holds. Errors: not_found (it holds nothing), those of StoreDesk.
    [[nodiscard]] net::Task<Status> revoke(HostId host, ports::AuditRow row);
    // The host has left the register, and its credential with it.
    void forgotten(const HostId& host);

    // Errors: conflict (the name is taken), exhausted, those of StoreDesk.
    [[nodiscard]] net::Task<Status> add_join_token(ports::JoinToken token, ports::AuditRow row);
    // Errors: not_found, those of StoreDesk.
    [[nodiscard]] net::Task<Status> end_join_token(std::string name, ports::AuditRow row);

    struct JoinTokenSeen {
        ports::JoinToken token;
        std::uint64_t uses = 0;
    };

    // Of the store and of the file.
    [[nodiscard]] std::vector<JoinTokenSeen> join_tokens() const;

  private:
    Credentials(const ports::Clock& clock, StoreDesk& desk, Options options, Tokens tokens);
    [[nodiscard]] Status read(ports::Stored& stored);
    [[nodiscard]] bool is_in_use(const std::string& digest, const HostId& but_for) const;
    void drop_join_tokens(const std::function<bool(const ports::JoinToken&)>& which);
    [[nodiscard]] core::Worth worth_of(const Token& token) const;
    [[nodiscard]] std::uint64_t uses_of(const std::string& token_digest) const;

    const ports::Clock& clock_;
    StoreDesk& desk_;
    Options options_;
    Tokens tokens_;
    std::string stamp_;  // of the file that was read: size, time, inode
    std::map<HostId, ports::HostCredential> joined_;
    std::map<std::string, HostId> by_digest_;  // of those
    std::map<std::string, HostId> admitting_;  // by the digest that is on its way to the store
    std::set<std::string> revoked_tokens_;
    std::map<std::string, ports::JoinToken> join_tokens_;  // of the store, by digest
    std::map<std::string, std::uint64_t> uses_;            // by a join token's digest
};

}  // namespace farshore::controller
