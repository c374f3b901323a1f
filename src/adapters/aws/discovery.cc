#include "adapters/aws/discovery.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "adapters/aws/dynamodb.h"
#include "adapters/aws/members.h"
#include "adapters/aws/route53.h"
#include "base/text.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

// Of each list: a draft that names more would not be read.
constexpr std::size_t kListedMax = 50;
constexpr std::size_t kTablesMax = 100;

// One call whose answer is a list, page by page.
struct Listing {
    std::string_view service;
    std::string_view call;
    std::string_view list;      // the member that holds it
    std::string_view sent;      // the member that asks for the next page
    std::string_view received;  // the member that names it
};

constexpr Listing kBalancers{
    "elbv2", "DescribeLoadBalancers", "LoadBalancers", "Marker", "NextMarker"
};
constexpr Listing kClusters{"ecs", "ListClusters", "clusterArns", "nextToken", "nextToken"};
constexpr Listing kServices{"ecs", "ListServices", "serviceArns", "nextToken", "nextToken"};

struct ThingRow {
    std::string_view kind;
    Listing listing;
    std::string_view name;   // the member that names one; empty: the list is of names or ARNs
    std::string_view where;  // a member that must have this value; empty: all count
    std::string_view value;
};

constexpr std::array kThings{
    ThingRow{
        "Auto Scaling group",
        {"autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", "NextToken", "NextToken"},
        "AutoScalingGroupName",
        "",
        ""
    },
    ThingRow{
        "EKS cluster", {"eks", "ListClusters", "clusters", "nextToken", "nextToken"}, "", "", ""
    },
    ThingRow{
        "CloudWatch alarm of DynamoDB",
        {"cloudwatch", "DescribeAlarms", "MetricAlarms", "NextToken", "NextToken"},
        "AlarmName",
        "Namespace",
        "AWS/DynamoDB"
    },
};

net::Task<Result<json::array>> list(
    AwsClient& client, Listing listing, RegionId region, json::object input = {}
) {
    json::array out;
    while (true) {
        AwsCall asked{
            .service = std::string{listing.service},
            .name = std::string{listing.call},
            .region = region,
            .input = input
        };
        const Result<AwsReply> page = co_await client.call(std::move(asked), {});
        if (!page) {
            co_return std::unexpected(page.error());
        }
        if (const json::value* found = page->output.if_contains(listing.list);
            found != nullptr && found->is_array()) {
            std::ranges::copy(found->get_array(), std::back_inserter(out));
        }
        const std::string next = text_member(page->output, listing.received);
        if (next.empty() || out.size() >= kListedMax) {
            co_return out;
        }
        input[listing.sent] = next;
    }
}

// "arn:aws:ecs:us-east-1:1:service/shop/web" -> "shop/web".
std::string last_name(std::string_view arn) {
    const std::size_t slash = arn.find('/');
    return std::string{slash == std::string_view::npos ? arn : arn.substr(slash + 1)};
}

core::FoundTable found_table(const RegionId& region, const TableDescription& described) {
    core::FoundTable out{
        .name = described.name,
        .regions = {region},
        .global_version = described.global_table_version,
        .strong = described.strong
    };
    for (const Replica& replica : described.replicas) {
        if (replica.region != region) {
            out.regions.push_back(replica.region);
        }
    }
    return out;
}

net::Task<Result<std::vector<core::FoundTable>>> find_tables(AwsClient& client, Search search) {
    DynamoDb dynamodb{client};
    std::vector<TableName> names = search.tables;
    if (names.empty()) {
        Result<std::vector<TableName>> all = co_await dynamodb.list_tables(search.region);
        if (!all) {
            co_return std::unexpected(all.error());
        }
        names = *std::move(all);
        std::erase_if(names, [](const TableName& name) {
            return name.value() == config::kEpochTable || name.value() == config::kHeartbeatTable;
        });
        names.resize(std::min(names.size(), kTablesMax));
    }
    std::vector<core::FoundTable> out;
    for (const TableName& name : names) {
        const Result<TableDescription> described =
            co_await dynamodb.describe_table(search.region, name);
        if (!described) {
            Error error = in_context(
                "table " + name.value() + " of " + search.region.value(), described.error()
            );
            if (error.kind == ErrorKind::not_found) {
                error.remedy = "is this the account, the Region (--preferred) and the name?";
            }
            co_return std::unexpected(std::move(error));
        }
        core::FoundTable found = found_table(search.region, *described);
        if (found.regions.size() == 1) {
            const Result<bool> old = co_await dynamodb.is_old_global_table(search.region, name);
            found.global_version = old && *old ? "2017.11.29" : "";
        }
        if (!search.tables.empty() || found.regions.size() > 1 || !found.global_version.empty()) {
            out.push_back(std::move(found));
        }
    }
    co_return out;
}

std::string url_of(const HealthCheckConfig& check) {
    using enum HealthCheckType;
    if (check.type == tcp || check.type == calculated) {
        return {};
    }
    const bool tls = check.type == https || check.type == https_str_match;
    const int usual = tls ? 443 : 80;
    const std::string& host = check.domain_name.empty() ? check.ip_address : check.domain_name;
    const bool literal = host.contains(':');
    std::string url = std::string{tls ? "https://" : "http://"} + (literal ? "[" : "") + host +
                      (literal ? "]" : "");
    if (check.port != 0 && check.port != usual) {
        url += ":" + std::to_string(check.port);
    }
    return url + (check.path.starts_with('/') ? "" : "/") + check.path;
}

