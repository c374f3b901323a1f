#include "agent/documents.h"

#include <map>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sstream>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"

namespace farshore::agent {

namespace {

namespace json = boost::json;

using Labels = std::vector<std::pair<std::string, std::string>>;

// Metric families in the order of their first use.
class Page {
  public:
    void gauge(const char* name, const char* help, const Labels& labels, double value) {
        prometheus::ClientMetric& metric = add(name, help, prometheus::MetricType::Gauge, labels);
        metric.gauge.value = value;
    }

    void counter(const char* name, const char* help, const Labels& labels, std::uint64_t value) {
        prometheus::ClientMetric& metric = add(name, help, prometheus::MetricType::Counter, labels);
        metric.counter.value = static_cast<double>(value);
    }

    void histogram(
        const char* name,
        const char* help,
        const Labels& labels,
        const dataplane::LatencyHistogram& values
    ) {
        prometheus::ClientMetric& metric =
            add(name, help, prometheus::MetricType::Histogram, labels);
        metric.histogram.sample_count = values.count;
        metric.histogram.sample_sum = seconds(values.sum);
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < dataplane::kLatencyBounds.size(); ++i) {
            below += values.buckets[i];
            metric.histogram.bucket.push_back(
                {.cumulative_count = below, .upper_bound = seconds(dataplane::kLatencyBounds[i])}
            );
        }
    }

    // The family is there also while it has no line.
    void declare_gauge(const char* name, const char* help) {
        if (place_.emplace(name, families_.size()).second) {
            families_.push_back(
                {.name = name, .help = help, .type = prometheus::MetricType::Gauge, .metric = {}}
            );
        }
    }

    static double seconds(Duration duration) {
        return std::chrono::duration<double>(duration).count();
    }

    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        prometheus::TextSerializer{}.Serialize(out, families_);
        return out.str();
    }

  private:
    prometheus::ClientMetric& add(
        const char* name, const char* help, prometheus::MetricType type, const Labels& labels
    ) {
        const auto [place, fresh] = place_.emplace(name, families_.size());
        if (fresh) {
            families_.push_back({.name = name, .help = help, .type = type, .metric = {}});
        }
        prometheus::ClientMetric& metric = families_[place->second].metric.emplace_back();
        for (const auto& [label, value] : labels) {
            metric.label.push_back({.name = label, .value = value});
        }
        return metric;
    }

    std::vector<prometheus::MetricFamily> families_;
    std::map<std::string, std::size_t> place_;
};

void permission_metrics(Page& page, const AppAgent& app) {
    const AppGate& gate = app.gate();
    const std::string name = gate.app().app.value();
    page.gauge(
        "farshore_epoch",
        "Epoch of the route this host follows",
        {{"app", name}},
        static_cast<double>(gate.machine().epoch().value())
    );
    for (const RegionId& region : gate.app().regions) {
        const bool active = gate.machine().route() && gate.machine().route()->active == region;
        page.gauge(
            "farshore_active_region",
            "1 for the Region that takes the writes",
            {{"app", name}, {"region", region.value()}},
            active ? 1 : 0
        );
    }
    for (const std::string_view state : core::kWriteStateNames) {
        const bool is = to_string(gate.write_state()) == state;
        page.gauge(
            "farshore_write_state",
            "1 for the present write state",
            {{"app", name}, {"state", std::string{state}}},
            is ? 1 : 0
        );
    }
    page.gauge(
        "farshore_lease_remaining_seconds",
        "How long writes may go on without another confirmation",
        {{"app", name}},
        Page::seconds(gate.lease_remaining())
    );
    page.counter(
        "farshore_clock_stops_total",
        "Times that this machine's clock was found to have stood still",
        {{"app", name}},
        gate.clock_doubts()
    );
    for (const LinkStatus& link : app.links()) {
        const Labels labels{{"app", name}, {"controller", link.url}};
        page.gauge(
            "farshore_controller_connected",
            "1 while a controller's stream is open",
            labels,
            link.connected ? 1 : 0
        );
        page.counter(
            "farshore_reports_failed_total",
            "Reports that no controller took",
            labels,
            link.reports_failed
        );
    }
    page.gauge(
        "farshore_epoch_records_answered",
        "Epoch records that answered the last reading",
        {{"app", name}},
        static_cast<double>(app.epochs().seen().answered)
    );
}

