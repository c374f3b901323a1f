#include "memory_store.h"

#include <algorithm>
#include <variant>

namespace farshore::testing {

namespace {

// Applies changes to a copy of the rows: a commit that fails leaves the rows as they were.
class Writer {
  public:
    Writer(MemoryRows& rows, const AppId& app) : rows_(rows), app_(app) {}

    Status operator()(const ports::HostEntered& change) {
        const auto [at, is_new] = rows_.hosts.try_emplace({app_, change.host.host}, change.host);
        at->second.region = change.host.region;
        return {};
    }

    Status operator()(const ports::HostLeft& change) {
        rows_.credentials.erase({app_, change.host});
        rows_.hosts.erase({app_, change.host});
        return {};
    }

    Status operator()(const ports::HostJoined& change) {
        const ports::HostCredential& held = change.credential;
        for (const auto& [key, other] : rows_.credentials) {
            if (other.digest == held.digest && key != std::pair{app_, held.host}) {
                return fail(ErrorKind::conflict, "the digest is another host's");
            }
        }
        rows_.credentials[{app_, held.host}] = held;
        if (!change.token_digest.empty()) {
            rows_.joins[{app_, change.token_digest}].insert({held.host, held.since});
        }
        return (*this)(ports::HostEntered{
            {.host = held.host, .region = held.region, .registered_at = held.since}
        });
    }

    Status operator()(const ports::CredentialUsed& change) {
        if (const auto at = rows_.credentials.find({app_, change.host});
            at != rows_.credentials.end()) {
            at->second.used = true;
        }
        return {};
    }

    Status operator()(const ports::CredentialEnded& change) {
        const auto at = rows_.credentials.find({app_, change.host});
        if (at == rows_.credentials.end()) {
            return fail(ErrorKind::not_found, change.host.value() + " has not joined");
        }
        at->second.revoked_at = at->second.revoked_at.value_or(change.at);
        return {};
    }

    Status operator()(const ports::TokenEnded& change) {
        rows_.ended_tokens.insert(change.digest);
        return {};
    }

    Status operator()(const ports::JoinTokenMade& change) {
        const auto at = rows_.join_tokens.find({app_, change.token.name});
        if (at != rows_.join_tokens.end() && at->second.until > change.now) {
            return fail(ErrorKind::conflict, "there is a join token " + change.token.name);
        }
        rows_.join_tokens[{app_, change.token.name}] = change.token;
        return {};
    }

    Status operator()(const ports::JoinTokenEnded& change) {
        const bool ended =
            drop([&](const ports::JoinToken& token) { return token.name == change.name; });
        return ended ? Status{} : fail(ErrorKind::not_found, "no join token " + change.name);
    }

    Status operator()(const ports::JoinTokensForgotten& change) {
        drop([&](const ports::JoinToken& token) { return token.until <= change.until; });
        return {};
    }

    Status operator()(const ports::LossesNoted& change) {
        for (const ports::LossRow& row : change.rows) {
            rows_.losses[{change.operation, {row.table, row.key}}] = row;
        }
        return {};
    }

    Status operator()(const ports::RegisterNamed& change) {
        rows_.register_name = rows_.register_name.value_or(change.name);
        return {};
    }

    Status operator()(const ports::ConfigurationSeen& change) {
        rows_.configuration = change;
        return {};
    }

    Status operator()(const ports::DrillProven& change) {
        rows_.drills[app_] = change;
        return {};
    }

  private:
    template <class Which>
    bool drop(Which which) {
        return std::erase_if(rows_.join_tokens, [&](const auto& entry) {
                   const bool gone = entry.first.first == app_ && which(entry.second);
                   if (gone) {
                       rows_.joins.erase({app_, entry.second.digest});
                   }
                   return gone;
               }) > 0;
    }

