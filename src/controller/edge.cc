#include "controller/edge.h"

#include <utility>

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "wire/url.h"

namespace farshore::controller {

net::Task<Result<std::vector<std::string>>> addresses_of(const Edge& edge, std::string name) {
    if (wire::is_ip_address(name)) {
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
