#include "cli/demo_watcher.h"

#include <algorithm>
#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/demo_live.h"
#include "cli/output.h"
#include "wire/client_log.h"

namespace farshore::cli {

namespace asio = boost::asio;
namespace json = boost::json;

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
    auto answer = api_.get("/v1/status");
    const bool answers = answer && answer->ok();
    if (answers != controller_answers_) {
        stage_.say(
            "note", answers ? "the controller answers again" : "the controller does not answer"
        );
        controller_answers_ = answers;
    }
    if (!answers) {
        return;
    }
    status_ = std::move(answer->document);
    look_at_votes();
    look_at_agents();
    look_at_operation();
}

void Watcher::look_at_votes() {
    for (const auto& [region, state] : members_at(status_, "regions")) {
        for (const auto& [component, parts] : members_at(state, "components")) {
            for (const json::value& vote : list_at(parts, "votes")) {
                look_at_vote(std::string{region}, std::string{component}, vote);
            }
        }
    }
}

void Watcher::look_at_vote(
    const std::string& region, const std::string& component, const json::value& vote
) {
    const std::string observer = text_at(vote, "observer");
    const std::string word = text_at(vote, "vote");
    const std::string what = fmt::format("{} of {}", component, region);
    if (word == "unhealthy" && observer.starts_with("agents")) {
        seen_by_agents_[what].push_back(clock_.wall());
    }
    // Hosts that disagree for a moment are on their way to the next vote.
    if (word == "unknown") {
        return;
    }
    std::string& known = votes_[fmt::format("{}/{}", observer, what)];
    if (votes_are_news_ && known != word) {
        const std::string why = word == "healthy" ? "" : text_at(vote, "why");
        stage_.say(
            "vote",
            fmt::format("{}: {} is {}{}{}", observer, what, word, why.empty() ? "" : ": ", why)
        );
    }
    known = word;
}

bool Watcher::agents_saw(const std::string& region, std::string_view component, drill::Span span)
    const {
    const auto seen = seen_by_agents_.find(fmt::format("{} of {}", component, region));
    return seen != seen_by_agents_.end() &&
           std::ranges::any_of(seen->second, [&](UtcTime at) { return span.holds(at); });
}

void Watcher::look_at_agents() {
    for (const json::value& agent : list_at(status_, "agents")) {
        const std::string host = text_at(agent, "host");
        const std::string route = route_text(agent, number_at(status_, "epoch"));
        std::string& known = routes_[host];
        if (!known.empty() && known != route) {
            stage_.say("agent", fmt::format("{} {}", host, route));
        }
        known = route;
    }
}

void Watcher::look_at_operation() {
    const json::value* operation = value_at(status_, "operation");
    if (operation == nullptr) {
        operation = value_at(status_, "last_operation");
    }
    const std::string id = operation == nullptr ? "" : text_at(*operation, "id");
    if (id.empty()) {
        return;
    }
    const auto known = operations_.find(id);
    const bool over =
        known != operations_.end() && text_at(json::value(known->second), "outcome") != "running";
    const auto answer = over ? Result<Answer>{Answer{}} : api_.get("/v1/operations/" + id);
    if (!answer || !answer->ok() || !answer->document.is_object()) {
        return;
    }
    const json::value& document = answer->document;
    if (known == operations_.end()) {
        stage_.say_at(
            utc_from_ms(number_at(document, "started_at_ms")),
            "decision",
            fmt::format(
                "{} {} -> {} by {} ({}){}{}",
                text_at(document, "verb"),
                text_at(document, "from"),
                text_at(document, "to"),
                text_at(document, "by"),
                id,
                text_at(document, "reason").empty() ? "" : ": ",
                text_at(document, "reason")
            )
        );
    }
    for (const json::value& step : list_at(document, "steps")) {
        const std::int64_t sequence = number_at(step, "sequence");
        if (sequence > told_[id]) {
            told_[id] = sequence;
            const std::string state = text_at(step, "state");
            stage_.say_at(
                utc_from_ms(number_at(step, "at_ms")),
                state.empty() ? "step" : state,
                fmt::format("{}: {}", text_at(step, "kind"), text_at(step, "text"))
            );
        }
    }
    operations_[id] = document.get_object();
}

json::object Watcher::operation(const std::set<std::string>& verbs) const {
    json::object newest;
    for (const auto& [id, document] : operations_) {
        const bool wanted = verbs.contains(text_at(json::value(document), "verb"));
        const std::int64_t started = number_at(json::value(document), "started_at_ms");
        if (wanted && started >= number_at(json::value(newest), "started_at_ms", -1)) {
            newest = document;
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
    const json::value* operation = value_at(status_, "operation");
    const auto document =
        operation == nullptr ? operations_.end() : operations_.find(text_at(*operation, "id"));
    // Between the fault and what follows from it.
    const bool undecided = this->operation({"failover"}).empty();
    stage_.live(fmt::format(
        "{}  active {} epoch {}  requests {} failed {}",
        phase_clock(
            document == operations_.end() ? json::value(nullptr) : json::value(document->second),
            undecided ? stage_.origin() : std::nullopt,
            clock_.wall()
        ),
        text_at(status_, "active"),
        text_at(status_, "epoch"),
        requests_,
        failed_
    ));
}

}  // namespace farshore::cli
