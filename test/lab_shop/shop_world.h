#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/net/http_client.h"
#include "adapters/net/net_test_world.h"
#include "adapters/system/system_clock.h"
#include "lab/route53/dns_server.h"
#include "lab/shop/shoppers.h"
#include "wire/client_log.h"

// A DNS server that says what the test wants, and shops at the addresses that it names.
namespace farshore::lab::testing {

inline constexpr std::array<std::uint8_t, 4> kHome{127, 0, 0, 1};
inline constexpr std::array<std::uint8_t, 4> kAway{127, 0, 0, 2};

class ShopWorld : public ::testing::Test {
  protected:
    ShopWorld() {
        std::string name =
            (std::filesystem::temp_directory_path() / "farshore-shop-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        auto dns = route53::DnsServer::listen(
            net.io,
            {},
            [this](const net::dns::Message& query, const std::string&) { return answer(query); }
        );
        EXPECT_TRUE(dns.has_value());
        dns_ = std::move(*dns);
    }

    ~ShopWorld() override {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    void TearDown() override {
        if (shoppers) {
            end([this] { return shoppers->stop(); });
        }
        end([this] { return dns_->stop(); });
    }

    // Shops on one port of both addresses; each says where it stands.
    void open_shops(const std::function<net::Task<net::HttpResponse>(net::HttpRequest)>& serve) {
        const auto region = [serve](std::string name) {
            return [serve, name](net::HttpRequest request) {
                return with_region(serve, name, std::move(request));
            };
        };
        for (int attempt = 0; attempt < 50 && away_ == nullptr; ++attempt) {
            if (home_) {
                net.stop(*home_);
            }
            home_ = net.serve(region("home"));
            auto other = net::HttpServer::listen(
                net.io,
                {.address = "127.0.0.2", .port = home_->port(), .tls = {}, .name = "away"},
                region("away")
            );
            away_ = other ? std::move(*other) : nullptr;
        }
        ASSERT_NE(away_, nullptr);
    }

    void close_shops() {
        net.stop(*home_);
        net.stop(*away_);
    }

    void send_shoppers(Shoppers::Options options) {
        options.name = "shop.example.com";
        options.port = home_->port();
        options.dns = {.address = "127.0.0.1", .port = dns_->port()};
        options.log_file = options.log_file.empty() ? log_file() : options.log_file;
        auto made = Shoppers::create(net.io, std::move(options), clock);
        ASSERT_TRUE(made) << made.error().text;
        shoppers = std::move(*made);
        shoppers->start([this](const Error& error) { broken = error; });
    }

    [[nodiscard]] std::string log_file() const { return directory_ + "/clients.ndjson"; }

    static std::vector<wire::ClientRequest> requests_in(const std::string& path) {
        const std::ifstream in{path};
        std::ostringstream text;
        text << in.rdbuf();
        auto log = wire::parse_client_log(text.str());
        EXPECT_TRUE(log) << log.error().text;
        return log.value_or(std::vector<wire::ClientRequest>{});
    }

    // What the log of the shoppers holds by now. Only its new lines are read: the tests ask at each
    // turn of the loop.
    [[nodiscard]] const std::vector<wire::ClientRequest>& requests() {
        std::ifstream in{log_file()};
        in.seekg(static_cast<std::streamoff>(bytes_read_));
        std::ostringstream text;
        text << in.rdbuf();
        const std::string fresh = text.str().substr(0, text.str().rfind('\n') + 1);
        bytes_read_ += fresh.size();
        auto log = wire::parse_client_log(fresh);
        EXPECT_TRUE(log) << log.error().text;
        if (log) {
            std::ranges::move(*log, std::back_inserter(requests_));
        }
        return requests_;
    }

    // So many more requests than now have been logged.
    [[nodiscard]] bool go_on(std::size_t more) {
        const std::size_t wanted = requests().size() + more;
        return net.run_until([&] { return requests().size() >= wanted; }, std::chrono::seconds{60});
    }

    void end(const std::function<net::Task<>()>& stop) {
        bool ended = false;
        net.tasks.spawn("end", [&] { return run(stop, &ended); });
        ASSERT_TRUE(net.run_until([&] { return ended; }, std::chrono::seconds{60}));
    }

    const system::SystemClock clock;
    net::testing::World net;
    std::array<std::uint8_t, 4> address = kHome;
    std::uint32_t ttl = 1;
    bool dns_answers = true;
    int questions = 0;
    std::optional<Error> broken;
    std::unique_ptr<Shoppers> shoppers;

  private:
    static net::Task<> run(std::function<net::Task<>()> stop, bool* ended) {
        co_await stop();
        *ended = true;
    }

    static net::Task<net::HttpResponse> with_region(
        std::function<net::Task<net::HttpResponse>(net::HttpRequest)> serve,
        std::string name,
        net::HttpRequest request
    ) {
        net::HttpResponse response = co_await serve(std::move(request));
        response.headers.push_back({"x-farshore-region", name});
        response.headers.push_back({"x-farshore-host", name + "-web-1"});
        co_return response;
    }

    std::optional<net::dns::Message> answer(const net::dns::Message& query) {
        ++questions;
        net::dns::Message reply;
        reply.id = query.id;
        reply.response = true;
        reply.questions = query.questions;
        if (!dns_answers) {
            reply.rcode = net::dns::Rcode::server_failure;
            return reply;
        }
        reply.answers.push_back(
            {.name = query.questions.at(0).name, .type = 1, .ttl = ttl, .data = address}
        );
        return reply;
    }

    std::string directory_;
    std::size_t bytes_read_ = 0;
    std::vector<wire::ClientRequest> requests_;
    std::unique_ptr<route53::DnsServer> dns_;
    std::unique_ptr<net::HttpServer> home_;
    std::unique_ptr<net::HttpServer> away_;
};

}  // namespace farshore::lab::testing
