#include "cli/lab_layout.h"

#include <cstdlib>
#include <set>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <fmt/format.h>

#include "adapters/net/task.h"
#include "base/names.h"
#include "base/text.h"

namespace farshore::cli {

namespace asio = boost::asio;

namespace {

std::string url_of(std::string_view scheme, const std::string& host, std::uint16_t port) {
    return fmt::format("{}://{}:{}", scheme, host, port);
}

// Binds to see whether it can be bound; 0 asks for any port and tells which.
std::uint16_t try_bind(net::Io& io, const std::string& address, std::uint16_t port) {
    boost::system::error_code error;
    asio::ip::tcp::acceptor acceptor{io};
    const asio::ip::tcp::endpoint endpoint{asio::ip::make_address(address), port};
    acceptor.open(endpoint.protocol(), error);
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
    acceptor.bind(endpoint, error);
    if (error) {
        return 0;
    }
    acceptor.listen(1, error);
    return error ? std::uint16_t{0} : acceptor.local_endpoint(error).port();
}

bool is_free_for_datagrams(net::Io& io, const std::string& address, std::uint16_t port) {
    boost::system::error_code error;
    asio::ip::udp::socket socket{io};
    const asio::ip::udp::endpoint endpoint{asio::ip::make_address(address), port};
    socket.open(endpoint.protocol(), error);
    if (!error) {
        socket.bind(endpoint, error);
    }
    return !error;
}

struct PortWish {
    std::uint16_t* port;
    std::vector<std::string> addresses;
    std::uint16_t usual;
    bool for_datagrams = false;  // too
};

// A port that is free on every address, the usual one if possible.
Result<std::uint16_t> choose_port(net::Io& io, const PortWish& wish) {
    constexpr int kAttemptsMax = 50;
    const auto& [port, addresses, usual, for_datagrams] = wish;
    std::uint16_t candidate = usual;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        if (candidate == 0) {
            candidate = try_bind(io, addresses.front(), 0);
        }
        bool free = candidate != 0;
        for (const std::string& address : addresses) {
            free = free && try_bind(io, address, candidate) == candidate &&
                   (!for_datagrams || is_free_for_datagrams(io, address, candidate));
        }
        if (free) {
            return candidate;
        }
        candidate = 0;
    }
    return fail(
        ErrorKind::conflict,
        fmt::format("no port near {} is free on {}", usual, addresses.front()),
        "see who listens: ss -ltnp"
    );
}

Status choose_ports(LabLayout& layout) {
    std::vector<std::string> shops;
    std::vector<std::string> controllers{layout.world.controller_address(1)};
    std::vector<std::string> databases;
    std::vector<std::string> hosts;
    for (const RegionId& region : layout.options.regions) {
        databases.push_back(layout.world.dynamodb_address(region));
    }
    for (const RegionId& region : layout.table_regions()) {
        shops.push_back(layout.world.load_balancer_address(region));
        controllers.push_back(layout.world.relay_address(region));
    }
    for (const LabHost& host : layout.hosts) {
        shops.push_back(host.address);
        hosts.push_back(host.address);
    }
    LabPorts& ports = layout.ports;
    const std::vector<PortWish> wishes{
        {&ports.shop, shops, 8080},
        {&ports.health, shops, 8643},
        {&ports.agent, hosts, 8642},
        {&ports.controller, controllers, 8640},
        {&ports.dynamodb, databases, 4566},
        {&ports.route53, {layout.world.route53_api_address()}, 4567},
        // Not 5353: on many machines that is multicast DNS, on every address.
        {&ports.dns, {layout.world.dns_address()}, 5300, true},
        {&ports.admin, {layout.world.admin_address()}, 4568},
    };
    net::Io io{1};
    for (const PortWish& wish : wishes) {
        const auto port = choose_port(io, wish);
        if (!port) {
            return std::unexpected(port.error());
        }
        *wish.port = *port;
    }
    return {};
}

}  // namespace

