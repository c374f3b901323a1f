#include "cli/lab_processes.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/lab_directory.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

// Twice this is on the disk at most: about an hour at 100 requests a second.
constexpr std::uint64_t kClientLogBytesMax = 64ULL * 1024 * 1024;

}  // namespace

ChildSpec LabProcesses::controller() const {
    return {
        .name = "controller",
        .argv = {own_directory() + "/farshored", "--config", layout_.controller_file()},
        .log_file = log_file("controller")
    };
}

ChildSpec LabProcesses::agent(const LabHost& host) const {
    const std::string name = "agent-" + host.name;
    return {
        .name = name,
        .argv = {own_directory() + "/farshore-agent", "--config", layout_.agent_file(host)},
        .log_file = log_file(name)
    };
}

ChildSpec LabProcesses::storefront(const LabHost& host) const {
    const std::string name = "storefront-" + host.name;
    return {
        .name = name,
        .argv =
            {own_path(),
             "lab",
             "storefront",
             "--listen",
             fmt::format("{}:{}", host.address, layout_.ports.shop),
             "--endpoint",
             layout_.endpoint_url(host),
             "--host",
             host.name,
             "--region",
             host.region.value(),
             "--table",
             std::string{kLabTable},
             "--credentials",
             layout_.path("credentials"),
             "--profile",
             "shop"},
        .log_file = log_file(name)
    };
}

ChildSpec LabProcesses::shoppers() const {
    return {
        .name = "shoppers",
        .argv =
            {own_path(),
             "lab",
             "shoppers",
             "--dns",
             layout_.dns_server(),
             "--name",
             std::string{kLabRecord},
             "--port",
             std::to_string(layout_.ports.shop),
             "--source",
             layout_.world.shopper_address(1),
             "--log",
             layout_.path("logs/clients.ndjson"),
             "--rate",
             std::to_string(layout_.options.rate),
             "--seed",
             std::to_string(layout_.options.seed),
             "--dns-habit",
             layout_.options.dns_habit,
             "--log-bytes-max",
             std::to_string(kClientLogBytesMax)},
        .log_file = log_file("shoppers")
    };
}

std::vector<ChildSpec> LabProcesses::all() const {
    std::vector<ChildSpec> out;
    if (!layout_.options.bare) {
        out.push_back(controller());
    }
    for (const RegionId& region : layout_.table_regions()) {
        std::ranges::move(of_hosts(region), std::back_inserter(out));
    }
    if (layout_.options.rate > 0) {
        out.push_back(shoppers());
    }
    return out;
}

std::vector<ChildSpec> LabProcesses::of_hosts(const RegionId& region) const {
    std::vector<ChildSpec> out;
    for (const LabHost& host : layout_.hosts) {
        if (host.region != region) {
            continue;
        }
        if (!layout_.options.bare) {
            out.push_back(agent(host));
        }
        out.push_back(storefront(host));
    }
    return out;
}

std::vector<Readiness> LabProcesses::readiness() const {
    std::vector<Readiness> out;
    if (layout_.options.bare) {
        return out;
    }
    out.push_back({.process = "controller", .url = layout_.controller_url() + "/livez"});
    for (const LabHost& host : layout_.hosts) {
        out.push_back({.process = "agent-" + host.name, .url = layout_.health_url(host) + "/livez"}
        );
    }
    return out;
}

std::string LabProcesses::log_file(const std::string& process) const {
    return layout_.path("logs/" + process + ".log");
}

std::vector<std::string> LabProcesses::commands() const {
    std::vector<std::string> out{
        fmt::format("{}/farshored --config {}", own_directory(), layout_.controller_file())
    };
    for (const LabHost& host : layout_.hosts) {
        out.push_back(
            fmt::format("{}/farshore-agent --config {}", own_directory(), layout_.agent_file(host))
        );
    }
    return out;
}

json::array LabProcesses::census(const Census& census) const {
    json::array out{json::object{
        {"name", "lab"},
        {"pid", census.supervisor},
        {"state", "running"},
        {"log", world_log(layout_.options.directory)}
    }};
    for (const ChildSpec& spec : all()) {
        json::object process{
            {"name", spec.name}, {"pid", nullptr}, {"state", "not started"}, {"log", spec.log_file}
        };
        if (const auto pid = census.pid_of(spec.name)) {
            process["pid"] = *pid;
            process["state"] = "running";
        } else if (const ChildExit* end = census.end_of(spec.name)) {
            process["pid"] = end->pid;
            process["state"] = census.killed_by_fault(spec.name) ? "killed" : "ended";
            process["how"] = end->text();
            process["last_words"] = end->last_words;
        }
        out.push_back(std::move(process));
    }
    return out;
}

json::object LabProcesses::describe(
    const std::function<std::optional<pid_t>(const std::string&)>& pid_of
) const {
    const auto pid = [&](const std::string& name) {
        const auto found = pid_of(name);
        return found ? json::value(*found) : json::value(nullptr);
    };
    json::object regions;
    for (const RegionId& region : layout_.options.regions) {
        json::object entry{
            {"dynamodb", layout_.dynamodb_url(region)},
            {"dynamodb_name", lab::World::dynamodb_name(region)},
            {"state", "ok"}
        };
        if (region != layout_.witness()) {
            entry["load_balancer"] = layout_.balancer_url(region);
        }
        regions[region.value()] = std::move(entry);
    }
    json::array hosts;
    for (const LabHost& host : layout_.hosts) {
        hosts.push_back(json::object{
            {"name", host.name},
            {"region", host.region.value()},
            {"dynamodb", layout_.endpoint_url(host)},
            {"healthz", layout_.health_url(host) + "/healthz"},
            {"storefront", layout_.storefront_url(host)},
            {"agent_pid", pid("agent-" + host.name)},
            {"storefront_pid", pid("storefront-" + host.name)},
            {"config", layout_.agent_file(host)}
        });
    }
    json::object out{
        {"version", 1},
        {"directory", layout_.options.directory},
        {"app", kLabApp},
        {"table", kLabTable},
        {"regions", std::move(regions)},
        {"route53",
         {{"api", layout_.route53_url()},
          {"dns", layout_.dns_server()},
          {"zone", layout_.zone_id},
          {"record", kLabRecord}}},
        {"admin", layout_.admin_url()},
        {"controllers",
         json::array{json::object{
             {"id", layout_.witness().value()},
             {"api", layout_.controller_url()},
             {"pid", pid("controller")},
             {"config", layout_.controller_file()}
         }}},
        {"hosts", std::move(hosts)},
        {"credentials", {{"file", layout_.path("credentials")}, {"profile", "default"}}},
        {"ca", layout_.path("ca.pem")},
        {"operator_token", layout_.path("operator.token")},
        {"logs", layout_.path("logs")},
        {"shop",
         {{"name", kLabRecord},
          {"port", layout_.ports.shop},
          {"source", layout_.world.shopper_address(2)}}}
    };
    if (layout_.options.any_credentials) {
        out["any_credentials"] = true;
    }
    if (layout_.options.bare) {
        json::array by_hand;
        for (const std::string& command : commands()) {
            by_hand.emplace_back(command);
        }
        out["commands"] = std::move(by_hand);
    }
    return out;
}

}  // namespace farshore::cli
