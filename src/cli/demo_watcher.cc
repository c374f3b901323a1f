#include "cli/demo_watcher.h"

#include <algorithm>
#include <array>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "cli/demo_live.h"
#include "wire/client_log.h"

namespace farshore::cli {

namespace asio = boost::asio;

Watcher::Watcher(Options options, Stage& stage, const ports::Clock& clock)
    : options_(std::move(options)), stage_(stage), clock_(clock), api_(options_.controller) {
    net::DnsClient::Options dns;
    dns.servers = {options_.dns};
    dns.source_address = options_.source_address;
    dns.attempts_max = 1;
    dns_ = net::DnsClient::create(io_, dns);
}

void Watcher::look() {
    stage_.hold();
    look_at_clients();
    look_at_status();
    look_at_dns();
    stage_.release();
    show_live();
}

void Watcher::look_at_status() {
    const auto answer = api_.get("/v1/status");
    auto status = answer && answer->ok() ? answer->as<wire::StatusDocument>()
                                         : std::unexpected(Error{.text = "it does not answer"});
    const bool answers = status.has_value();
    if (answers != controller_answers_) {
        stage_.say(
            "note",
            answers  ? "the controller answers again"
            : answer ? "the controller: " + status.error().text
                     : "the controller does not answer"
        );
        controller_answers_ = answers;
    }
    if (!answers) {
        return;
    }
    status_ = std::move(*status);
    look_at_votes();
    look_at_agents();
    look_at_operation();
}

void Watcher::look_at_votes() {
    for (const auto& [region, state] : status_.regions) {
        for (const auto& [component, parts] : state.components) {
            for (const wire::VoteDocument& vote : parts.votes) {
                look_at_vote(region, component, vote);
            }
        }
    }
}

void Watcher::look_at_vote(
    const std::string& region, const std::string& component, const wire::VoteDocument& vote
) {
    const std::string what = fmt::format("{} of {}", component, region);
    if (vote.vote == core::Health::unhealthy && vote.observer.starts_with("agents")) {
        seen_by_agents_[what].push_back(clock_.wall());
    }
    // Hosts that disagree for a moment are on their way to the next vote.
    if (vote.vote == core::Health::unknown) {
        return;
    }
    std::optional<core::Health>& known = votes_[fmt::format("{}/{}", vote.observer, what)];
    if (votes_are_news_ && known != vote.vote) {
        const std::string why = vote.vote == core::Health::healthy ? "" : vote.why;
        stage_.say(
            "vote",
            fmt::format(
                "{}: {} is {}{}{}",
                vote.observer,
                what,
                to_string(vote.vote),
                why.empty() ? "" : ": ",
                why
            )
        );
    }
    known = vote.vote;
}

bool Watcher::agents_saw(const std::string& region, std::string_view component, drill::Span span)
    const {
    const auto seen = seen_by_agents_.find(fmt::format("{} of {}", component, region));
    return seen != seen_by_agents_.end() &&
           std::ranges::any_of(seen->second, [&](UtcTime at) { return span.holds(at); });
}

void Watcher::look_at_agents() {
    for (const wire::AgentDocument& agent : status_.agents) {
        const std::string& host = agent.host.value();
        const std::string route = route_text(agent, status_.epoch);
        std::string& known = routes_[host];
        if (!known.empty() && known != route) {
            stage_.say("agent", fmt::format("{} {}", host, route));
        }
        known = route;
    }
}

void Watcher::look_at_operation() {
    const auto& shown = status_.operation ? status_.operation : status_.last_operation;
    if (!shown) {
        return;
    }
    const std::string id = shown->id.value();
    const auto known = operations_.find(id);
    if (known != operations_.end() && known->second.operation.outcome != core::Outcome::running) {
        return;
    }
    const auto answer = api_.get("/v1/operations/" + id);
    if (!answer || !answer->ok()) {
        return;
    }
    const auto operation = answer->as<wire::OperationDocument>();
    if (!operation) {
        stage_.say("note", operation.error().text);
        return;
    }
    if (known == operations_.end()) {
        stage_.say_at(
            operation->started_at,
            "decision",
            fmt::format(
                "{} {} -> {} by {} ({}){}{}",
                to_string(operation->verb),
                operation->from.value(),
                operation->to.value(),
                operation->by,
                id,
                operation->reason.empty() ? "" : ": ",
                operation->reason
            )
        );
    }
    for (const wire::EntryDocument& entry : operation->steps) {
        if (entry.sequence > told_[id]) {
            told_[id] = entry.sequence;
            stage_.say_at(entry.at, "step", fmt::format("{}: {}", entry.kind, entry.text));
        }
    }
    operations_[id] = {.operation = *operation, .document = answer->as_object()};
}

const OperationSeen* Watcher::operation(const std::set<core::Verb>& verbs) const {
    const OperationSeen* newest = nullptr;
    for (const auto& [id, seen] : operations_) {
        if (verbs.contains(seen.operation.verb) &&
            (newest == nullptr || seen.operation.started_at >= newest->operation.started_at)) {
            newest = &seen;
        }
    }
    return newest;
}

void Watcher::look_at_dns() {
    std::optional<Result<net::DnsAnswer>> outcome;
    io_.restart();
    asio::co_spawn(
        io_,
        dns_->resolve(options_.record),
        [&](const std::exception_ptr& failure, Result<net::DnsAnswer> answer) {
            outcome = failure ? fail(ErrorKind::cancelled, "given up") : std::move(answer);
        }
    );
    io_.run();
    if (!outcome || !*outcome || (*outcome)->addresses.empty()) {
        return;
    }
    const auto region = options_.region_of_address.find((*outcome)->addresses.front());
    const std::string now = region == options_.region_of_address.end() ? "" : region->second;
    if (now == dns_region_) {
        return;
    }
    const UtcTime at = clock_.wall();
    if (!dns_region_.empty()) {
        stage_.say_at(at, "dns", fmt::format("{} answers with {}", options_.record, now));
    }
    dns_region_ = now;
    dns_since_ = at;
}

void Watcher::look_at_clients() {
    if (!log_.is_open()) {
        log_.open(options_.client_log, std::ios::binary);
        if (!log_.is_open()) {
            return;
        }
    }
    std::array<char, 64 * 1024> piece{};
    log_.clear();
    while (log_.read(piece.data(), piece.size()), log_.gcount() > 0) {
        log_rest_.append(piece.data(), static_cast<std::size_t>(log_.gcount()));
        log_.clear();
    }
    std::size_t from = 0;
    for (std::size_t to = log_rest_.find('\n'); to != std::string::npos;
         to = log_rest_.find('\n', from)) {
        const auto request =
            wire::client_request_from(std::string_view{log_rest_}.substr(from, to - from));
        from = to + 1;
        if (!request) {
            continue;
        }
        ++requests_;
        if (request->ok) {
            continue;
        }
        if (failed_++ == 0) {
            stage_.say_at(
                request->intended,
                "shop",
                fmt::format("the first request fails: {}", request->error.substr(0, 120))
            );
        }
        last_failure_ = std::max(last_failure_.value_or(request->intended), request->intended);
    }
    log_rest_.erase(0, from);
}

void Watcher::show_live() {
    const auto running =
        status_.operation ? operations_.find(status_.operation->id.value()) : operations_.end();
    // Between the fault and what follows from it.
    const bool undecided = operation({core::Verb::failover}) == nullptr;
    stage_.live(fmt::format(
        "{}  active {} epoch {}  requests {} failed {}",
        phase_clock(
            running == operations_.end() ? nullptr : &running->second.operation,
            undecided ? stage_.origin() : std::nullopt,
            clock_.wall()
        ),
        status_.active.value(),
        status_.epoch.value(),
        requests_,
        failed_
    ));
}

}  // namespace farshore::cli
