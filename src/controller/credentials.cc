#include "controller/credentials.h"

#include <algorithm>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "base/text.h"

namespace farshore::controller {

namespace {

constexpr const char* kConfigured = "configured";

std::function<bool(const ports::JoinToken&)> has_run_out(UtcTime then) {
    return [then](const ports::JoinToken& held) {
        return core::worth_of(core::CredentialTerm{.until = held.until}, then) ==
               core::Worth::run_out;
    };
}

}  // namespace

std::string file_stamp(const std::string& path) {
    struct stat seen{};
    if (::stat(path.c_str(), &seen) != 0) {
        return {};
    }
    return std::to_string(seen.st_ino) + ":" + std::to_string(seen.st_size) + ":" +
           std::to_string(seen.st_mtim.tv_sec) + "." + std::to_string(seen.st_mtim.tv_nsec);
}

Credentials::Credentials(const ports::Clock& clock, StoreDesk& desk, Options options, Tokens tokens)
    : clock_(clock),
      desk_(desk),
      options_(std::move(options)),
      tokens_(std::move(tokens)),
      stamp_(file_stamp(options_.tokens_file)) {}

Result<std::unique_ptr<Credentials>> Credentials::open(
    const ports::Clock& clock, ports::Stored& stored, StoreDesk& desk, Options options
) {
    Result<Tokens> tokens = Tokens::load(options.tokens_file);
    if (!tokens) {
        return std::unexpected(std::move(tokens.error()));
    }
    std::unique_ptr<Credentials> made{
        new Credentials(clock, desk, std::move(options), std::move(*tokens))
    };
    if (Status read = made->read(stored); !read) {
        return std::unexpected(std::move(read.error()));
    }
    return made;
}

Status Credentials::read(ports::Stored& stored) {
    auto joined = stored.credentials(options_.app);
    auto revoked = stored.ended_tokens();
    auto tokens = stored.join_tokens(options_.app);
    auto uses = stored.join_uses(options_.app);
    if (!joined || !revoked || !tokens || !uses) {
        return std::unexpected(
            !joined    ? joined.error()
            : !revoked ? revoked.error()
            : !tokens  ? tokens.error()
                       : uses.error()
        );
    }
    for (ports::HostCredential& one : *joined) {
        by_digest_.emplace(one.digest, one.host);
        const HostId host = one.host;
        joined_.emplace(host, std::move(one));
    }
    revoked_tokens_ = {revoked->begin(), revoked->end()};
    for (ports::JoinToken& token : *tokens) {
        const std::string digest = token.digest;
        join_tokens_.emplace(digest, std::move(token));
    }
    uses_ = std::move(*uses);
    const UtcTime then = core::join_tokens_forgotten_until(clock_.wall(), true);
    const auto gone = has_run_out(then);
    if (std::ranges::none_of(join_tokens_, gone, &decltype(join_tokens_)::value_type::second)) {
        return {};
    }
    Status forgotten = desk_.commit_at_start(ports::JoinTokensForgotten{then});
    if (forgotten) {
        drop_join_tokens(gone);
    }
    return forgotten;
}

Result<bool> Credentials::reload(bool always) {
    const std::string stamp = file_stamp(options_.tokens_file);
    if (stamp == stamp_ && !always) {
        return false;
    }
    // A file that cannot be read is reported once, and again only after it has changed.
    stamp_ = stamp;
    Result<Tokens> tokens = Tokens::load(options_.tokens_file);
    if (!tokens) {
        return std::unexpected(std::move(tokens.error()));
    }
    tokens_ = std::move(*tokens);
    return true;
}

core::Worth Credentials::worth_of(const Token& token) const {
    return core::worth_of(
        core::CredentialTerm{.ended = revoked_tokens_.contains(token.digest), .until = token.until},
        clock_.wall()
    );
}

Result<Caller> Credentials::caller(std::optional<std::string_view> authorization) const {
    const Result<std::string_view> shown = bearer_token(authorization);
    if (!shown) {
        return std::unexpected(shown.error());
    }
    const std::string digest = digest_of(*shown);
    if (const auto host = by_digest_.find(digest); host != by_digest_.end()) {
        const ports::HostCredential& held = joined_.at(host->second);
        if (held.revoked_at) {
            return std::unexpected(not_let_in(
                "the credential of " + held.host.value() + " was ended at " +
                    to_iso8601(*held.revoked_at),
                "revoked"
            ));
        }
        return Caller{
            .name = held.host.value(),
            .role = Role::agent,
            .app = options_.app,
            .host = held.host,
            .region = held.region
        };
    }
    if (const auto found = join_tokens_.find(digest); found != join_tokens_.end()) {
        return Caller{
            .name = found->second.name,
            .role = Role::join,
            .app = options_.app,
            .host = {},
            .region = found->second.region
        };
    }
    const Token* token = tokens_.find(digest, options_.app);
    if (token == nullptr) {
        return std::unexpected(not_let_in("the token is not known here", "bad_token"));
    }
    switch (worth_of(*token)) {
        case core::Worth::good: break;
        case core::Worth::ended:
            return std::unexpected(not_let_in(
                "the token " + token->caller.name + " was ended by an operator", "revoked"
            ));
        case core::Worth::run_out:
        case core::Worth::used_up:
            return std::unexpected(not_let_in(
                "the token " + token->caller.name + " ran out at " + to_iso8601(*token->until),
                "expired"
            ));
    }
    return token->caller;
}

std::optional<core::Vouching> Credentials::vouching(const HostId& host) const {
    const bool configured = std::ranges::any_of(tokens_.of_host(host), [&](const Token* token) {
        return token->caller.app == options_.app && worth_of(*token) == core::Worth::good;
    });
    if (configured) {
        return core::Vouching{.by = kConfigured, .configured = true};
    }
    const auto joined = joined_.find(host);
    if (joined == joined_.end() || joined->second.revoked_at) {
        return std::nullopt;
    }
    const std::string& by = joined->second.vouched_by;
    return core::Vouching{.by = by, .configured = false, .proves_itself = by.starts_with("arn:")};
}

std::optional<UtcTime> Credentials::joined_at(const HostId& host) const {
    const auto joined = joined_.find(host);
    return joined == joined_.end() ? std::nullopt : std::optional{joined->second.since};
}

std::uint64_t Credentials::uses_of(const std::string& token_digest) const {
    const auto found = uses_.find(token_digest);
    return found == uses_.end() ? 0 : found->second;
}

Result<Credentials::JoinProof> Credentials::join_proof(std::optional<std::string_view> authorization
) const {
    const Result<Caller> caller = this->caller(authorization);
    if (!caller) {
        return std::unexpected(caller.error());
    }
    if (caller->role != Role::join || !caller->may_speak_for(options_.app)) {
        return std::unexpected(not_let_in(
            "the token " + caller->name + " is no join token of " + options_.app.value(), "role"
        ));
    }
    JoinProof proof{
        .by = "join token " + caller->name,
        .token_digest = digest_of(*bearer_token(authorization)),
        .hosts = "*",
        .region = caller->region
    };
    core::JoinTokenTerm term{.uses = uses_of(proof.token_digest)};
    if (const auto made = join_tokens_.find(proof.token_digest); made != join_tokens_.end()) {
        proof.hosts = made->second.hosts;
        term.until = made->second.until;
        term.uses_max = made->second.uses_max;
    } else {
        const Token* token = tokens_.find(proof.token_digest, options_.app);
        proof.hosts = token->hosts;
        term.until = *token->until;
        term.uses_max = token->uses_max;
    }
    const core::Worth worth = core::worth_of(term, clock_.wall());
    if (worth == core::Worth::good) {
        return proof;
    }
    if (worth == core::Worth::run_out) {
        return std::unexpected(
            not_let_in(proof.by + " ran out at " + to_iso8601(term.until), "expired")
        );
    }
    Error error = not_let_in(
        proof.by + " is used up: " + std::to_string(term.uses_max) + " hosts have joined with it",
        "used_up"
    );
    error.remedy = "make another one: `farshore init join-token`";
    return std::unexpected(std::move(error));
}

bool Credentials::holds(const HostId& host, const std::string& digest) const {
    const auto joined = joined_.find(host);
    return joined != joined_.end() && joined->second.digest == digest && !joined->second.revoked_at;
}

bool Credentials::is_in_use(const std::string& digest, const HostId& but_for) const {
    const auto other = by_digest_.find(digest);
    const auto coming = admitting_.find(digest);
    return (other != by_digest_.end() && other->second != but_for) ||
           (coming != admitting_.end() && coming->second != but_for) ||
           join_tokens_.contains(digest) || tokens_.find(digest, options_.app) != nullptr;
}

net::Task<Status> Credentials::admit(
    core::JoinRequest request, std::string digest, std::string token_digest, ports::AuditRow row
) {
    if (is_in_use(digest, request.host)) {
        co_return fail(
            ErrorKind::conflict,
            "the credential that " + request.host.value() + " has made is already in use",
            "remove its credential file: the agent makes another one"
        );
    }
    const ports::HostCredential credential{
        .host = request.host,
        .region = request.region,
        .digest = digest,
        .vouched_by = request.by,
        .since = clock_.wall()
    };
    ports::Commit commit;
    commit.changes.emplace_back(
        ports::HostJoined{.credential = credential, .token_digest = token_digest}
    );
    commit.audit.push_back(std::move(row));
    // Taken before the store answers: two hosts must not use the last use of a token, nor one
    // digest.
    const bool counted = !token_digest.empty();
    if (counted) {
        ++uses_[token_digest];
    }
    admitting_.emplace(digest, request.host);
    Status kept = co_await desk_.commit(std::move(commit));
    admitting_.erase(digest);
    if (!kept) {
        if (counted) {
            --uses_[token_digest];
        }
        co_return kept;
    }
    forgotten(request.host);
    by_digest_.emplace(digest, request.host);
    joined_.emplace(request.host, credential);
    co_return kept;
}

bool Credentials::waits_for_hello(const HostId& host) const {
    const auto joined = joined_.find(host);
    return joined != joined_.end() && !joined->second.used;
}

void Credentials::said_hello(const HostId& host) {
    if (const auto joined = joined_.find(host); joined != joined_.end()) {
        joined->second.used = true;
    }
}

std::size_t Credentials::waiting_for_hello() const {
    return static_cast<std::size_t>(std::ranges::count_if(joined_, [](const auto& entry) {
        return !entry.second.used && !entry.second.revoked_at;
    }));
}

net::Task<Status> Credentials::revoke(HostId host, ports::AuditRow row) {
    const UtcTime now = clock_.wall();
    ports::Commit commit;
    std::vector<std::string> digests;
    for (const Token& token : tokens_.all()) {
        if (token.caller.role == Role::agent && token.caller.host == host &&
            token.caller.app == options_.app && !revoked_tokens_.contains(token.digest)) {
            digests.push_back(token.digest);
            commit.changes.emplace_back(ports::TokenEnded{.digest = token.digest, .at = now});
        }
    }
    const auto held = joined_.find(host);
    if (held != joined_.end() && !held->second.revoked_at) {
        commit.changes.emplace_back(ports::CredentialEnded{.host = host, .at = now});
    }
    if (commit.changes.empty()) {
        co_return fail(
            ErrorKind::not_found,
            host.value() + " holds no credential that could be ended",
            "`farshore agents list` shows who vouches for each host"
        );
    }
    commit.audit.push_back(std::move(row));
    Status kept = co_await desk_.commit(std::move(commit));
    if (kept) {
        revoked_tokens_.insert(digests.begin(), digests.end());
        if (const auto ended = joined_.find(host); ended != joined_.end()) {
            ended->second.revoked_at = ended->second.revoked_at.value_or(now);
        }
    }
    co_return kept;
}

void Credentials::forgotten(const HostId& host) {
    const auto joined = joined_.find(host);
    if (joined != joined_.end()) {
        by_digest_.erase(joined->second.digest);
        joined_.erase(joined);
    }
}

void Credentials::drop_join_tokens(const std::function<bool(const ports::JoinToken&)>& which) {
    std::erase_if(join_tokens_, [&](const auto& entry) {
        const bool gone = which(entry.second);
        if (gone) {
            uses_.erase(entry.first);
        }
        return gone;
    });
}

net::Task<Status> Credentials::add_join_token(ports::JoinToken token, ports::AuditRow row) {
    const UtcTime now = clock_.wall();
    const bool full = join_tokens_.size() >= options_.join_tokens_max;
    const UtcTime then = core::join_tokens_forgotten_until(now, !full);
    const auto gone = has_run_out(then);
    const auto ending =
        std::ranges::count_if(join_tokens_, gone, &decltype(join_tokens_)::value_type::second);
    if (join_tokens_.size() - static_cast<std::size_t>(ending) >= options_.join_tokens_max) {
        co_return fail(
            ErrorKind::exhausted,
            "there are " + std::to_string(options_.join_tokens_max) + " join tokens already",
            "end some: `farshore init join-token --end NAME`"
        );
    }
    ports::Commit commit;
    if (ending > 0) {
        commit.changes.emplace_back(ports::JoinTokensForgotten{then});
    }
    commit.changes.emplace_back(ports::JoinTokenMade{.token = token, .now = now});
    commit.audit.push_back(std::move(row));
    Status kept = co_await desk_.commit(std::move(commit));
    if (kept) {
        drop_join_tokens([&](const ports::JoinToken& held) {
            return gone(held) || held.name == token.name;
        });
        join_tokens_.emplace(token.digest, token);
    }
    co_return kept;
}

net::Task<Status> Credentials::end_join_token(std::string name, ports::AuditRow row) {
    ports::Commit commit;
    commit.changes.emplace_back(ports::JoinTokenEnded{name});
    commit.audit.push_back(std::move(row));
    Status kept = co_await desk_.commit(std::move(commit));
    if (kept) {
        drop_join_tokens([&](const ports::JoinToken& held) { return held.name == name; });
    }
    co_return kept;
}

std::vector<Credentials::JoinTokenSeen> Credentials::join_tokens() const {
    std::vector<JoinTokenSeen> seen;
    for (const auto& [digest, token] : join_tokens_) {
        seen.push_back({.token = token, .uses = uses_of(digest)});
    }
    for (const Token& token : tokens_.all()) {
        if (token.caller.role == Role::join && token.caller.app == options_.app) {
            const ports::JoinToken listed{
                .name = token.caller.name,
                .digest = token.digest,
                .region = token.caller.region,
                .hosts = token.hosts,
                .uses_max = token.uses_max,
                .until = *token.until,
                .by = "the tokens file"
            };
            seen.push_back({.token = listed, .uses = uses_of(token.digest)});
        }
    }
    std::ranges::sort(seen, {}, [](const JoinTokenSeen& one) { return one.token.name; });
    return seen;
}

}  // namespace farshore::controller