std::string default_lab_directory() {
    const char* state =
        std::getenv("XDG_STATE_HOME");  // NOLINT(concurrency-mt-unsafe): never changed
    if (state != nullptr && *state == '/') {
        return std::string{state} + "/farshore/lab";
    }
    const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
    return std::string{home == nullptr ? "/tmp" : home} + "/.local/state/farshore/lab";
}

std::string short_name(const RegionId& region) {
    std::string out;
    for (const std::string_view part : split(region.value(), '-')) {
        const bool number = !part.empty() && part.front() >= '0' && part.front() <= '9';
        out += number || out.size() >= 2 ? part.substr(0, number ? part.size() : 1) : part;
    }
    return out;
}

Status check_regions(const LabOptions& options) {
    std::string wrong;
    for (const RegionId& region : options.regions) {
        if (const Status named = check_name(region); !named) {
            wrong += named.error().text + "; ";
        }
    }
    const std::set<RegionId> different{options.regions.begin(), options.regions.end()};
    if (options.regions.size() == 3 && different.size() == 3 && wrong.empty()) {
        return {};
    }
    return fail(
        ErrorKind::malformed,
        wrong + "a world has three different Regions: two with tables, and the witness",
        "--regions us-east-1,eu-west-1,us-east-2"
    );
}

Result<LabLayout> lay_out(const LabOptions& options, int second_octet) {
    if (const Status fit = check_regions(options); !fit) {
        return std::unexpected(fit.error());
    }
    LabLayout layout;
    layout.options = options;
    layout.world = {
        .second_octet = second_octet,
        .regions = options.regions,
        .witness = options.regions.back(),
        .started_by_hand = options.bare
    };
    // Of ap-south-1 and ap-southeast-1 the short names are one.
    const std::vector<RegionId> tables = layout.table_regions();
    const bool alike = short_name(tables.front()) == short_name(tables.back());
    for (const RegionId& region : tables) {
        for (int k = 1; k <= options.hosts_per_region; ++k) {
            layout.hosts.push_back(
                {.name = fmt::format("{}-web-{}", alike ? region.value() : short_name(region), k),
                 .region = region,
                 .address = layout.world.host_address(region, k)}
            );
        }
    }
    if (const auto chosen = choose_ports(layout); !chosen) {
        return std::unexpected(chosen.error());
    }
    return layout;
}

std::vector<RegionId> LabLayout::table_regions() const {
    return {options.regions.begin(), options.regions.begin() + 2};
}

std::string LabLayout::balancer_url(const RegionId& region) const {
    return url_of("http", world.load_balancer_address(region), ports.shop);
}

std::string LabLayout::storefront_url(const LabHost& host) const {
    return url_of("http", host.address, ports.shop);
}

std::string LabLayout::endpoint_url(const LabHost& host) const {
    return url_of("http", host.address, ports.agent);
}

std::string LabLayout::health_url(const LabHost& host) const {
    return url_of("http", host.address, ports.health);
}

std::string LabLayout::controller_url() const {
    return url_of("https", world.controller_address(1), ports.controller);
}

std::string LabLayout::relay_url(const RegionId& region) const {
    return url_of("https", world.relay_address(region), ports.controller);
}

std::string LabLayout::dynamodb_url(const RegionId& region) const {
    return url_of("http", world.dynamodb_address(region), ports.dynamodb);
}

std::string LabLayout::dynamodb_name_url(const RegionId& region) const {
    return url_of("http", lab::World::dynamodb_name(region), ports.dynamodb);
}

std::string LabLayout::route53_url() const {
    return url_of("http", world.route53_api_address(), ports.route53);
}

std::string LabLayout::dns_server() const {
    return fmt::format("{}:{}", world.dns_address(), ports.dns);
}

std::string LabLayout::admin_url() const {
    return url_of("http", world.admin_address(), ports.admin);
}

}  // namespace farshore::cli
