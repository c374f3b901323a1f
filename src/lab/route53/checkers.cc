#include "lab/route53/checkers.h"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "lab/route53/probe.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::array<std::string_view, 8> kRegions{
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1"
};

class Fleet final : public Checkers {
  public:
    Fleet(
        net::Io& io, Options options, CheckBook& book, FaultBoard& board, const ports::Clock& clock
    )
        : io_(io),
          options_(std::move(options)),
          book_(book),
          board_(board),
          clock_(clock),
          turn_(io.get_executor()),
          tasks_(io) {
        for (const std::string& address : options_.addresses) {
            clients_.push_back(net::HttpClient::create(
                io, {.source_address = address, .ca_file = options_.ca_file, .connections_max = 64}
            ));
        }
    }

    void start() {
        if (!clients_.empty()) {
            tasks_.spawn("route53 checkers", [this] { return run(); });
        }
    }

    net::Task<> stop() override {
        tasks_.stop();
        while (!tasks_.idle()) {
            net::Timer turn(io_.get_executor(), std::chrono::milliseconds{1});
            co_await turn.async_wait(net::kAwait);
        }
    }

  private:
    // When one check's next checker calls.
    struct Round {
        std::size_t checker = 0;
        net::Timer::time_point due;
    };

    [[nodiscard]] Duration step_of(const CheckConfig& config) const {
        const Duration interval = options_.interval_unit * config.interval;
        return interval / static_cast<std::int64_t>(clients_.size());
    }

    net::Task<> run() {
        while (!tasks_.stopping()) {
            const auto now = net::Timer::clock_type::now();
            turn_.expires_at(start_due(now));
            const auto [error] = co_await turn_.async_wait(net::kAwait);
            if (error && tasks_.stopping()) {
                co_return;
            }
        }
    }

    // Starts what is due; gives when to come back. A new check is noticed within a fraction of the
    // shortest interval.
    net::Timer::time_point start_due(net::Timer::time_point now) {
        const Duration look_again = options_.interval_unit / 4;
        auto next = now + look_again;
        std::map<std::string, Round> rounds;
        for (const Check& check : book_.checks()) {
            if (!calls_an_endpoint(check.config.type) || check.config.disabled) {
                continue;
            }
            const auto known = rounds_.find(check.id);
            Round round = known == rounds_.end() ? Round{.checker = 0, .due = now} : known->second;
            const Duration step = step_of(check.config);
            // After a pause of the whole process the missed calls are not made up for.
            if (round.due + step * static_cast<std::int64_t>(clients_.size()) < now) {
                round.due = now;
            }
            while (round.due <= now) {
                begin(check, round.checker);
                round.checker = (round.checker + 1) % clients_.size();
                round.due += step;
            }
            next = std::min(next, round.due);
            rounds.emplace(check.id, round);
        }
        rounds_ = std::move(rounds);
        return next;
    }

    void begin(const Check& check, std::size_t checker) {
        // A checker whose last call still hangs skips this one.
        if (!in_flight_.emplace(check.id, checker).second) {
            return;
        }
        tasks_.spawn("route53 probe", [this, check, checker] { return probe(check, checker); });
    }

    net::Task<> probe(Check check, std::size_t checker) {
        const std::string& source = options_.addresses[checker];
        const std::string& domain = check.config.domain_name;
        const std::string address =
            check.config.ip_address.empty() ? options_.resolve(domain) : check.config.ip_address;
        ProbeOutcome outcome{
            .success = false,
            .text = "Failure: DNS resolution failed: " + domain + " has no address"
        };
        if (!address.empty()) {
            outcome = co_await call(check.config, checker, address);
        }
        in_flight_.erase({check.id, checker});
        // The configuration may have changed meanwhile: then this says nothing about it.
        const auto current = book_.check(check.id);
        if (tasks_.stopping() || !current || current->config != check.config) {
            co_return;
        }
        book_.heard(
            check.id,
            checker,
            {.region = checker_region(checker),
             .address = source,
             .success = outcome.success,
             .text = std::move(outcome.text),
             .at = clock_.wall()}
        );
    }

    net::Task<ProbeOutcome> call(CheckConfig config, std::size_t checker, std::string address) {
        const World& world = board_.world();
        const PartyId from = world.party_of(options_.addresses[checker]);
        const bool tcp = config.type == CheckType::tcp;
        if (board_.treat(from, world.party_of(address)) != Treatment::serve) {
            net::Timer wait(
                io_.get_executor(), tcp ? options_.tcp_timeout : options_.connect_timeout
            );
            co_await wait.async_wait(net::kAwait);
            co_return ProbeOutcome{.success = false, .text = "Failure: Connection timed out."};
        }
        Probe probe{
            .config = std::move(config),
            .address = std::move(address),
            .source_address = options_.addresses[checker],
            .connect_timeout = options_.connect_timeout,
            .response_timeout = options_.response_timeout,
            .tcp_timeout = options_.tcp_timeout
        };
        ProbeOutcome outcome;
        if (tcp) {
            outcome = co_await probe_tcp(io_, std::move(probe));
        } else {
            outcome = co_await probe_http(*clients_[checker], std::move(probe));
        }
        co_return outcome;
    }

    net::Io& io_;
    Options options_;
    CheckBook& book_;
    FaultBoard& board_;
    const ports::Clock& clock_;
    net::Timer turn_;
    std::vector<std::unique_ptr<net::HttpClient>> clients_;
    std::map<std::string, Round> rounds_;                      // by check
    std::set<std::pair<std::string, std::size_t>> in_flight_;  // check and checker
    net::TaskGroup tasks_;
};

}  // namespace

std::string checker_region(std::size_t checker) {
    return std::string{kRegions[checker % kRegions.size()]};
}

std::unique_ptr<Checkers> Checkers::start(
    net::Io& io, Options options, CheckBook& book, FaultBoard& board, const ports::Clock& clock
) {
    auto fleet = std::make_unique<Fleet>(io, std::move(options), book, board, clock);
    fleet->start();
    return fleet;
}

}  // namespace farshore::lab::route53