void region_metrics(Page& page, const std::string& app, const dataplane::RegionStatistics& region) {
    const auto labels = [&](const char* label, std::string_view value) {
        return Labels{{"app", app}, {"region", region.region.value()}, {label, std::string{value}}};
    };
    page.counter(
        "farshore_requests_total",
        "Requests answered by a Region",
        labels("kind", "write"),
        region.acknowledged_writes
    );
    page.counter(
        "farshore_requests_total",
        "Requests answered by a Region",
        labels("kind", "read"),
        region.answered_reads
    );
    for (const auto path :
         {dataplane::Path::fresh, dataplane::Path::reused, dataplane::Path::passive}) {
        page.counter(
            "farshore_path_ok_total",
            "Answers below 500, by path",
            labels("path", to_string(path)),
            region.by(path).ok
        );
        page.counter(
            "farshore_path_failed_total",
            "Failures, by path",
            labels("path", to_string(path)),
            region.by(path).failed
        );
    }
    const Labels plain{{"app", app}, {"region", region.region.value()}};
    page.counter(
        "farshore_unknown_outcomes_total",
        "Writes that may or may not have taken effect",
        plain,
        region.unknown_outcomes
    );
    page.counter(
        "farshore_connections_opened_total",
        "Connections opened to a Region",
        plain,
        region.connections_opened
    );
    page.counter(
        "farshore_connections_failed_here_total",
        "Connections not opened for want of descriptors or ports of this host",
        plain,
        region.failed_here
    );
    page.gauge(
        "farshore_slow_clients",
        "Answers of a Region that wait for their application to take them in",
        plain,
        static_cast<double>(region.slow)
    );
    page.gauge(
        "farshore_stalled_seconds",
        "Age of the oldest request without an answer",
        plain,
        Page::seconds(region.stalled)
    );
    page.histogram(
        "farshore_request_seconds",
        "Time from sending a request to its answer",
        plain,
        region.latency
    );
}

void traffic_metrics(Page& page, const std::string& app, const dataplane::Statistics& statistics) {
    for (const dataplane::RegionStatistics& region : statistics.regions) {
        region_metrics(page, app, region);
    }
    page.gauge(
        "farshore_held",
        "Writes that wait for permission",
        {{"app", app}},
        static_cast<double>(statistics.held)
    );
    page.gauge(
        "farshore_in_flight_writes",
        "Writes sent and not answered",
        {{"app", app}},
        static_cast<double>(statistics.in_flight_writes)
    );
    page.gauge(
        "farshore_clients",
        "Open connections of applications",
        {{"app", app}},
        static_cast<double>(statistics.clients)
    );
    page.counter(
        "farshore_answered_unavailable_total",
        "Own answers with status 503",
        {{"app", app}},
        statistics.answered_unavailable
    );
    page.counter(
        "farshore_answered_denied_total",
        "Own answers that refuse writes after a fence",
        {{"app", app}},
        statistics.answered_denied
    );
    page.counter(
        "farshore_refused_requests_total",
        "Requests that were malformed, too large, foreign or not signed by a known key",
        {{"app", app}},
        statistics.refused_requests
    );
    page.counter(
        "farshore_refused_foreign_total",
        "Of them, those with another name in Host, or made by a web page",
        {{"app", app}},
        statistics.refused_foreign
    );
    page.counter(
        "farshore_endpoint_discovery_total",
        "DescribeEndpoints, answered by the agent with its own address",
        {{"app", app}},
        statistics.discovery
    );
}

void inherited_metrics(Page& page, const std::string& app, const UnknownOutcomes& unknown) {
    page.gauge(
        "farshore_unknown_outcomes_inherited",
        "Writes of unknown outcome that the process before this one had written down at its end",
        {{"app", app}},
        static_cast<double>(unknown.inherited())
    );
}

void ledger_metrics(
    Page& page,
    const std::string& app,
    const core::LedgerCounters& counters,
    const std::vector<wire::TableTrouble>& troubles
) {
    constexpr const char* kUnprovable = "farshore_ledger_unprovable";
    constexpr const char* kUnprovableHelp =
        "Unproven entries of a table whose keys a Region refuses to read";
    page.declare_gauge(kUnprovable, kUnprovableHelp);
    for (const wire::TableTrouble& trouble : troubles) {
        page.gauge(
            kUnprovable,
            kUnprovableHelp,
            {{"app", app}, {"table", trouble.table.value()}, {"region", trouble.region.value()}},
            static_cast<double>(trouble.unproven)
        );
    }
    page.counter(
        "farshore_ledger_acknowledged_total",
        "Entries of acknowledged writes",
        {{"app", app}},
        counters.acknowledged
    );
    page.counter(
        "farshore_ledger_unknown_total",
        "Entries of writes with unknown outcome",
        {{"app", app}},
        counters.unknown
    );
    page.counter(
        "farshore_ledger_refused_total",
        "Writes of unknown outcome whose keys no Region accepts: they were never made",
        {{"app", app}},
        counters.refused_unknown
    );
    page.gauge(
        "farshore_ledger_unproven",
        "Entries not yet seen in the standby",
        {{"app", app}},
        static_cast<double>(counters.unproven)
    );
    page.counter(
        "farshore_ledger_forgotten_total",
        "Entries that the bounds pushed out unproven",
        {{"app", app}},
        counters.forgotten_unproven
    );
}

