#include <memory>
#include <utility>

#include "controller/api.h"
#include "controller/api_answers.h"
#include "wire/api.h"

// Watching an operation: its journal as a stream of lines, until it ends.
namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kWatchersMax = 100;
constexpr std::size_t kRowsPerRead = 500;
constexpr Duration kWatchEvery = std::chrono::seconds{1};

}  // namespace

net::HttpResponse Api::watch(const OperationId& id) {
    if (watchers_.size() >= kWatchersMax) {
        return refusal(
            {.kind = ErrorKind::throttled,
             .text = std::to_string(kWatchersMax) + " operations are being watched already",
             .remedy = "ask for the operation itself from time to time"}
        );
    }
    net::HttpResponse response;
    response.headers.push_back({.name = "Content-Type", .value = "application/x-ndjson"});
    response.headers.push_back({.name = "Cache-Control", .value = "no-store"});
    response.stream = [this, id](net::ByteSink& sink) {
        return run_watch(id, sink);
    };
    return response;
}

net::Task<> Api::run_watch(OperationId id, net::ByteSink& sink) {
    const auto wake = std::make_shared<net::Timer>(parts_.io.get_executor());
    watchers_.push_back(wake);

    struct Leave {
        std::vector<std::shared_ptr<net::Timer>>& all;
        std::shared_ptr<net::Timer> mine;

        Leave(std::vector<std::shared_ptr<net::Timer>>& of, std::shared_ptr<net::Timer> one)
            : all(of), mine(std::move(one)) {}

        Leave(const Leave&) = delete;
        Leave& operator=(const Leave&) = delete;

        ~Leave() { std::erase(all, mine); }
    };

    const Leave leave(watchers_, wake);
    std::uint64_t after = 0;
    while (!closed_) {
        const auto rows = parts_.stored.journal(id, after, kRowsPerRead);
        if (!rows) {
            co_return;
        }
        for (const ports::JournalRow& row : *rows) {
            after = row.sequence;
            const wire::EntryDocument entry =
                wire::entry_document({.sequence = row.sequence, .entry = row.entry});
            std::string line = json::serialize(wire::to_json(entry)) + "\n";
            const bool sent = co_await sink.write(std::move(line));
            if (!sent) {
                co_return;
            }
        }
        if (!rows->empty()) {
            continue;
        }
        Result<wire::OperationDocument> document = operation_of(view(), id, false);
        if (!document) {
            co_return;
        }
        if (document->outcome != core::Outcome::running) {
            const wire::WatchEndDocument end{.operation = std::move(*document)};
            std::string line = json::serialize(wire::to_json(end)) + "\n";
            const bool sent = co_await sink.write(std::move(line));
            static_cast<void>(sent);
            co_return;
        }
        wake->expires_after(kWatchEvery);
        auto [error] = co_await wake->async_wait(net::kAwait);
        static_cast<void>(error);  // the news, or the time, whichever comes first
    }
}

void Api::journal_changed() {
    for (const auto& watcher : watchers_) {
        watcher->cancel();
    }
}

void Api::close() {
    closed_ = true;
    journal_changed();
}

}  // namespace farshore::controller