// The record's checks, and the children of those.
net::Task<Status> find_checks(Route53& route53, core::Discovered& found) {
    std::vector<std::string> wanted;
    for (const core::FoundRecord& record : found.records) {
        wanted.push_back(record.check);
    }
    for (std::size_t i = 0; i < wanted.size() && found.checks.size() < kListedMax; ++i) {
        const std::string id = wanted[i];
        const auto known = std::ranges::find(found.checks, id, &core::FoundCheck::id);
        if (id.empty() || known != found.checks.end()) {
            continue;
        }
        const Result<HealthCheck> check = co_await route53.get_health_check(id);
        if (!check) {
            co_return std::unexpected(check.error());
        }
        found.checks.push_back(
            {.id = id,
             .url = url_of(check->config),
             .inverted = check->config.inverted,
             .disabled = check->config.disabled,
             .children = check->config.children}
        );
        std::ranges::copy(check->config.children, std::back_inserter(wanted));
    }
    co_return Status{};
}

net::Task<Status> find_records(AwsClient& client, Search search, core::Discovered& found) {
    Route53 route53{client};
    found.zone = search.zone;
    if (found.zone.empty()) {
        const Result<std::vector<HostedZone>> zones = co_await route53.list_hosted_zones();
        if (!zones) {
            co_return std::unexpected(zones.error());
        }
        std::size_t longest = 0;
        for (const HostedZone& zone : *zones) {
            const bool holds =
                search.record == zone.name || search.record.ends_with("." + zone.name);
            if (holds && !zone.private_zone && zone.name.size() > longest) {
                longest = zone.name.size();
                found.zone = zone.id;
            }
        }
    }
    if (found.zone.empty()) {
        co_return Status{};
    }
    const Result<std::vector<RecordSet>> records = co_await route53.list_record_sets(found.zone);
    if (!records) {
        co_return std::unexpected(records.error());
    }
    for (const RecordSet& record : *records) {
        const bool leads = record.type == "A" || record.type == "CNAME";
        if (record.name != search.record || !leads) {
            continue;
        }
        core::FoundRecord one{
            .set_identifier = record.set_identifier,
            .role = record.failover == FailoverRole::none ? ""
                                                          : std::string{to_string(record.failover)},
            .answers = record.values,
            .check = record.health_check,
            .ttl = record.alias ? Duration{} : Duration{std::chrono::seconds{record.ttl}}
        };
        if (record.alias) {
            one.answers = {record.alias->name};
        }
        found.records.push_back(std::move(one));
    }
    const Status checks = co_await find_checks(route53, found);
    co_return checks;
}

void keep_things(
    const json::array& listed, const ThingRow& row, const RegionId& region, core::Discovered& found
) {
    for (const json::value& one : listed) {
        std::string name;
        if (one.is_string()) {
            name = last_name(one.get_string());
        } else if (one.is_object()) {
            const json::object& object = one.get_object();
            const bool counts = row.where.empty() || text_member(object, row.where) == row.value;
            name = counts ? text_member(object, row.name) : "";
        }
        if (!name.empty()) {
            found.things.push_back(
                {.kind = std::string{row.kind}, .region = region, .name = std::move(name)}
            );
        }
    }
}

void not_read(
    core::Discovered& found, std::string_view what, const RegionId& region, const Error& error
) {
    found.not_read.push_back(
        {.what = std::string{what}, .region = region, .why = as_utf8(error.text, 300)}
    );
}

net::Task<> look_at_services(AwsClient& client, RegionId region, core::Discovered& found) {
    const Result<json::array> clusters = co_await list(client, kClusters, region);
    if (!clusters) {
        not_read(found, "ECS services", region, clusters.error());
        co_return;
    }
    constexpr ThingRow kService{"ECS service", kServices, "", "", ""};
    for (const json::value& cluster : *clusters) {
        json::object input{{"cluster", cluster}};
        const Result<json::array> services =
            co_await list(client, kServices, region, std::move(input));
        if (!services) {
            not_read(found, "ECS services", region, services.error());
            co_return;
        }
        keep_things(*services, kService, region, found);
    }
}

net::Task<> look_at_region(AwsClient& client, RegionId region, core::Discovered& found) {
    const Result<json::array> balancers = co_await list(client, kBalancers, region);
    if (balancers) {
        for (const json::value& one : *balancers) {
            if (one.is_object()) {
                const json::object& balancer = one.get_object();
                found.balancers.push_back(
                    {.region = region,
                     .name = text_member(balancer, "LoadBalancerName"),
                     .dns_name = text_member(balancer, "DNSName")}
                );
            }
        }
    } else {
        not_read(found, "load balancers", region, balancers.error());
    }
    for (const ThingRow& row : kThings) {
        const Result<json::array> listed = co_await list(client, row.listing, region);
        if (listed) {
            keep_things(*listed, row, region, found);
        } else {
            not_read(found, std::string{row.kind} + "s", region, listed.error());
        }
    }
    co_await look_at_services(client, region, found);
}

}  // namespace

net::Task<Result<core::Discovered>> discover(AwsClient& client, Search search) {
    core::Discovered found;
    Result<std::vector<core::FoundTable>> tables = co_await find_tables(client, search);
    if (!tables) {
        co_return std::unexpected(tables.error());
    }
    found.tables = *std::move(tables);
    if (!search.record.empty()) {
        const Status records = co_await find_records(client, search, found);
        if (!records) {
            not_read(found, "records and health checks", RegionId{}, records.error());
        }
    }
    std::vector<RegionId> regions{search.region};
    if (!search.standby.value().empty()) {
        regions.push_back(search.standby);
    }
    for (const core::FoundTable& table : found.tables) {
        for (const RegionId& region : table.regions) {
            if (std::ranges::find(regions, region) == regions.end()) {
                regions.push_back(region);
            }
        }
    }
    for (const RegionId& region : regions) {
        co_await look_at_region(client, region, found);
    }
    co_return found;
}

}  // namespace farshore::aws
