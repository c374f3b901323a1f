#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "adapters/aws/route53.h"
#include "adapters/net/dns_client.h"
#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "core/failover/event.h"
#include "ports/clock.h"
#include "wire/config.h"

namespace farshore::controller {

// The clients through which a controller sees and changes the world, and the group that owns what
// is under way. Everything here lives on one io_context and its one thread, and outlives its tasks.
struct Edge {
    net::Io& io;
    const ports::Clock& clock;
    const config::Config& config;
    net::TaskGroup& tasks;
    net::HttpClient& http;
    net::DnsClient* dns;  // null: the system's resolver
    aws::AwsClient& aws;
    aws::DynamoDb& tables;
    aws::Route53& route53;
    // Gives an event to the core. Called from tasks, never from a port's call.
    std::function<void(core::Event)> deliver;
};

// The IPv4 addresses of a name, or the address itself. Errors: those of DnsClient.
[[nodiscard]] net::Task<Result<std::vector<std::string>>> addresses_of(
    const Edge& edge, std::string name
);

}  // namespace farshore::controller
