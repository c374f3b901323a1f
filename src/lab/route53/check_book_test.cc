#include "lab/route53/check_book.h"

#include <gtest/gtest.h>

namespace farshore::lab::route53 {
namespace {

CheckConfig endpoint() {
    return {
        .type = CheckType::http,
        .ip_address = "127.0.0.1",
        .port = 80,
        .path = "/healthz",
        .interval = 10,
        .failure_threshold = 2
    };
}

CheckConfig calculated(std::vector<std::string> children, int threshold) {
    return {
        .type = CheckType::calculated,
        .health_threshold = threshold,
        .children = std::move(children)
    };
}

class CheckBookTest : public testing::Test {
  protected:
    // What `count` checkers saw, `times` times each.
    void hear(const std::string& id, std::size_t count, bool success, int times) {
        for (std::size_t checker = 0; checker < count; ++checker) {
            for (int i = 0; i < times; ++i) {
                book.heard(id, checker, {.success = success});
            }
        }
    }

    std::string made(const std::string& reference, CheckConfig config) {
        const auto check = book.create(reference, std::move(config));
        EXPECT_TRUE(check) << (check ? "" : check.error().text);
        return check ? check->id : "";
    }

    CheckBook book{16, 1};
};

TEST(CheckerOpinion, TurnsAfterTheThresholdBothWays) {
    CheckerOpinion opinion;
    opinion.heard(false, 3);
    opinion.heard(false, 3);
    opinion.heard(true, 3);
    opinion.heard(false, 3);
    opinion.heard(false, 3);
    EXPECT_TRUE(opinion.healthy()) << "never three in a row";
    opinion.heard(false, 3);
    EXPECT_FALSE(opinion.healthy());
    opinion.heard(true, 3);
    opinion.heard(true, 3);
    EXPECT_FALSE(opinion.healthy());
    opinion.heard(true, 3);
    EXPECT_TRUE(opinion.healthy());
}

TEST(Health, MoreThanEighteenPercentMeansHealthy) {
    EXPECT_FALSE(enough_are_healthy(2, 16));
    EXPECT_TRUE(enough_are_healthy(3, 16));
    EXPECT_FALSE(enough_are_healthy(18, 100)) << "18 % is not more than 18 %";
    EXPECT_TRUE(enough_are_healthy(19, 100));
    EXPECT_FALSE(enough_are_healthy(0, 1));
    EXPECT_TRUE(enough_are_healthy(0, 0));
}

TEST(Health, DisabledCountsAsHealthyBeforeTheInversion) {
    EXPECT_TRUE(final_verdict({.disabled = true}, false));
    EXPECT_FALSE(final_verdict({.inverted = true, .disabled = true}, false));
    EXPECT_TRUE(final_verdict({.inverted = true}, false));
    EXPECT_FALSE(final_verdict({.inverted = true}, true));
    EXPECT_FALSE(final_verdict({}, false));
}

TEST(Health, StatusesAndStrings) {
    EXPECT_TRUE(is_success_status(200));
    EXPECT_TRUE(is_success_status(399));
    EXPECT_FALSE(is_success_status(199));
    EXPECT_FALSE(is_success_status(400));
    EXPECT_TRUE(body_contains("all is well", "is well"));
    EXPECT_TRUE(body_contains(std::string(5118, 'x') + "ok", "ok"));
    EXPECT_FALSE(body_contains(std::string(5119, 'x') + "ok", "ok"));
}

TEST_F(CheckBookTest, ANewCheckIsHealthyUntilEnoughCheckersSayOtherwise) {
    const auto id = made("one", endpoint());
    EXPECT_TRUE(book.healthy(id));
    hear(id, 16, false, 1);
    EXPECT_TRUE(book.healthy(id)) << "the threshold is two";
    hear(id, 13, false, 1);
    EXPECT_TRUE(book.healthy(id)) << "three of sixteen still hold it healthy";
    book.heard(id, 13, {.success = false});
    EXPECT_FALSE(book.healthy(id));
    hear(id, 3, true, 2);
    EXPECT_TRUE(book.healthy(id));
    EXPECT_EQ(book.observations(id).size(), 16U);
}

TEST_F(CheckBookTest, ACalculatedCheckCountsItsHealthyChildren) {
    const auto serving = made("serving", endpoint());
    CheckConfig taken_over = endpoint();
    taken_over.inverted = true;
    const auto not_taken = made("not taken over", taken_over);
    const auto both = made("primary", calculated({serving, not_taken}, 2));
    const auto any = made("any", calculated({serving, not_taken}, 1));
    const auto always = made("always", calculated({}, 0));
    const auto never = made("never", calculated({serving}, 2));
    EXPECT_FALSE(book.healthy(both)) << "the standby answers: taken over";
    EXPECT_TRUE(book.healthy(any));
    EXPECT_TRUE(book.healthy(always));
    EXPECT_FALSE(book.healthy(never));
    hear(not_taken, 16, false, 2);
    EXPECT_TRUE(book.healthy(not_taken));
    EXPECT_TRUE(book.healthy(both));
    hear(serving, 16, false, 2);
    EXPECT_FALSE(book.healthy(both));
}

TEST_F(CheckBookTest, ChildrenExistAndAreNotCalculated) {
    const auto child = made("child", endpoint());
    const auto parent = made("parent", calculated({child}, 1));
    const auto grandparent = book.create("grandparent", calculated({parent}, 1));
    ASSERT_FALSE(grandparent);
    EXPECT_EQ(grandparent.error().code, "InvalidInput");
    EXPECT_EQ(book.create("orphan", calculated({"nobody"}, 1)).error().code, "InvalidInput");
    EXPECT_EQ(book.erase(child).error().code, "HealthCheckInUse");
    EXPECT_TRUE(book.erase(parent));
    EXPECT_TRUE(book.erase(child));
    EXPECT_TRUE(book.healthy(child)) << "a check that is gone counts as healthy";
}

TEST_F(CheckBookTest, ACallerReferenceIsUsedOnce) {
    const auto id = made("same", endpoint());
    EXPECT_EQ(made("same", endpoint()), id);
    EXPECT_EQ(book.size(), 1U);
    CheckConfig other = endpoint();
    other.port = 81;
    EXPECT_EQ(book.create("same", other).error().code, "HealthCheckAlreadyExists");
    ASSERT_TRUE(book.erase(id));
    EXPECT_EQ(book.create("same", endpoint()).error().code, "HealthCheckAlreadyExists");
}

TEST_F(CheckBookTest, UpdatesAreGuardedByTheVersion) {
    const auto id = made("one", endpoint());
    const auto first = book.update(id, {.expected_version = 1, .inverted = true});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->version, 2);
    EXPECT_TRUE(first->config.inverted);
    EXPECT_EQ(first->config.path, "/healthz") << "what is not named stays";
    const auto stale = book.update(id, {.expected_version = 1, .inverted = false});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().code, "HealthCheckVersionMismatch");
    EXPECT_TRUE(book.check(id)->config.inverted);
    EXPECT_EQ(book.update("nobody", {}).error().code, "NoSuchHealthCheck");
}

