#include "dataplane/route_word.h"

#include <array>
#include <atomic>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "dataplane/answer.h"
#include "dataplane/counters.h"
#include "dataplane/shared_route.h"

namespace farshore::dataplane {

TEST(RouteWord, SurvivesPacking) {
    for (const std::uint64_t epoch : {std::uint64_t{0}, std::uint64_t{1}, kEpochMax.value()}) {
        for (const WriteState state :
             {WriteState::open, WriteState::held, WriteState::fenced, WriteState::unconfirmed}) {
            const RouteWord word{.epoch = Epoch{epoch}, .active = 7, .state = state};
            EXPECT_EQ(unpack(pack(word)), word);
        }
    }
}

TEST(SharedRoute, PermissionIsJudgedByTheTimeOfAsking) {
    const Instant start{Duration{1000}};
    SharedRoute route({.epoch = Epoch{3}, .active = 0, .state = WriteState::unconfirmed}, start);
    EXPECT_FALSE(route.may_write(route.word(), start));
    route.open(route.word(), start + Duration{100}, start);
    EXPECT_TRUE(route.may_write(route.word(), start + Duration{99}));
    EXPECT_FALSE(route.may_write(route.word(), start + Duration{100}));
    EXPECT_EQ(route.effective(start + Duration{100}).state, WriteState::unconfirmed);
    EXPECT_EQ(route.stopped_since(start + Duration{50}), start + Duration{50});
    EXPECT_EQ(route.stopped_since(start + Duration{500}), start + Duration{100});
    RouteWord held = route.word();
    held.state = WriteState::held;
    route.stop(held, start + Duration{500}, start + Duration{700});
    EXPECT_EQ(route.effective(start + Duration{699}).state, WriteState::held);
    EXPECT_EQ(route.effective(start + Duration{700}).state, WriteState::unconfirmed);
    EXPECT_EQ(route.stopped_since(start + Duration{600}), start + Duration{100});
}

// A loop that finds no permission learns since when, never that it has been missing for long: it
// would refuse the write instead of letting it wait.
TEST(SharedRoute, AStopNeverLooksOlderThanItIs) {
    const Instant start{std::chrono::hours{1}};
    const RouteWord open{.epoch = Epoch{3}, .active = 0, .state = WriteState::open};
    SharedRoute route(open, start);
    route.open(open, start + std::chrono::hours{1}, start);
    std::atomic<bool> stop{false};
    std::thread control([&] {
        RouteWord held = open;
        held.state = WriteState::held;
        while (!stop) {
            route.stop(held, start, start + std::chrono::hours{1});
            route.open(open, start + std::chrono::hours{1}, start);
        }
    });
    for (int i = 0; i < 300'000; ++i) {
        const RouteWord word = route.word();
        if (!route.may_write(word, start)) {
            ASSERT_EQ(route.stopped_since(start), start);
        }
        const core::WritesPermitted permission = route.permission();
        ASSERT_EQ(permission.until, start + std::chrono::hours{1});
    }
    stop = true;
    control.join();
}

// An epoch's end is never taken for another's.
TEST(SharedRoute, APermissionBelongsToItsEpoch) {
    const Instant start{std::chrono::hours{1}};
    RouteWord word{.epoch = Epoch{1}, .active = 0, .state = WriteState::open};
    SharedRoute route(word, start);
    const auto end_of = [&](Epoch epoch) {
        return start + Duration{epoch.value()};
    };
    route.open(word, end_of(word.epoch), start);
    std::atomic<bool> stop{false};
    std::thread control([&] {
        for (std::uint64_t epoch = 2; !stop; ++epoch) {
            word.epoch = Epoch{epoch};
            route.open(word, end_of(word.epoch), start);
        }
    });
    for (int i = 0; i < 300'000; ++i) {
        const core::WritesPermitted permission = route.permission();
        // Between the two stores of an opening, the end is still the one before.
        ASSERT_LE(permission.until, end_of(permission.epoch));
    }
    stop = true;
    control.join();
}

TEST(Answer, LooksLikeDynamoDb) {
    Rng rng(1);
    const std::string text = own_answer(OwnAnswer::switching, rng);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_TRUE(text.contains("\r\nx-amz-retry-after: "));
    const std::string body = text.substr(text.find("\r\n\r\n") + 4);
    EXPECT_TRUE(text.contains("\r\nx-amz-crc32: " + crc32_text(body) + "\r\n"));
    EXPECT_TRUE(body.contains(R"("__type":"com.amazonaws.dynamodb.v20120810#ServiceUnavailable")"));
    const std::string denied = own_answer(OwnAnswer::fenced, rng, {.close = true});
    EXPECT_TRUE(denied.starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(denied.contains("AccessDeniedException"));
    EXPECT_FALSE(denied.contains("x-amz-retry-after"));
    EXPECT_TRUE(denied.contains("\r\nConnection: close\r\n"));
    EXPECT_EQ(crc32_text("123456789"), "3421780262");
}

TEST(Answer, EachHasItsStatusAndItsCodeAndSaysWhetherItMayBeRepeated) {
    struct Expected {
        OwnAnswer which;
        std::string_view status;
        std::string_view code;
        bool repeated;
    };

    constexpr std::string_view kUnavailable = "ServiceUnavailable";
    constexpr std::array kExpected{
        Expected{OwnAnswer::switching, "503", kUnavailable, true},
        Expected{OwnAnswer::no_upstream, "503", kUnavailable, true},
        Expected{OwnAnswer::outcome_unknown, "503", kUnavailable, true},
        Expected{OwnAnswer::not_repeatable, "400", "WriteOutcomeUnknownException", false},
        Expected{OwnAnswer::overloaded, "503", kUnavailable, true},
        Expected{OwnAnswer::no_credentials, "503", kUnavailable, true},
        Expected{OwnAnswer::stopping, "503", kUnavailable, true},
        Expected{OwnAnswer::fenced, "400", "AccessDeniedException", false},
        Expected{OwnAnswer::not_authentic, "400", "UnrecognizedClientException", false},
        Expected{OwnAnswer::foreign, "403", "AccessDeniedException", false},
        Expected{OwnAnswer::not_understood, "400", "SerializationException", false},
    };
    static_assert(kExpected.size() == kOwnAnswerNames.size());
    Rng rng(1);
    std::set<std::string> bodies;
    for (const Expected& expected : kExpected) {
        const std::string text = own_answer(expected.which, rng);
        const std::string_view name = to_string(expected.which);
        EXPECT_TRUE(text.starts_with("HTTP/1.1 " + std::string{expected.status} + " ")) << name;
        EXPECT_TRUE(text.contains("#" + std::string{expected.code} + "\"")) << name;
        EXPECT_EQ(text.contains("x-amz-retry-after"), expected.repeated) << name;
        bodies.insert(text.substr(text.find("\r\n\r\n")));
    }
    EXPECT_EQ(bodies.size(), kExpected.size()) << "each has words of its own";
}

TEST(Statistics, EpochsAreBoundedAndQuantilesAreUpperBounds) {
    LoopCounters counters;
    for (std::uint64_t epoch = 1; epoch <= 40; ++epoch) {
        counters.acknowledged(Epoch{epoch}, RegionId{"a"});
        counters.acknowledged(Epoch{epoch}, RegionId{"a"});
    }
    std::vector<EpochStatistics> epochs;
    counters.add_to(epochs);
    ASSERT_EQ(epochs.size(), 16U);
    EXPECT_EQ(epochs.back().epoch, Epoch{40});
    EXPECT_EQ(epochs.back().acknowledged_writes, 2U);
    RegionCounters region;
    for (int i = 0; i < 99; ++i) {
        region.observe_latency(std::chrono::microseconds{700});
    }
    region.observe_latency(std::chrono::milliseconds{150});
    RegionStatistics statistics;
    region.add_to(statistics, Instant{});
    EXPECT_EQ(statistics.latency.count, 100U);
    EXPECT_EQ(statistics.latency.quantile(500), std::chrono::milliseconds{1});
    EXPECT_EQ(statistics.latency.quantile(999), std::chrono::milliseconds{200});
}

}  // namespace farshore::dataplane
