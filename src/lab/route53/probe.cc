#include "lab/route53/probe.h"

#include <fmt/format.h>

#include "adapters/net/asio_types.h"
#include "lab/route53/health.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kBodyMax = 1024 * 1024;

bool is_tls(CheckType type) {
    return type == CheckType::https || type == CheckType::https_str_match;
}

bool matches_string(CheckType type) {
    return type == CheckType::http_str_match || type == CheckType::https_str_match;
}

ProbeOutcome failed(std::string why) {
    return {.success = false, .text = "Failure: " + std::move(why)};
}

std::string reason_of(int status) {
    switch (status) {
        case 200: return ", OK";
        case 404: return ", Not Found";
        case 500: return ", Internal Server Error";
        case 503: return ", Service Unavailable";
        default: return "";
    }
}

ProbeOutcome judged(const Probe& probe, const net::HttpReply& reply) {
    const std::string code =
        fmt::format("HTTP Status Code {}{}", reply.status, reason_of(reply.status));
    if (reply.timings.total - reply.timings.connect > probe.response_timeout) {
        return failed("The health checker did not get a response within the time allowed.");
    }
    if (!is_success_status(reply.status)) {
        return failed(code);
    }
    if (matches_string(probe.config.type) &&
        !body_contains(reply.body, probe.config.search_string)) {
        return failed(code + ". Search string not found.");
    }
    return {.success = true, .text = "Success: " + code};
}

}  // namespace

std::string url_of(const CheckConfig& config, const std::string& address) {
    const bool ipv6 = address.contains(':');
    const std::string path = config.path.starts_with('/') ? config.path : "/" + config.path;
    return fmt::format(
        "{}://{}{}{}:{}{}",
        is_tls(config.type) ? "https" : "http",
        ipv6 ? "[" : "",
        address,
        ipv6 ? "]" : "",
        config.port,
        path
    );
}

net::Task<ProbeOutcome> probe_http(net::HttpClient& client, Probe probe) {
    net::HttpCall call;
    call.url = url_of(probe.config, probe.address);
    call.connect_timeout = probe.connect_timeout;
    call.total_timeout = probe.connect_timeout + probe.response_timeout;
    call.fresh_connection = true;
    call.body_bytes_max = kBodyMax;
    call.headers = {
        {"User-Agent",
         "Amazon-Route53-Health-Check-Service (farshore lab; ref local; report "
         "http://amzn.to/1vsZADi)"}
    };
    if (!probe.config.domain_name.empty()) {
        const bool usual = probe.config.port == (is_tls(probe.config.type) ? 443 : 80);
        call.headers.push_back(
            {"Host",
             usual ? probe.config.domain_name
                   : fmt::format("{}:{}", probe.config.domain_name, probe.config.port)}
        );
    }
    const auto reply = co_await client.fetch(std::move(call));
    if (!reply) {
        co_return failed(reply.error().text);
    }
    co_return judged(probe, *reply);
}

net::Task<ProbeOutcome> probe_tcp(net::Io& io, Probe probe) {
    net::TcpSocket socket(io.get_executor());
    boost::system::error_code error;
    const auto target = boost::asio::ip::make_address(probe.address, error);
    if (error) {
        co_return failed("The target is not an IP address.");
    }
    const boost::asio::ip::tcp::endpoint where(
        target, static_cast<std::uint16_t>(probe.config.port)
    );
    socket.open(where.protocol(), error);
    const auto source = boost::asio::ip::make_address(probe.source_address, error);
    if (!error && source.is_v4() == target.is_v4()) {
        socket.bind({source, 0}, error);
    }
    if (error) {
        co_return failed("The checker has no source address: " + error.message());
    }
    const net::ClosesAt deadline(socket, net::Timer::clock_type::now() + probe.tcp_timeout);
    const auto [connect_error] = co_await socket.async_connect(where, net::kAwait);
    if (connect_error) {
        co_return failed("Connection timed out or refused: " + connect_error.message());
    }
    net::cut_socket(socket);
    co_return ProbeOutcome{.success = true, .text = "Success: TCP connection established"};
}

}  // namespace farshore::lab::route53
