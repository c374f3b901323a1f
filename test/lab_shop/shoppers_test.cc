// Virtual shoppers over real sockets: an open loop by the clock, a resolver with a habit, a log
// that tells the truth.

#include "lab/shop/shoppers.h"

#include <algorithm>
#include <set>

#include "shop_world.h"

namespace farshore::lab {
namespace {

using testing::kAway;
using testing::kHome;
using testing::ShopWorld;

net::Task<net::HttpResponse> sells(net::HttpRequest /*request*/) {
    co_return net::HttpResponse::text(200, "ok");
}

std::size_t served_by(const std::vector<wire::ClientRequest>& requests, const std::string& region) {
    return static_cast<std::size_t>(
        std::ranges::count(requests, region, &wire::ClientRequest::region)
    );
}

TEST_F(ShopWorld, RequestsAreIntendedByTheClockAndNumberedWithoutGaps) {
    open_shops(sells);
    send_shoppers({.rate = 200});
    ASSERT_TRUE(go_on(60));
    end([this] { return shoppers->stop(); });
    auto log = requests();
    std::ranges::sort(log, {}, &wire::ClientRequest::number);
    const UtcTime begin = log.front().intended;
    for (std::size_t i = 0; i < log.size(); ++i) {
        EXPECT_EQ(log[i].number, static_cast<std::int64_t>(i));
        EXPECT_EQ(log[i].intended - begin, std::chrono::milliseconds{5} * i) << i;
        EXPECT_GE(log[i].ended, log[i].intended);
        EXPECT_TRUE(log[i].ok) << log[i].error;
    }
    EXPECT_EQ(shoppers->counts().started, log.size()) << "what was begun is logged";
    shoppers.reset();
    close_shops();
}

TEST_F(ShopWorld, AShopThatDoesNotAnswerDoesNotSlowItsLoadDown) {
    int waiting = 0;
    bool open = false;
    open_shops([&](net::HttpRequest) -> net::Task<net::HttpResponse> {
        ++waiting;
        while (!open) {
            co_await net::sleep_for(net.io, std::chrono::milliseconds{5});
        }
        co_return net::HttpResponse::text(200, "at last");
    });
    send_shoppers({.rate = 100, .request_timeout = std::chrono::seconds{60}});
    // No shopper gets an answer, and new requests keep coming.
    ASSERT_TRUE(net.run_until([&] { return waiting >= 30; }, std::chrono::seconds{60}));
    EXPECT_TRUE(requests().empty());
    open = true;
    end([this] { return shoppers->stop(); });
    const auto log = requests();
    EXPECT_GE(log.size(), 30U);
    const auto first = std::ranges::min_element(log, {}, &wire::ClientRequest::number);
    const auto thirtieth = std::ranges::find(log, 29, &wire::ClientRequest::number);
    // The first waited from its intended start until the last of them had come.
    EXPECT_GE(first->ended - first->intended, thirtieth->intended - first->intended);
    shoppers.reset();
    close_shops();
}

TEST_F(ShopWorld, AnHonestClientDoesNotAskAgainWhileItsAnswerIsGood) {
    ttl = 3600;
    open_shops(sells);
    send_shoppers({.rate = 200, .caches = 1});
    ASSERT_TRUE(go_on(1));
    const int asked = questions;
    ASSERT_TRUE(go_on(50));
    EXPECT_EQ(questions, asked);
    end([this] { return shoppers->stop(); });
    shoppers.reset();
    close_shops();
}

TEST_F(ShopWorld, AnHonestClientFollowsTheRecord) {
    open_shops(sells);
    send_shoppers({.rate = 200, .caches = 1});
    ASSERT_TRUE(go_on(20));
    EXPECT_EQ(served_by(requests(), "away"), 0U);
    address = kAway;
    ASSERT_TRUE(net.run_until(
        [this] { return served_by(requests(), "away") > 20; }, std::chrono::seconds{60}
    ));
    // Requests under way may still be at home; no request that starts from now on goes there.
    const auto started = static_cast<std::int64_t>(shoppers->counts().started);
    ASSERT_TRUE(net.run_until(
        [&] { return shoppers->counts().ok > static_cast<std::uint64_t>(started) + 50; },
        std::chrono::seconds{60}
    ));
    for (const wire::ClientRequest& request : requests()) {
        EXPECT_TRUE(request.number < started || request.region == "away") << request.number;
    }
    end([this] { return shoppers->stop(); });
    shoppers.reset();
    close_shops();
}

class StubbornHabit : public ShopWorld, public ::testing::WithParamInterface<DnsHabit> {};

INSTANTIATE_TEST_SUITE_P(
    Habits, StubbornHabit, ::testing::Values(DnsHabit::libcurl, DnsHabit::jvm)
);

TEST_P(StubbornHabit, OverstaysTheTtl) {
    ttl = 0;  // an honest client would ask for each request
    open_shops(sells);
    send_shoppers({.rate = 200, .caches = 2, .habit = GetParam()});
    ASSERT_TRUE(go_on(50));
    const int asked = questions;
    address = kAway;
    ASSERT_TRUE(go_on(50));
    EXPECT_EQ(questions, asked);
    EXPECT_EQ(served_by(requests(), "away"), 0U);
    end([this] { return shoppers->stop(); });
    shoppers.reset();
    close_shops();
}

TEST_F(ShopWorld, EachLineOfACartHasANameOfItsOwn) {
    open_shops(sells);
    send_shoppers({.rate = 500, .prefix = "p"});
    ASSERT_TRUE(go_on(200));
    end([this] { return shoppers->stop(); });
    std::set<std::string> writes;
    std::size_t adds = 0;
    for (const wire::ClientRequest& request : requests()) {
        EXPECT_EQ(request.kind == "add", !request.write.empty());
        EXPECT_TRUE(request.shopper.starts_with("p-"));
        if (request.kind == "add") {
            ++adds;
            writes.insert(request.write);
            EXPECT_EQ(request.write, "p-" + std::to_string(request.number));
        }
    }
    EXPECT_EQ(writes.size(), adds);
    EXPECT_GT(adds, requests().size() / 2) << "six of ten";
    shoppers.reset();
    close_shops();
}

TEST_F(ShopWorld, WhatFailsIsLoggedWithItsReason) {
    open_shops([](net::HttpRequest) -> net::Task<net::HttpResponse> {
        co_return net::HttpResponse::text(503, "DynamoDB answered 503");
    });
    send_shoppers({.rate = 100});
    ASSERT_TRUE(go_on(5));
    EXPECT_EQ(requests().front().status, 503);
    EXPECT_EQ(requests().front().error, "DynamoDB answered 503");
    EXPECT_EQ(requests().front().region, "home") << "who answered is known";
    dns_answers = false;
    ASSERT_TRUE(net.run_until(
        [this] {
            return std::ranges::any_of(requests(), [](const auto& request) {
                return request.error.starts_with("name lookup: ") && request.region.empty();
            });
        },
        std::chrono::seconds{60}
    ));
    end([this] { return shoppers->stop(); });
    EXPECT_EQ(shoppers->counts().ok, 0U);
    shoppers.reset();
    close_shops();
}

TEST_F(ShopWorld, ALogThatCannotBeWrittenIsTold) {
    open_shops(sells);
    send_shoppers({.rate = 100, .log_file = "/dev/full"});
    ASSERT_TRUE(net.run_until([this] { return broken.has_value(); }, std::chrono::seconds{60}));
    EXPECT_EQ(broken->kind, ErrorKind::exhausted);
    EXPECT_NE(broken->text.find("/dev/full"), std::string::npos);
    end([this] { return shoppers->stop(); });
    shoppers.reset();
    close_shops();
    EXPECT_FALSE(Shoppers::create(net.io, {.log_file = "/nonexistent/log"}, clock));
}

TEST_F(ShopWorld, ALogIsBoundedWhereItMayGrowForEver) {
    constexpr std::uint64_t kMost = 4096;
    open_shops(sells);
    send_shoppers({.rate = 500, .log_bytes_max = kMost});
    const std::string before = log_file() + ".1";
    ASSERT_TRUE(
        net.run_until([&] { return shoppers->counts().started > 200; }, std::chrono::seconds{60})
    );
    end([this] { return shoppers->stop(); });
    EXPECT_LE(std::filesystem::file_size(log_file()), kMost);
    EXPECT_LE(std::filesystem::file_size(before), kMost);
    // Nothing is missing between the two.
    const auto older = requests_in(before);
    const auto newer = requests();
    std::set<std::int64_t> numbers;
    for (const auto& part : {older, newer}) {
        for (const auto& request : part) {
            numbers.insert(request.number);
        }
    }
    ASSERT_FALSE(numbers.empty());
    EXPECT_EQ(numbers.size(), older.size() + newer.size());
    EXPECT_EQ(*numbers.rbegin() + 1, static_cast<std::int64_t>(shoppers->counts().started));
    shoppers.reset();
    close_shops();
}

}  // namespace
}  // namespace farshore::lab
