#pragma once

#include <string>

#include "adapters/net/dns_client.h"
#include "adapters/net/task_group.h"

#include "dataplane/endpoint.h"

namespace farshore::agent {

// Where a Region's DynamoDB is, taken apart. Errors: malformed.
[[nodiscard]] Result<dataplane::Upstream> upstream_from(
    const RegionId& region, const std::string& url
);

// Keeps the endpoint's addresses of one Region as fresh as name resolution says. An honest answer
// that there is no address is told to the endpoint, which goes on with its connections; a resolver
// that is silent, in trouble or unwilling changes nothing. Control thread only.
class UpstreamResolver {
  public:
    // `dns` null: the system's resolver.
    UpstreamResolver(
        net::Io& io,
        net::DnsClient* dns,
        dataplane::Endpoint& endpoint,
        dataplane::Upstream upstream
    );

    // Runs until the group stops; ends at once when the host is an address.
    net::Task<> run(net::TaskGroup* tasks);

    // Tells the endpoint what follows from an answer; how long it is good for.
    Duration take(const Result<net::DnsAnswer>& answer);

  private:
    net::Task<Result<net::DnsAnswer>> resolve();

    net::Io* io_;
    net::DnsClient* dns_;
    dataplane::Endpoint* endpoint_;
    dataplane::Upstream upstream_;
    bool resolved_ = true;
};

}  // namespace farshore::agent