TEST_F(CheckBookTest, UpdatesThatDoNotFitAreRefusedWhole) {
    const auto id = made("one", endpoint());
    EXPECT_EQ(book.update(id, {.search_string = "x"}).error().code, "InvalidInput");
    EXPECT_EQ(book.update(id, {.health_threshold = 1}).error().code, "InvalidInput");
    EXPECT_EQ(book.update(id, {.failure_threshold = 11}).error().code, "InvalidInput");
    EXPECT_EQ(book.update(id, {.reset = {"Port"}}).error().code, "InvalidInput");
    EXPECT_EQ(book.check(id)->version, 1);
    ASSERT_TRUE(book.update(id, {.reset = {"ResourcePath"}}));
    EXPECT_EQ(book.check(id)->config.path, "");
}

TEST(CheckRules, EachWrongConfigurationIsNamed) {
    const auto fault = [](auto change) {
        CheckConfig config = endpoint();
        change(config);
        return fault_of(config);
    };
    EXPECT_EQ(fault([](CheckConfig&) {}), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.ip_address.clear(); }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.ip_address = "300.1.1.1"; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.domain_name = "a..b"; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.port = 70000; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.interval = 20; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.failure_threshold = 0; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.search_string = "x"; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.type = CheckType::http_str_match; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.type = CheckType::tcp; }), "") << "it has a path";
    EXPECT_NE(fault([](CheckConfig& c) { c.health_threshold = 1; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.regions = {"us-east-1"}; }), "");
    EXPECT_NE(fault([](CheckConfig& c) { c.path = "/a b"; }), "");
    EXPECT_NE(fault_of({.type = CheckType::cloudwatch_metric}), "");
    EXPECT_NE(fault_of({.type = CheckType::calculated}), "");
    EXPECT_NE(fault_of(calculated({"a", "a"}, 1)), "");
}

TEST_F(CheckBookTest, ACloudWatchCheckFollowsItsSettingForMissingData) {
    CheckConfig config{
        .type = CheckType::cloudwatch_metric, .alarm_region = "us-east-1", .alarm_name = "a"
    };
    EXPECT_TRUE(book.healthy(made("silent", config)));
    config.insufficient_data = InsufficientData::unhealthy;
    EXPECT_FALSE(book.healthy(made("unhealthy", config)));
    config.insufficient_data = InsufficientData::last_known_status;
    EXPECT_TRUE(book.healthy(made("last known", config)));
}

}  // namespace
}  // namespace farshore::lab::route53
