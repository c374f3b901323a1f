#include "agent/health.h"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kKeptFor = 1s;
// Leaves the answer itself inside of one second.
constexpr Duration kProbePatience = 800ms;
constexpr Duration kAnswerWithin = 950ms;

boost::json::object to_json(const Probe& probe) {
    boost::json::object out{{"ok", probe.ok}, {"ms", to_ms(probe.took)}};
    if (!probe.error.empty()) {
        out["error"] = as_utf8(probe.error, 300);
    }
    return out;
}

Probe to_probe(const Result<Duration>& result) {
    if (result) {
        return {.ok = true, .took = *result, .error = {}};
    }
    return {.ok = false, .took = {}, .error = result.error().text};
}

}  // namespace

Health::Health(Parts parts) : parts_(std::move(parts)), regions_(parts_.aws), made_(parts_.io) {}

std::uint64_t Health::checks(HealthDepth depth) const {
    return kept_[static_cast<std::size_t>(depth)].checks;
}

TableName Health::table() const {
    const config::AgentApp& app = parts_.gate.app();
    return app.health_table.empty() ? app.heartbeat_table : TableName{app.health_table};
}

net::Task<Probe> Health::ask_region(RegionId region, bool fresh) {
    const Instant started = parts_.clock->now();
    aws::GetItem get{.table = table()};
    get.key = key_of_host(HostId{"health"}, "health");
    aws::CallOptions options = aws::once_within(kProbePatience);
    options.fresh_connection = fresh;
    const Result<std::optional<aws::Item>> read = co_await regions_.get_item(region, get, options);
    if (!read && read.error().kind != ErrorKind::malformed) {
        co_return to_probe(std::unexpected(read.error()));
    }
    co_return Probe{.ok = true, .took = parts_.clock->now() - started, .error = {}};
}

net::Task<Probe> Health::probe(HealthDepth depth, bool fresh) {
    const auto& route = parts_.gate.machine().route();
    if (depth == HealthDepth::home) {
        Probe asked = co_await ask_region(parts_.home, fresh);
        co_return asked;
    }
    if (!route) {
        co_return Probe{
            .ok = false,
            .took = {},
            .error = "this host has no route yet: no controller has assigned one"
        };
    }
    if (fresh) {
        // Whether new connections to the active Region can be made; the endpoint itself uses warm
        // ones.
        Probe asked = co_await ask_region(route->active, true);
        co_return asked;
    }
    if (depth == HealthDepth::deep) {
        const Result<Duration> written = co_await parts_.verifier.prove_write(kProbePatience);
        co_return to_probe(written);
    }
    const Result<Duration> read =
        co_await parts_.verifier.prove_read(table(), false, kProbePatience);
    co_return to_probe(read);
}

Health::Ground Health::ground() const {
    return {
        .route = parts_.gate.machine().route().value_or(core::HostRoute{}),
        .write_state = parts_.gate.write_state()
    };
}

// A load balancer that asks right after this host got its route must not hear "no route yet".
bool Health::holds(const Kept& kept) const {
    return kept.made_at && parts_.clock->now() - *kept.made_at < kKeptFor &&
           kept.ground == ground();
}

std::string Health::document(HealthDepth depth, bool ok, const Probe& fresh, const Probe& reused)
    const {
    const auto& [route, write_state] = kept_[static_cast<std::size_t>(depth)].ground;
    const boost::json::object out{
        {"status", ok ? "ok" : "failing"},
        {"check", to_string(depth)},
        {"app", parts_.gate.app().app.value()},
        {"epoch", route.epoch.value()},
        {"active", route.active.value()},
        {"users", route.users.value()},
        {"home", parts_.home.value()},
        {"write_state", to_string(write_state)},
        {"fresh", to_json(fresh)},
        {"reused", to_json(reused)},
        {"at", to_iso8601(parts_.clock->wall())},
    };
    return boost::json::serialize(out) + "\n";
}

net::Task<> Health::make(HealthDepth depth) {
    Kept& kept = kept_[static_cast<std::size_t>(depth)];
    ++kept.checks;
    const Ground begun_on = ground();

    // Both at once: one that hangs must not eat the other's time.
    struct Both {
        std::optional<Probe> fresh;
        std::optional<Probe> reused;
    };

    const auto both = std::make_shared<Both>();
    const Instant started = parts_.clock->now();
    for (const bool fresh : {true, false}) {
        parts_.tasks.spawn("health probe", [this, depth, fresh, both] {
            return probe_into(depth, fresh, &(fresh ? both->fresh : both->reused), both);
        });
    }
    while ((!both->fresh || !both->reused) && parts_.clock->now() - started < kAnswerWithin) {
        co_await made_.wait(made_.generation(), kAnswerWithin - (parts_.clock->now() - started));
    }
    const Probe late{.ok = false, .took = kAnswerWithin, .error = "no answer within a second"};
    const Probe fresh = both->fresh.value_or(late);
    const Probe reused = both->reused.value_or(late);
    kept.ok = reused.ok;
    kept.ground = begun_on;
    kept.body = document(depth, kept.ok, fresh, reused);
    kept.made_at = parts_.clock->now();
    kept.running = false;
    made_.notify();
}

net::Task<> Health::probe_into(
    HealthDepth depth, bool fresh, std::optional<Probe>* into, std::shared_ptr<void> keeps
) {
    Probe result = co_await probe(depth, fresh);
    into->emplace(std::move(result));
    made_.notify();
    keeps.reset();
}

net::Task<net::HttpResponse> Health::check(HealthDepth depth) {
    Kept& kept = kept_[static_cast<std::size_t>(depth)];
    const Instant asked = parts_.clock->now();
    while (!holds(kept) && parts_.clock->now() - asked < 1s) {
        const std::uint64_t seen = made_.generation();
        if (!kept.running) {
            kept.running = true;
            parts_.tasks.spawn("health check", [this, depth] { return make(depth); });
        }
        co_await made_.wait(seen, 1s - (parts_.clock->now() - asked));
    }
    co_return net::HttpResponse::json(
        kept.ok ? 200 : 503, kept.body.empty() ? "{\"status\":\"failing\"}\n" : kept.body
    );
}

net::HttpResponse Health::route53(const RegionId& region) const {
    const auto& regions = parts_.gate.app().regions;
    if (std::ranges::find(regions, region) == regions.end()) {
        return net::HttpResponse::json(
            404, R"({"error":{"kind":"not_found","text":"the app has no such Region"}})"
        );
    }
    // This answer moves users, so the agent must give the same one after a restart.
    const core::HostRoute route =
        parts_.gate.stored() ? parts_.gate.stored()->route : core::HostRoute{};
    const bool known = std::ranges::find(regions, route.users) != regions.end();
    const bool moved = known && route.users != region;
    const boost::json::object out{
        {"app", parts_.gate.app().app.value()},
        {"region", region.value()},
        {"users_moved_away", moved},
        {"users", route.users.value()},
        {"epoch", route.epoch.value()},
    };
    return net::HttpResponse::json(moved ? 200 : 503, boost::json::serialize(out) + "\n");
}

}  // namespace farshore::agent
