#include "agent/upstream_resolver.h"

#include <gtest/gtest.h>

namespace farshore::agent {
namespace {

using namespace std::chrono_literals;

// Remembers the addresses that it was told. These tests call nothing else of it.
class ToldEndpoint final : public dataplane::Endpoint {
  public:
    [[nodiscard]] std::uint16_t port() const override { return 0; }

    void set_addresses(const RegionId&, std::vector<std::string> addresses) override {
        told.push_back(std::move(addresses));
    }

    void set_credentials(sigv4::Credentials) override {}

    void set_parked_for_max(Duration) override {}

    [[nodiscard]] Status set_route(dataplane::Route, std::function<void(dataplane::RouteWord)>)
        override {
        return {};
    }

    [[nodiscard]] Status grant(dataplane::WritePermission) override { return {}; }

    void end_permission() override {}

    [[nodiscard]] Status hold(Epoch, Duration, std::function<void(dataplane::HoldResult)>)
        override {
        return {};
    }

    [[nodiscard]] Status release(Epoch, std::optional<Instant>, std::function<void()>) override {
        return {};
    }

    [[nodiscard]] Status fence(Epoch, Duration, std::function<void(dataplane::FenceResult)>)
        override {
        return {};
    }

    void settle(Epoch, Duration, std::function<void(dataplane::FenceResult)>) override {}

    [[nodiscard]] dataplane::RouteWord route() const override { return {}; }

    [[nodiscard]] dataplane::Statistics statistics() const override { return {}; }

    [[nodiscard]] Instant slowest_turn() const override { return {}; }

    [[nodiscard]] dataplane::EndpointLedger& ledger() override { return ledger_; }

    void wind_down(Duration, std::function<void(std::uint64_t)>) override {}

    void stop() override {}

    std::vector<std::vector<std::string>> told;

  private:
    dataplane::EndpointLedger ledger_{{}, std::make_shared<dataplane::LedgerQueue>(1)};
};

class UpstreamResolverTest : public ::testing::Test {
  protected:
    [[nodiscard]] static Result<net::DnsAnswer> failed(ErrorKind kind, std::string_view code) {
        return std::unexpected(
            Error{.kind = kind, .text = "no", .remedy = {}, .code = std::string{code}}
        );
    }

    net::Io io{1};
    ToldEndpoint endpoint;
    UpstreamResolver resolver{io, nullptr, endpoint, {.region = RegionId{"a"}, .host = "a.test"}};
};

TEST(Upstream, IsWhatTheOneReaderOfUrlsSaysOfItsEndpoint) {
    const auto prefixed = upstream_from(RegionId{"us-east-1"}, "http://H.example:4566/prefix/");
    ASSERT_TRUE(prefixed) << prefixed.error().text;
    EXPECT_FALSE(prefixed->tls);
    EXPECT_EQ(prefixed->host, "h.example");
    EXPECT_EQ(prefixed->port, 4566);
    EXPECT_EQ(prefixed->path, "/prefix");
    EXPECT_TRUE(prefixed->addresses.empty());
    const auto six = upstream_from(RegionId{"us-east-1"}, "https://[::1]");
    ASSERT_TRUE(six) << six.error().text;
    EXPECT_EQ(six->host, "::1");
    EXPECT_EQ(six->port, 443);
    EXPECT_EQ(six->addresses, (std::vector<std::string>{"::1"})) << "never asked of DNS";
    for (const char* bad :
         {"http://u@h:1", "http://:4566", "http://h:99999", "h:4566", "http://h/?x"}) {
        EXPECT_EQ(upstream_from(RegionId{"us-east-1"}, bad).error().kind, ErrorKind::malformed)
            << bad;
    }
}

TEST_F(UpstreamResolverTest, AnHonestAnswerThatThereIsNoAddressClears) {
    (void)resolver.take(net::DnsAnswer{.addresses = {"192.0.2.1"}, .ttl = 60s});
    (void)resolver.take(failed(ErrorKind::unavailable, net::kNoAddress));
    (void)resolver.take(failed(ErrorKind::not_found, net::kNameMissing));
    EXPECT_EQ(endpoint.told, (std::vector<std::vector<std::string>>{{"192.0.2.1"}, {}, {}}));
}

TEST_F(UpstreamResolverTest, AResolverInTroubleChangesNothing) {
    (void)resolver.take(net::DnsAnswer{.addresses = {"192.0.2.1"}, .ttl = 60s});
    for (const ErrorKind kind :
         {ErrorKind::unavailable, ErrorKind::timed_out, ErrorKind::cancelled}) {
        (void)resolver.take(failed(kind, ""));
    }
    EXPECT_EQ(endpoint.told.size(), 1U);
}

TEST_F(UpstreamResolverTest, AsksAgainWithinSeconds) {
    EXPECT_EQ(resolver.take(net::DnsAnswer{.addresses = {"192.0.2.1"}, .ttl = 0s}), 1s);
    EXPECT_EQ(resolver.take(net::DnsAnswer{.addresses = {"192.0.2.1"}, .ttl = 1h}), 5s);
    EXPECT_EQ(resolver.take(failed(ErrorKind::unavailable, "")), 1s);
}

}  // namespace
}  // namespace farshore::agent
