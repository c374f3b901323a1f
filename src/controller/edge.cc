#include "controller/edge.h"

#include <utility>

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "adapters/net/dns_message.h"

namespace farshore::controller {

namespace {

constexpr std::string_view kSchemeEnd = "://";

// Where "host:port" begins and ends.
std::pair<std::size_t, std::size_t> authority_of(std::string_view url) {
    const std::size_t scheme = url.find(kSchemeEnd);
    const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + kSchemeEnd.size();
    const std::size_t end = url.find_first_of("/?#", begin);
    return {begin, end == std::string_view::npos ? url.size() : end};
}

}  // namespace

std::string host_of(std::string_view url) {
    const auto [begin, end] = authority_of(url);
    const std::string_view authority = url.substr(begin, end - begin);
    if (authority.starts_with('[')) {
        return std::string{authority.substr(1, authority.find(']') - 1)};
    }
    return std::string{authority.substr(0, authority.find(':'))};
}

std::string with_path(std::string_view url, std::string_view path) {
    const auto [begin, end] = authority_of(url);
    return std::string{url.substr(0, end)} + std::string{path};
}

net::Task<Result<std::vector<std::string>>> addresses_of(const Edge& edge, std::string name) {
    if (net::dns::a_from(name)) {
        co_return std::vector<std::string>{name};
    }
    if (edge.dns != nullptr) {
        const Result<net::DnsAnswer> answer = co_await edge.dns->resolve(name);
        if (!answer) {
            co_return std::unexpected(answer.error());
        }
        co_return answer->addresses;
    }
    boost::asio::ip::basic_resolver<boost::asio::ip::tcp, net::Io::executor_type> resolver(
        edge.io.get_executor()
    );
    auto [error, found] =
        co_await resolver.async_resolve(boost::asio::ip::tcp::v4(), name, "80", net::kAwait);
    if (error) {
        co_return fail(ErrorKind::unavailable, name + ": " + error.message());
    }
    std::vector<std::string> addresses;
    for (const auto& entry : found) {
        addresses.push_back(entry.endpoint().address().to_string());
    }
    co_return addresses;
}

}  // namespace farshore::controller
