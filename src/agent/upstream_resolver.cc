#include "agent/upstream_resolver.h"

#include <algorithm>
#include <utility>

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "adapters/system/log.h"
#include "wire/url.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace asio = boost::asio;

Result<dataplane::Upstream> upstream_from(const RegionId& region, const std::string& url) {
    Result<wire::Url> parsed = wire::parse_endpoint(url);
    if (!parsed) {
        return std::unexpected(in_context(url, std::move(parsed.error())));
    }
    dataplane::Upstream upstream{
        .region = region,
        .tls = parsed->tls,
        .host = std::move(parsed->host),
        .port = parsed->port,
        .path = std::move(parsed->path)
    };
    if (wire::is_ip_address(upstream.host)) {
        upstream.addresses = {upstream.host};
    }
    return upstream;
}

UpstreamResolver::UpstreamResolver(
    net::Io& io, net::DnsClient* dns, dataplane::Endpoint& endpoint, dataplane::Upstream upstream
)
    : io_(&io), dns_(dns), endpoint_(&endpoint), upstream_(std::move(upstream)) {}

net::Task<Result<net::DnsAnswer>> UpstreamResolver::resolve() {
    if (dns_ != nullptr) {
        Result<net::DnsAnswer> answer = co_await dns_->resolve(upstream_.host);
        co_return answer;
    }
    asio::ip::basic_resolver<asio::ip::tcp, net::Io::executor_type> resolver(io_->get_executor());
    auto [code, found] = co_await resolver.async_resolve(upstream_.host, "", net::kAwait);
    if (code) {
        const bool gone = code == asio::error::host_not_found || code == asio::error::no_data;
        co_return std::unexpected(Error{
            .kind = gone ? ErrorKind::not_found : ErrorKind::unavailable,
            .text = code.message(),
            .remedy = {},
            .code = std::string{gone ? net::kNoAddress : std::string_view{}}
        });
    }
    net::DnsAnswer answer{.addresses = {}, .ttl = 5s};
    for (const auto& entry : found) {
        std::string address = entry.endpoint().address().to_string();
        if (std::ranges::find(answer.addresses, address) == answer.addresses.end()) {
            answer.addresses.push_back(std::move(address));
        }
    }
    co_return answer;
}

net::Task<> UpstreamResolver::run(net::TaskGroup* tasks) {
    if (!upstream_.addresses.empty()) {
        co_return;
    }
    while (!tasks->stopping()) {
        const Result<net::DnsAnswer> answer = co_await resolve();
        const Duration wait = take(answer);
        co_await net::sleep_for(*io_, wait);
    }
}

Duration UpstreamResolver::take(const Result<net::DnsAnswer>& answer) {
    if (answer) {
        endpoint_->set_addresses(upstream_.region, answer->addresses);
    } else if (net::says_there_is_no_address(answer.error())) {
        endpoint_->set_addresses(upstream_.region, {});
    }
    if (answer.has_value() != resolved_) {
        resolved_ = answer.has_value();
        system::log_info(
            "dns", resolved_ ? "resolves again" : answer.error().text, {{"name", upstream_.host}}
        );
    }
    return answer ? std::clamp<Duration>(answer->ttl, 1s, 5s) : 1s;
}

}  // namespace farshore::agent
