#include "lab/shop/shoppers.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "adapters/net/dns_client.h"
#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "base/rng.h"
#include "wire/client_log.h"

namespace farshore::lab {

namespace {

// Six requests of ten add a line: writes are what a failover can lose.
constexpr std::uint64_t kAddsOfTen = 6;
constexpr std::size_t kUnderWayMax = 20'000;  // far above rate times timeout

// A resolver with a cache, as a household or a phone network has one.
struct NameCache {
    std::vector<std::string> addresses;
    Instant good_until{};
};

class ShopperCrowd final : public Shoppers {
  public:
    ShopperCrowd(net::Io& io, Options options, const ports::Clock& clock)
        : io_(io),
          options_(std::move(options)),
          clock_(clock),
          tasks_(io),
          dns_(net::DnsClient::create(
              io, {.servers = {options_.dns}, .source_address = options_.source_address}
          )),
          http_(net::HttpClient::create(
              io,
              {.source_address = options_.source_address, .ca_file = {}, .connections_max = 1024}
          )),
          caches_(static_cast<std::size_t>(std::max(1, options_.caches))),
          rng_(options_.seed),
          log_(options_.log_file, std::ios::trunc) {}

    [[nodiscard]] bool log_is_open() const { return log_.is_open() && log_.good(); }

    void start(std::function<void(Error)> on_broken_log) override {
        on_broken_log_ = std::move(on_broken_log);
        tasks_.spawn("shoppers", [this] { return stream_in(); });
    }

    net::Task<> stop() override {
        closing_ = true;
        while (under_way_ > 0) {
            if (const bool waited = co_await net::sleep_for(io_, std::chrono::milliseconds{20});
                !waited) {
                break;
            }
        }
        tasks_.stop();
        while (!tasks_.idle()) {
            if (const bool waited = co_await net::sleep_for(io_, std::chrono::milliseconds{5});
                !waited) {
                break;
            }
        }
    }

    [[nodiscard]] Counts counts() const override { return counts_; }

