#include "controller/store_desk.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "adapters/net/later.h"
#include "adapters/system/log.h"

namespace farshore::controller {

Status status_of(ports::CommitAnswer answer) {
    if (answer.end == ports::CommitEnd::committed) {
        return {};
    }
    if (answer.end == ports::CommitEnd::unknown) {
        answer.why.effect = Effect::possible;
    }
    return std::unexpected(std::move(answer.why));
}

namespace {

// A change that cannot be is an answer to the client that asked for it, and no trouble of the
// store.
bool is_the_stores_trouble(const ports::CommitAnswer& answer) {
    const bool cannot_be =
        answer.why.kind == ErrorKind::not_found || answer.why.kind == ErrorKind::conflict;
    return answer.end != ports::CommitEnd::committed &&
           (answer.end != ports::CommitEnd::refused || !cannot_be);
}

}  // namespace

StoreDesk::StoreDesk(net::Io& io, AppId app, ports::Store& store, ports::LeaderToken leader)
    : io_(io), app_(std::move(app)), store_(store), leader_(leader) {}

void StoreDesk::commit(ports::Commit commit, ports::Ticket ticket) {
    commit.app = app_;
    commit.leader = leader_;
    store_.commit(
        std::move(commit),
        [this, ticket = std::move(ticket)](ports::CommitAnswer answer) {
            if (is_the_stores_trouble(answer)) {
                system::log_error("store", answer.why.text, {{"remedy", answer.why.remedy}});
            }
            if (answer.end == ports::CommitEnd::superseded ||
                answer.end == ports::CommitEnd::unknown) {
                end(answer.why);
            }
            ticket(std::move(answer));
        }
    );
}

net::Task<Status> StoreDesk::commit(ports::Commit commit) {
    const net::Later<ports::CommitAnswer> later{io_};
    this->commit(std::move(commit), [later](ports::CommitAnswer answer) {
        later.set(std::move(answer));
    });
    std::optional<ports::CommitAnswer> answer = co_await later.get();
    if (!answer) {
        co_return std::unexpected(Error{
            .kind = ErrorKind::cancelled,
            .effect = Effect::possible,
            .text = "the controller ends, and the store has not answered"
        });
    }
    co_return status_of(std::move(*answer));
}

net::Task<Status> StoreDesk::note(ports::AuditRow row) {
    ports::Commit only_this;
    only_this.audit.push_back(std::move(row));
    Status noted = co_await commit(std::move(only_this));
    co_return noted;
}

void StoreDesk::note_later(ports::AuditRow row) {
    ports::Commit only_this;
    only_this.audit.push_back(std::move(row));
    commit(std::move(only_this), [](const ports::CommitAnswer&) {});
}

Status StoreDesk::commit_at_start(ports::Change change) {
    ports::Commit only_this;
    only_this.changes.push_back(std::move(change));
    std::optional<ports::CommitAnswer> answered;
    commit(std::move(only_this), [&answered](ports::CommitAnswer answer) {
        answered = std::move(answer);
    });
    while (!answered && io_.run_one() > 0) {
    }
    io_.restart();
    return answered ? status_of(std::move(*answered))
                    : fail(ErrorKind::timed_out, "the store has not answered");
}

void StoreDesk::end(Error why) {
    if (std::exchange(ended_, true) || !ends_) {
        return;
    }
    boost::asio::post(io_, [this, why = std::move(why)] { ends_(why); });
}

}  // namespace farshore::controller
