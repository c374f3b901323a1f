#include "agent/upstream_resolver.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "adapters/system/log.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;

bool is_address(const std::string& host) {
    boost::system::error_code code;
    (void)asio::ip::make_address(host, code);
    return !code;
}

}  // namespace

Result<dataplane::Upstream> upstream_from(const RegionId& region, const std::string& url) {
    dataplane::Upstream upstream{.region = region};
    std::string_view rest = url;
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
        upstream.tls = false;
        upstream.port = 80;
    } else {
        return fail(
            ErrorKind::malformed,
            "not the URL of a DynamoDB endpoint: " + url,
            "write http://… or https://…"
        );
    }
    rest = rest.substr(0, rest.find('/'));
    const std::size_t colon = rest.rfind(':');
    if (colon != std::string_view::npos) {
        const std::string_view port = rest.substr(colon + 1);
        const auto [end, code] =
            std::from_chars(port.data(), port.data() + port.size(), upstream.port);
        if (code != std::errc{} || end != port.data() + port.size() || upstream.port == 0) {
            return fail(ErrorKind::malformed, "not a port in " + url);
        }
        rest = rest.substr(0, colon);
    }
    upstream.host = std::string{rest};
    if (upstream.host.empty()) {
        return fail(ErrorKind::malformed, "no host in " + url);
    }
    if (is_address(upstream.host)) {
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