json::object route_json(const core::HostMachine& machine) {
    const core::HostRoute route = machine.route().value_or(core::HostRoute{});
    return {
        {"epoch", route.epoch.value()},
        {"active", route.active.value()},
        {"users", route.users.value()},
        {"fenced", machine.fenced().value()},
    };
}

json::object app_json(AppAgent& app, Instant now) {
    const AppGate& gate = app.gate();
    json::object out = route_json(gate.machine());
    out["state"] = to_string(gate.machine().state());
    out["write_state"] = to_string(gate.write_state());
    out["why"] = gate.last_change().why;
    out["lease_remaining_ms"] = to_ms(gate.lease_remaining());
    out["on_controller_loss"] = to_string(gate.app().on_controller_loss);
    out["controllers_silent"] = gate.controllers_silent();
    out["endpoint"] = app.endpoint_url();
    const EpochReader::Seen& seen = app.epochs().seen();
    json::object records{{"configured", seen.configured}, {"answered", seen.answered}};
    if (seen.agreed) {
        records["epoch"] = seen.agreed->epoch.value();
        records["active"] = seen.agreed->active.value();
    }
    out["epoch_records"] = std::move(records);
    out["registered"] = app.registration().state();
    out["credential"] = app.membership().state();
    json::array links;
    for (const LinkStatus& link : app.links()) {
        links.push_back(json::object{
            {"url", link.url},
            {"connected", link.connected},
            {"controller", link.controller},
            {"why", link.why},
            {"connects", link.connects},
            {"garbage", link.garbage}
        });
    }
    out["controllers"] = std::move(links);
    const dataplane::Statistics statistics = app.endpoint().statistics();
    out["in_flight_writes"] = statistics.in_flight_writes;
    out["held"] = statistics.held;
    out["endpoint_discovery"] = statistics.discovery;
    out["refused_foreign"] = statistics.refused_foreign;
    json::object regions;
    for (const dataplane::RegionStatistics& region : statistics.regions) {
        regions[region.region.value()] = json::object{
            {"acknowledged_writes", region.acknowledged_writes},
            {"answered_reads", region.answered_reads},
            {"unknown_outcomes", region.unknown_outcomes},
            {"stalled_ms", to_ms(region.stalled)},
            {"last_error", region.last_error},
            {"last_error_age_ms",
             region.last_error_at ? json::value(to_ms(now - *region.last_error_at))
                                  : json::value(nullptr)},
        };
    }
    out["regions"] = std::move(regions);
    const wire::UnknownOutcomes unknown = app.unknown().now();
    out["unknown"] = json::object{
        {"count", unknown.count},
        {"inherited", app.unknown().inherited()},
        {"newest_age_ms",
         unknown.newest_age ? json::value(to_ms(*unknown.newest_age)) : json::value(nullptr)}
    };
    const core::LedgerCounters counters = app.endpoint().ledger()->counters();
    json::array troubles;
    for (const wire::TableTrouble& trouble : app.prover().troubles()) {
        troubles.push_back(json::object{
            {"table", trouble.table.value()},
            {"region", trouble.region.value()},
            {"unproven", trouble.unproven},
            {"why", trouble.why}
        });
    }
    out["ledger"] = json::object{
        {"acknowledged", counters.acknowledged},
        {"unproven", counters.unproven},
        {"unproven_keys", counters.unproven_keys},
        {"forgotten_unproven", counters.forgotten_unproven},
        {"tables", std::move(troubles)}
    };
    return out;
}

}  // namespace

std::string metrics_text(const Apps& apps, const Shared& shared) {
    Page page;
    page.gauge(
        "farshore_client_keys_required",
        "0 while client_keys is off, and every process that reaches an endpoint uses the host's "
        "role",
        {},
        shared.config.client_keys.required ? 1 : 0
    );
    for (const auto& app : apps) {
        const std::string name = app->gate().app().app.value();
        permission_metrics(page, *app);
        traffic_metrics(page, name, app->endpoint().statistics());
        inherited_metrics(page, name, app->unknown());
        ledger_metrics(page, name, app->endpoint().ledger()->counters(), app->prover().troubles());
    }
    return page.text();
}

std::string state_document(const Apps& apps, const Shared& shared) {
    json::object out{
        {"schema_version", 1},
        {"host", shared.config.host.value()},
        {"region", shared.config.region.value()},
        {"boot", shared.boot.value()},
        {"at", to_iso8601(shared.clock->wall())},
        {"configuration_hash", shared.config.hash},
        {"client_keys", shared.config.client_keys.required ? "required" : "off"},
    };
    json::object by_app;
    for (const auto& app : apps) {
        by_app[app->gate().app().app.value()] = app_json(*app, shared.clock->now());
    }
    out["apps"] = std::move(by_app);
    return json::serialize(out) + "\n";
}

}  // namespace farshore::agent
