#pragma once

#include <functional>
#include <optional>

#include "adapters/net/asio_types.h"
#include "adapters/net/task.h"
#include "ports/store.h"

namespace farshore::controller {

// A commit's answer for callers to whom it has been made or not. Errors: those of StoreDesk.
[[nodiscard]] Status status_of(ports::CommitAnswer answer);

// The controller's way to its store: puts the app and the leader's token on each commit, logs the
// store's trouble, and says when this controller has to end. Outlives its commits. Single-threaded.
class StoreDesk final : public ports::Store {
  public:
    StoreDesk(net::Io& io, AppId app, ports::Store& store, ports::LeaderToken leader);

    // Called once, not from inside a commit, when another controller leads or it is not known what
    // is durable. Nothing that this controller commits counts any more.
    void when_it_ends(std::function<void(const Error&)> ends) { ends_ = std::move(ends); }

    // ports::Store
    void commit(ports::Commit commit, ports::Ticket ticket) override;

    // The same for a coroutine. Errors: those of a refusal; conflict (superseded); unavailable with
    // Effect::possible; cancelled with Effect::possible (this controller ends).
    [[nodiscard]] net::Task<Status> commit(ports::Commit commit);
    [[nodiscard]] net::Task<Status> note(ports::AuditRow row);

    // For what waits for nothing: it has been logged when the store refuses it.
    void note_later(ports::AuditRow row);

    // Before the controller serves: turns its loop until the store has answered.
    [[nodiscard]] Status commit_at_start(ports::Change change);

  private:
    void end(Error why);

    net::Io& io_;
    AppId app_;
    ports::Store& store_;
    ports::LeaderToken leader_;
    std::function<void(const Error&)> ends_;
    bool ended_ = false;
};

}  // namespace farshore::controller