  private:
    // Requests start by the clock, not by answers.
    net::Task<> stream_in() {
        const Instant begin = clock_.now();
        const UtcTime begin_wall = clock_.wall();
        const Duration step = std::chrono::nanoseconds{1'000'000'000 / std::max(1, options_.rate)};
        for (std::int64_t number = 0; !closing_; ++number) {
            const Duration offset = step * number;
            const Duration wait = begin + offset - clock_.now();
            if (wait > Duration::zero()) {
                if (const bool waited = co_await net::sleep_for(io_, wait); !waited) {
                    co_return;
                }
            }
            if (closing_) {
                co_return;
            }
            const UtcTime intended =
                begin_wall + std::chrono::duration_cast<WallClock::duration>(offset);
            launch(number, intended);
        }
    }

    void launch(std::int64_t number, UtcTime intended) {
        const std::uint64_t shopper =
            rng_.below(static_cast<std::uint64_t>(std::max(1, options_.shoppers)));
        wire::ClientRequest request;
        request.number = number;
        request.shopper = options_.prefix + "-" + std::to_string(shopper);
        request.kind = rng_.below(10) < kAddsOfTen ? "add" : "view";
        request.write = request.kind == "add" ? options_.prefix + "-" + std::to_string(number) : "";
        request.intended = intended;
        ++counts_.started;
        if (under_way_ >= kUnderWayMax) {
            request.error = "too many requests under way";
            finish(std::move(request));
            return;
        }
        ++under_way_;
        const std::size_t cache = shopper % caches_.size();
        tasks_.spawn("shopper", [this, request, cache] { return shop(request, cache); });
    }

    net::Task<> shop(wire::ClientRequest request, std::size_t cache) {
        Result<std::string> address = co_await address_from(cache);
        if (address) {
            net::HttpCall call;
            call.method = request.kind == "add" ? "POST" : "GET";
            call.url = "http://" + *address + ":" + std::to_string(options_.port) +
                       (request.kind == "add" ? "/cart/add?write=" + request.write + "&shopper="
                                              : "/cart?shopper=") +
                       request.shopper;
            call.headers = {{"host", options_.name}};
            call.total_timeout = options_.request_timeout;
            const Result<net::HttpReply> reply = co_await http_->fetch(std::move(call));
            judge(request, reply);
        } else {
            request.error = address.error().text;
        }
        --under_way_;
        finish(std::move(request));
    }

    static void judge(wire::ClientRequest& request, const Result<net::HttpReply>& reply) {
        if (!reply) {
            request.error = reply.error().text;
            return;
        }
        request.status = reply->status;
        request.ok = reply->status == 200;
        request.host = net::find_header(reply->headers, "x-farshore-host").value_or("");
        request.region = net::find_header(reply->headers, "x-farshore-region").value_or("");
        if (!request.ok) {
            request.error = reply->body.substr(0, 300);
        }
    }

    void finish(wire::ClientRequest request) {
        request.ended = clock_.wall();
        ++(request.ok ? counts_.ok : counts_.failed);
        counts_.writes_acknowledged += request.ok && request.kind == "add" ? 1U : 0U;
        const std::string line = wire::to_line(request) + "\n";
        if (options_.log_bytes_max > 0 && logged_ + line.size() > options_.log_bytes_max) {
            begin_new_log();
        }
        logged_ += line.size();
        // Each line at once: the demo and the tests read this log while it is written.
        log_ << line << std::flush;
        if (!log_ && !broken_) {
            broken_ = true;
            closing_ = true;
            on_broken_log_(fail(
                               ErrorKind::exhausted,
                               "cannot write the client log " + options_.log_file,
                               "free some space"
            )
                               .error());
        }
    }

    void begin_new_log() {
        std::error_code error;
        log_.close();
        std::filesystem::rename(options_.log_file, options_.log_file + ".1", error);
        log_.open(options_.log_file, std::ios::trunc);
        logged_ = 0;
    }

    net::Task<Result<std::string>> address_from(std::size_t index) {
        NameCache& cache = caches_[index];
        if (clock_.now() >= cache.good_until) {
            // A request meanwhile uses the old answer: one question at a time and cache.
            const Instant before = cache.good_until;
            cache.good_until = clock_.now() + std::chrono::seconds{2};
            Result<net::DnsAnswer> answer = co_await dns_->resolve(options_.name);
            if (!answer) {
                caches_[index].good_until = before;
                co_return std::unexpected(in_context("name lookup", answer.error()));
            }
            NameCache& fresh = caches_[index];
            fresh.addresses = std::move(answer->addresses);
            fresh.good_until = clock_.now() + believed_for(answer->ttl, index, before == Instant{});
        }
        const NameCache& known = caches_[index];
        if (known.addresses.empty()) {
            Result<net::DnsAnswer> answer = co_await dns_->resolve(options_.name);
            if (!answer) {
                co_return std::unexpected(in_context("name lookup", answer.error()));
            }
            co_return answer->addresses.front();
        }
        co_return known.addresses[rng_.below(known.addresses.size())];
    }

    // The first answer came from a resolver that had it for a while: caches expire at different
    // times.
    [[nodiscard]] Duration believed_for(Duration ttl, std::size_t index, bool first) const {
        switch (options_.habit) {
            case DnsHabit::honest:
                return first ? ttl * static_cast<std::int64_t>(index + 1) /
                                   static_cast<std::int64_t>(caches_.size())
                             : ttl;
            case DnsHabit::libcurl: return std::chrono::seconds{60};
            case DnsHabit::jvm: return std::chrono::hours{24 * 365};
        }
        return ttl;
    }

    net::Io& io_;
    Options options_;
    const ports::Clock& clock_;
    net::TaskGroup tasks_;
    std::unique_ptr<net::DnsClient> dns_;
    std::unique_ptr<net::HttpClient> http_;
    std::vector<NameCache> caches_;
    Rng rng_;
    std::ofstream log_;
    std::uint64_t logged_ = 0;  // bytes
    std::function<void(Error)> on_broken_log_;
    Counts counts_;
    std::size_t under_way_ = 0;
    bool closing_ = false;
    bool broken_ = false;
};

}  // namespace

Result<std::unique_ptr<Shoppers>> Shoppers::create(
    net::Io& io, Options options, const ports::Clock& clock
) {
    const std::string log_file = options.log_file;
    auto shoppers = std::make_unique<ShopperCrowd>(io, std::move(options), clock);
    if (!shoppers->log_is_open()) {
        return fail(
            ErrorKind::denied,
            "cannot write the client log " + log_file,
            "choose a directory that exists and can be written"
        );
    }
    return shoppers;
}

}  // namespace farshore::lab
