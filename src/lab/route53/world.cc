#include "lab/route53/world.h"

#include <utility>

#include <boost/json.hpp>

#include "adapters/net/http_server.h"
#include "lab/faults/hang.h"
#include "lab/route53/api.h"
#include "lab/route53/check_book.h"
#include "lab/route53/checkers.h"
#include "lab/route53/dns_answers.h"
#include "lab/route53/dns_server.h"
#include "lab/route53/domain_name.h"
#include "lab/route53/zone_book.h"

namespace farshore::lab {

namespace {

using route53::Api;
using route53::CheckBook;
using route53::Checkers;
using route53::DnsAnswers;
using route53::DnsServer;
using route53::ZoneBook;

constexpr std::size_t kBodyMax = 1024 * 1024;
constexpr auto kGrace = std::chrono::milliseconds{200};

class RunningWorld final : public Route53World {
  public:
    RunningWorld(net::Io& io, Options options, FaultBoard& board, const ports::Clock& clock)
        : io_(io),
          options_(std::move(options)),
          board_(board),
          clock_(clock),
          zones_(options_.propagation, options_.seed),
          checks_(options_.checker_addresses.size(), options_.seed + 1),
          api_(zones_, checks_, options_.credentials),
          answers_(
              zones_,
              checks_,
              {.static_names = options_.static_names,
               .static_ttl = static_cast<std::uint32_t>(to_ms(options_.static_ttl) / 1000),
               .emptied =
                   [this](std::string name) {
                       return board_.dns_empty(name);
                   }}
          ),
          rng_(options_.seed + 2) {}

    [[nodiscard]] Status start() {
        auto http = net::HttpServer::listen(
            io_,
            {.address = options_.api_address,
             .port = options_.api_port,
             .body_bytes_max = kBodyMax,
             .name = "route53"},
            [this](net::HttpRequest request) { return serve(std::move(request)); }
        );
        if (!http) {
            return std::unexpected(in_context("Route 53 API", http.error()));
        }
        auto dns = DnsServer::listen(
            io_,
            {.address = options_.dns_address, .port = options_.dns_port},
            [this](const net::dns::Message& query, const std::string& peer) {
                return answer(query, peer);
            }
        );
        if (!dns) {
            return std::unexpected(dns.error());
        }
        http_ = std::move(*http);
        dns_ = std::move(*dns);
        checkers_ = Checkers::start(
            io_,
            {.addresses = options_.checker_addresses,
             .interval_unit = options_.interval_unit,
             .connect_timeout = options_.connect_timeout,
             .response_timeout = options_.response_timeout,
             .tcp_timeout = options_.tcp_timeout,
             .ca_file = options_.ca_file,
             .resolve =
                 [this](const std::string& name) {
                     return resolve(name);
                 }},
            checks_,
            board_,
            clock_
        );
        return {};
    }

    [[nodiscard]] std::uint16_t api_port() const override { return http_->port(); }

    [[nodiscard]] std::uint16_t dns_port() const override { return dns_->port(); }

    [[nodiscard]] boost::json::object status() const override {
        boost::json::array zones;
        for (const auto& zone : zones_.zones()) {
            zones.push_back(boost::json::object{
                {"id", zone.id}, {"name", zone.name}, {"records", zone.record_count}
            });
        }
        boost::json::array checks;
        for (const auto& check : checks_.checks()) {
            checks.push_back(boost::json::object{
                {"id", check.id},
                {"caller_reference", check.caller_reference},
                {"type", to_string(check.config.type)},
                {"healthy", checks_.healthy(check.id)}
            });
        }
        return {{"zones", std::move(zones)}, {"health_checks", std::move(checks)}};
    }

    net::Task<> stop() override {
        co_await checkers_->stop();
        co_await dns_->stop();
        co_await http_->stop(kGrace);
    }

  private:
    net::Task<net::HttpResponse> serve(net::HttpRequest request) {
        const PartyId from = board_.world().party_of(request.peer_address);
        const PartyId to{.role = PartyRole::route53_api, .place = kInternet};
        if (board_.treat(from, to) != Treatment::serve) {
            net::HttpResponse cut = co_await hang(io_, board_, [this, from, to] {
                return board_.look(from, to) != Treatment::serve;
            });
            co_return cut;
        }
        co_return api_.answer(request, now());
    }

    [[nodiscard]] ZoneBook::Now now() const {
        return {.instant = clock_.now(), .wall = clock_.wall()};
    }

    std::optional<net::dns::Message> answer(
        const net::dns::Message& query, const std::string& peer
    ) {
        const PartyId from = board_.world().party_of(peer);
        const PartyId to{.role = PartyRole::dns, .place = kInternet};
        if (!resolves_within_aws(query, from) && board_.treat(from, to) != Treatment::serve) {
            return std::nullopt;
        }
        zones_.settle(clock_.now());
        return answers_.answer(query, rng_.next());
    }

    // The resolver inside a Region answers for the endpoints of all Regions that it reaches, its
    // own one first: these names need no internet.
    [[nodiscard]] bool resolves_within_aws(const net::dns::Message& query, const PartyId& from)
        const {
        if (query.questions.size() != 1) {
            return false;
        }
        const auto region = board_.world().region_of_name(query.questions[0].name);
        return region && board_.world().has(from.place) &&
               board_.look(from, {.role = PartyRole::dynamodb, .place = *region}) ==
                   Treatment::serve;
    }

    // For the checkers, which stand on the internet.
    [[nodiscard]] std::string resolve(const std::string& name) {
        zones_.settle(clock_.now());
        net::dns::Message query;
        const std::string canonical = route53::canonical_name(name).value_or(".");
        query.questions.push_back(
            {.name = route53::to_dns_name(canonical),
             .type = static_cast<std::uint16_t>(net::dns::Type::a)}
        );
        const auto reply = answers_.answer(query, rng_.next());
        for (const auto& record : reply.answers) {
            if (const auto* address = std::get_if<std::array<std::uint8_t, 4>>(&record.data)) {
                return net::dns::to_address(*address);
            }
        }
        return {};
    }

    net::Io& io_;
    Options options_;
    FaultBoard& board_;
    const ports::Clock& clock_;
    ZoneBook zones_;
    CheckBook checks_;
    Api api_;
    DnsAnswers answers_;
    Rng rng_;
    std::unique_ptr<net::HttpServer> http_;
    std::unique_ptr<DnsServer> dns_;
    std::unique_ptr<Checkers> checkers_;
};

}  // namespace

Result<std::unique_ptr<Route53World>> Route53World::create(
    net::Io& io, Options options, FaultBoard& board, const ports::Clock& clock
) {
    auto world = std::make_unique<RunningWorld>(io, std::move(options), board, clock);
    if (const Status started = world->start(); !started) {
        return std::unexpected(started.error());
    }
    return world;
}

}  // namespace farshore::lab