    MemoryRows& rows_;
    const AppId& app_;
};

void write_state(MemoryRows& rows, const core::AppRecord& record) {
    rows.states[record.app] = record;
    if (!record.operation) {
        return;
    }
    const auto at =
        std::ranges::find_if(rows.operations, [&](const core::OperationRecord& operation) {
            return operation.plan.id == record.operation->plan.id;
        });
    if (at == rows.operations.end()) {
        rows.operations.push_back(*record.operation);
    } else {
        *at = *record.operation;
    }
}

template <class Map>
auto of_app(const Map& map, const AppId& app) {
    std::vector<typename Map::mapped_type> found;
    for (const auto& [key, value] : map) {
        if (key.first == app) {
            found.push_back(value);
        }
    }
    return found;
}

template <class Map>
std::optional<typename Map::mapped_type> find_in(
    const Map& map, const typename Map::key_type& key
) {
    const auto at = map.find(key);
    return at == map.end() ? std::nullopt : std::optional{at->second};
}

template <class Row>
std::vector<Row> newest(const std::vector<Row>& rows, std::size_t rows_max) {
    std::vector<Row> found(rows.rbegin(), rows.rend());
    found.resize(std::min(found.size(), rows_max));
    return found;
}

}  // namespace

void MemoryStore::commit(ports::Commit commit, ports::Ticket ticket) {
    switch (mood_) {
        case Mood::prompt: ticket(carry_out(commit)); return;
        case Mood::late:
            waiting_.emplace_back([this, commit = std::move(commit), ticket = std::move(ticket)] {
                ticket(carry_out(commit));
            });
            return;
        case Mood::full:
            ticket(
                {.end = ports::CommitEnd::refused,
                 .why = {.kind = ErrorKind::exhausted, .text = "full", .remedy = "make room"}}
            );
            return;
        case Mood::dies_before: return;
        case Mood::dies_afterwards: static_cast<void>(carry_out(commit)); return;
    }
}

bool MemoryStore::let_answer() {
    if (waiting_.empty()) {
        return false;
    }
    const std::function<void()> next = std::move(waiting_.front());
    waiting_.pop_front();
    next();
    return true;
}

ports::CommitAnswer MemoryStore::carry_out(const ports::Commit& commit) {
    if (rows_->leaders[commit.app] != commit.leader.value) {
        return {
            .end = ports::CommitEnd::superseded,
            .why = {.kind = ErrorKind::conflict, .text = "another leads", .remedy = "end this one"}
        };
    }
    MemoryRows next = *rows_;
    Writer writer(next, commit.app);
    for (const ports::Change& change : commit.changes) {
        if (Status status = std::visit(writer, change); !status) {
            return {.end = ports::CommitEnd::refused, .why = std::move(status.error())};
        }
    }
    if (commit.state) {
        write_state(next, *commit.state);
    }
    for (const core::JournalEntry& entry : commit.journal) {
        next.journal.push_back({.sequence = next.journal.size() + 1, .entry = entry});
    }
    next.audit.insert(next.audit.end(), commit.audit.begin(), commit.audit.end());
    *rows_ = std::move(next);
    return {};
}

Result<ports::LeaderToken> MemoryStore::lead(const AppId& app) {
    return ports::LeaderToken{++rows_->leaders[app]};
}

Result<std::optional<core::AppRecord>> MemoryStore::load(const AppId& app) {
    return find_in(rows_->states, app);
}

Result<std::vector<ports::RegisteredHost>> MemoryStore::hosts(const AppId& app) {
    return of_app(rows_->hosts, app);
}

Result<std::optional<std::string>> MemoryStore::register_name() {
    return rows_->register_name;
}

Result<std::optional<ports::ConfigurationSeen>> MemoryStore::configuration() {
    return rows_->configuration;
}

Result<std::optional<ports::DrillProven>> MemoryStore::last_drill(const AppId& app) {
    return find_in(rows_->drills, app);
}

Result<std::vector<ports::HostCredential>> MemoryStore::credentials(const AppId& app) {
    return of_app(rows_->credentials, app);
}

Result<std::vector<std::string>> MemoryStore::ended_tokens() {
    return std::vector<std::string>{rows_->ended_tokens.begin(), rows_->ended_tokens.end()};
}

Result<std::vector<ports::JoinToken>> MemoryStore::join_tokens(const AppId& app) {
    return of_app(rows_->join_tokens, app);
}

Result<std::map<std::string, std::uint64_t>> MemoryStore::join_uses(const AppId& app) {
    std::map<std::string, std::uint64_t> uses;
    for (const auto& [key, joins] : rows_->joins) {
        if (key.first == app) {
            uses[key.second] = joins.size();
        }
    }
    return uses;
}

Result<std::vector<ports::JournalRow>> MemoryStore::journal(
    const OperationId& operation, std::uint64_t after_sequence, std::size_t rows_max
) {
    std::vector<ports::JournalRow> found;
    for (const ports::JournalRow& row : rows_->journal) {
        if (row.entry.operation == operation && row.sequence > after_sequence &&
            found.size() < rows_max) {
            found.push_back(row);
        }
    }
    return found;
}

Result<std::optional<core::OperationRecord>> MemoryStore::operation(const OperationId& id) {
    for (const core::OperationRecord& operation : rows_->operations) {
        if (operation.plan.id == id) {
            return operation;
        }
    }
    return std::nullopt;
}

Result<std::vector<core::OperationRecord>> MemoryStore::operations(std::size_t rows_max) {
    return newest(rows_->operations, rows_max);
}

Result<std::vector<core::OperationRecord>> MemoryStore::operations_with_losses() {
    std::vector<core::OperationRecord> found = newest(rows_->operations, rows_->operations.size());
    std::erase_if(found, [this](const core::OperationRecord& operation) {
        return std::ranges::none_of(rows_->losses, [&](const auto& entry) {
            return entry.first.first == operation.plan.id;
        });
    });
    return found;
}

Result<std::vector<ports::LossRow>> MemoryStore::losses(const OperationId& operation) {
    std::vector<ports::LossRow> found;
    for (const auto& [key, row] : rows_->losses) {
        if (key.first == operation) {
            found.push_back(row);
        }
    }
    return found;
}

Result<std::optional<ports::LossRow>> MemoryStore::loss(
    const OperationId& operation, const std::string& table, const std::string& key
) {
    return find_in(rows_->losses, {operation, {table, key}});
}

Result<std::vector<ports::AuditRow>> MemoryStore::audit(std::size_t rows_max) {
    return newest(rows_->audit, rows_max);
}

}  // namespace farshore::testing
