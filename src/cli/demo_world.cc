#include "cli/demo_world.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/text_file.h"
#include "cli/output.h"
#include "cli/status_view.h"
#include "wire/config_loader.h"
#include "wire/url.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

const json::value& controller_of(const json::value& lab_status) {
    return lab_status.at("controllers").as_array().front();
}

}  // namespace

Result<DemoRegions> demo_regions(const json::value& lab_status) {
    const auto config = config::load_config(text_at(controller_of(lab_status), "config"));
    if (!config) {
        return std::unexpected(config.error());
    }
    DemoRegions regions{.configuration_hash = config->hash, .rto = config->rto, .rpo = config->rpo};
    regions.preferred = config->preferred().value();
    for (const config::Region& region : config->regions) {
        regions.standby = region.preferred ? regions.standby : region.id.value();
    }
    return regions;
}

bool demo_regions_healthy(const wire::StatusDocument& status, const DemoRegions& regions) {
    const auto healthy = [&status](const std::string& name) {
        const wire::RegionDocument* region = find_region(status, name);
        return region != nullptr && region->verdict == core::Health::healthy;
    };
    return healthy(regions.preferred) && healthy(regions.standby);
}

bool all_agents_open(const wire::StatusDocument& status) {
    return !status.agents.empty() &&
           std::ranges::all_of(status.agents, [](const wire::AgentDocument& agent) {
               return agent.connected && agent.write_state == "open";
           });
}

Result<Watcher::Options> watcher_options(
    const json::value& lab_status, const std::string& client_log
) {
    Watcher::Options watch;
    watch.controller.controller = text_at(controller_of(lab_status), "api");
    watch.controller.ca_file = text_at(lab_status, "ca");
    Result<std::string> token = read_word_file(
        text_at(lab_status, "operator_token"),
        {.what = "the token file", .remedy = "start the lab anew: farshore lab down"}
    );
    if (!token) {
        return std::unexpected(std::move(token.error()));
    }
    watch.controller.token = std::move(*token);
    Result<wire::AddressPort> dns = wire::parse_address_port(text_at(lab_status, "route53/dns"));
    if (!dns) {
        return std::unexpected(in_context("the lab's DNS server", std::move(dns.error())));
    }
    watch.dns = std::move(*dns);
    watch.source_address = text_at(lab_status, "shop/source");
    watch.record = text_at(lab_status, "route53/record");
    for (const auto& [name, region] : lab_status.at("regions").as_object()) {
        if (const auto balancer = wire::parse_url(text_at(region, "load_balancer"))) {
            watch.region_of_address[balancer->host] = name;
        }
    }
    watch.client_log = client_log;
    return watch;
}

TableAccess table_access(const json::value& lab_status, const DemoRegions& regions) {
    TableAccess access;
    for (const std::string& region : {regions.preferred, regions.standby}) {
        access.endpoints[region] = text_at(lab_status, "regions/" + region + "/dynamodb");
    }
    access.credentials_file = text_at(lab_status, "credentials/file");
    access.profile = text_at(lab_status, "credentials/profile");
    access.table = text_at(lab_status, "table");
    return access;
}

ChildSpec shoppers_process(const json::value& lab_status, const ShoppersOptions& options) {
    return {
        .name = "shoppers",
        .argv =
            {own_path(),
             "lab",
             "shoppers",
             "--dns",
             text_at(lab_status, "route53/dns"),
             "--name",
             text_at(lab_status, "shop/name"),
             "--port",
             text_at(lab_status, "shop/port"),
             "--source",
             text_at(lab_status, "shop/source"),
             "--log",
             options.client_log,
             "--rate",
             std::to_string(options.rate),
             "--seed",
             std::to_string(options.seed),
             "--dns-habit",
             options.dns_habit},
        .log_file = options.output
    };
}

}  // namespace farshore::cli
