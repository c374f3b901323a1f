#include <algorithm>
#include <array>
#include <utility>

#include "adapters/net/http_guard.h"
#include "agent/agent.h"
#include "base/text.h"

// What the agent answers on its health port.
namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

// Leaves the answer itself inside of one second.
constexpr Duration kHealthWithin = 970ms;

struct Checks {
    explicit Checks(net::Io& io) : changed(io) {}

    std::vector<std::optional<net::HttpResponse>> answers;  // in the order of the apps
    std::size_t answered = 0;
    Signal changed;
};

net::Task<> check_into(
    AppAgent* app, std::shared_ptr<Checks> checks, std::size_t place, HealthDepth depth
) {
    net::HttpResponse answer = co_await app->health().check(depth);
    checks->answers[place] = std::move(answer);
    ++checks->answered;
    checks->changed.notify();
}

}  // namespace

AppAgent* Agent::find(std::string_view app) {
    const auto found = std::ranges::find_if(apps_, [&](const auto& one) {
        return one->gate().app().app.value() == app;
    });
    return found == apps_.end() ? nullptr : found->get();
}

net::HttpResponse Agent::answer_route53(std::string_view path) {
    path.remove_prefix(std::string_view{"/route53/"}.size());
    const std::vector<std::string_view> parts = split(path, '/');
    AppAgent* app = parts.size() == 2 ? find(parts[0]) : nullptr;
    if (app == nullptr) {
        return net::HttpResponse::json(
            404,
            R"({"error":{"kind":"not_found","text":"no such app; the path is /route53/APP/REGION"}})"
        );
    }
    return app->health().route53(RegionId{std::string{parts[1]}});
}

net::Task<net::HttpResponse> Agent::answer_health(net::HttpRequest request, HealthDepth depth) {
    const std::optional<std::string> name = request.query_value("app");
    if (name && find(*name) == nullptr) {
        co_return net::HttpResponse::json(
            404, R"({"error":{"kind":"not_found","text":"no such app"}})"
        );
    }
    // With several apps, a host serves when all of them do; the answer tells of the first that
    // fails. All are asked at once: together they have no longer than one.
    const auto checks = std::make_shared<Checks>(*io_);
    for (const auto& app : apps_) {
        if (name && app->gate().app().app.value() != *name) {
            continue;
        }
        const std::size_t place = checks->answers.size();
        checks->answers.emplace_back();
        tasks_.spawn("health of an app", [one = app.get(), checks, place, depth] {
            return check_into(one, checks, place, depth);
        });
    }
    const Instant end = options_.clock->now() + kHealthWithin;
    while (checks->answered < checks->answers.size() && options_.clock->now() < end) {
        co_await checks->changed.wait(checks->changed.generation(), end - options_.clock->now());
    }
    net::HttpResponse answer = net::HttpResponse::json(503, "{\"status\":\"failing\"}\n");
    for (std::optional<net::HttpResponse>& each : checks->answers) {
        if (!each) {
            co_return net::HttpResponse::json(
                503, "{\"status\":\"failing\",\"error\":\"no answer within a second\"}\n"
            );
        }
        answer = std::move(*each);
        if (answer.status != 200) {
            break;
        }
    }
    co_return answer;
}

net::Task<net::HttpResponse> Agent::answer(net::HttpRequest request) {
    const std::string path{request.path()};
    // Health checkers ask by OPTIONS, too, and call this host by any name: they learn no more than
    // that it serves.
    const bool is_health =
        path == "/livez" || path.starts_with("/healthz") || path.starts_with("/route53/");
    const bool looks = request.method == "GET" || request.method == "HEAD";
    if (!looks && !(is_health && request.method == "OPTIONS")) {
        net::HttpResponse refused = net::HttpResponse::json(
            405, R"({"error":{"kind":"malformed","text":"only GET, HEAD, and OPTIONS of health"}})"
        );
        refused.headers.push_back({.name = "Allow", .value = "GET, HEAD"});
        co_return refused;
    }
    if (auto foreign = is_health ? std::nullopt : net::refuse_foreign_host(request, names_)) {
        co_return std::move(*foreign);
    }
    if (path == "/livez") {
        co_return net::HttpResponse::json(200, "{\"status\":\"ok\"}\n");
    }
    const std::array<std::pair<std::string_view, HealthDepth>, 3> checks{{
        {"/healthz", HealthDepth::serving},
        {"/healthz/home", HealthDepth::home},
        {"/healthz/deep", HealthDepth::deep},
    }};
    for (const auto& [name, depth] : checks) {
        if (path == name) {
            net::HttpResponse health = co_await answer_health(std::move(request), depth);
            co_return health;
        }
    }
    if (path.starts_with("/route53/")) {
        co_return answer_route53(path);
    }
    if (path == "/metrics") {
        net::HttpResponse metrics = net::HttpResponse::text(200, metrics_text(apps_, *shared_));
        co_return metrics;
    }
    if (path == "/v1/state") {
        co_return net::HttpResponse::json(200, state_document(apps_, *shared_));
    }
    co_return net::HttpResponse::json(
        404,
        R"({"error":{"kind":"not_found","text":"known are /livez, /healthz, /healthz/home, /healthz/deep, /route53/APP/REGION, /metrics, /v1/state"}})"
    );
}

}  // namespace farshore::agent
