#include "core/provision/traffic_plan.h"

#include <functional>

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

TrafficSide side(std::string region, std::string host) {
    return {
        .region = RegionId{std::move(region)},
        .serving = CheckTarget{.tls = true, .host = host, .port = 443, .path = "/healthz"},
        .answer = RecordAnswer{.addresses = {}, .name = host, .alias_zone = "ZLB"}
    };
}

TrafficWish wish() {
    return {
        .app = AppId{"shop"},
        .zone = "Z1",
        .record = "www.shop.example",
        .ttl = 30,
        .preferred = side("us-east-1", "use1.elb.example"),
        .standby = side("eu-west-1", "euw1.elb.example"),
        .takeover =
            CheckTarget{
                .tls = true,
                .host = "agents.example",
                .port = 8001,
                .path = "/route53/shop/us-east-1"
            },
        .failure_threshold = 3
    };
}

// The zone behind the changes of `plan`; the ids of checks are their roles' names.
ZoneSeen made(const TrafficWish& wish, const TrafficPlan& plan, ZoneSeen zone) {
    std::map<CheckRole, std::string> ids = plan.checks;
    for (const TrafficChange& change : plan.changes) {
        if (change.kind == TrafficChangeKind::create_check) {
            CheckSeen check = *wished_check(wish, change.role, ids);
            check.id = std::string{to_string(change.role)};
            ids[change.role] = check.id;
            zone.checks.push_back(check);
        }
        for (const RecordWish& record : change.records) {
            std::erase_if(zone.records, [&](const RecordSeen& one) {
                return one.role == record.role;
            });
            zone.records.push_back(
                {.type = record.type,
                 .set_identifier = record.set_identifier,
                 .role = record.role,
                 .ttl = record.answer.alias_zone.empty() ? record.ttl : 0,
                 .answer = record.answer,
                 .evaluates_target = !record.answer.alias_zone.empty(),
                 .check = ids.at(record.check)}
            );
        }
    }
    return zone;
}

ZoneSeen empty_zone() {
    ZoneSeen zone;
    zone.zone_name = "shop.example";
    return zone;
}

ZoneSeen whole_zone() {
    return made(wish(), plan_traffic(wish(), empty_zone()), empty_zone());
}

std::vector<std::string> texts(const TrafficPlan& plan) {
    std::vector<std::string> out;
    for (const TrafficChange& change : plan.changes) {
        out.push_back(text_of(change));
    }
    for (const Obstacle& obstacle : plan.obstacles) {
        out.push_back("! " + obstacle.text);
    }
    return out;
}

using Texts = std::vector<std::string>;

TEST(TrafficPlan, AnEmptyZoneTakesFourChecksAndBothRecords) {
    EXPECT_EQ(
        texts(plan_traffic(wish(), empty_zone())),
        (Texts{
            "make the health check `serving_preferred`: https://use1.elb.example/healthz, every 10 "
            "s, unhealthy after 3 failures",
            "make the health check `serving_standby`: https://euw1.elb.example/healthz, every 10 "
            "s, unhealthy after 3 failures",
            "make the health check `takeover`: https://agents.example:8001/route53/shop/us-east-1, "
            "inverted, every 10 s, unhealthy after 1 failure",
            "make the health check `primary`: healthy while serving_preferred and takeover are",
            "set both records: www.shop.example leads to use1.elb.example by the check `primary`, "
            "else to euw1.elb.example by the check `serving_standby`"
        })
    );
}

TEST(TrafficPlan, WhatIsMadeIsNotMadeAgain) {
    const TrafficPlan plan = plan_traffic(wish(), whole_zone());
    EXPECT_EQ(texts(plan), Texts{});
    EXPECT_EQ(plan.checks.size(), 4U);
}

// The published set-up: while the one check fails, Route 53 keeps answering with the primary.
TEST(TrafficPlan, ASharedCheckIsMended) {
    ZoneSeen zone = whole_zone();
    for (RecordSeen& record : zone.records) {
        record.check = "serving_preferred";
    }
    const TrafficPlan plan = plan_traffic(wish(), zone);
    ASSERT_EQ(plan.changes.size(), 1U);
    EXPECT_EQ(plan.changes.front().kind, TrafficChangeKind::set_records);
    EXPECT_NE(plan.changes.front().why.find("both stand on health check"), std::string::npos);
}

TEST(TrafficPlan, RecordsKeepTheirAnswersAndIdentifiersWhenNoneAreNamed) {
    ZoneSeen zone = whole_zone();
    zone.records.front().set_identifier = "theirs";
    zone.records.front().check = "";
    TrafficWish asks = wish();
    asks.preferred.answer = {};
    asks.standby.answer = {};
    const TrafficPlan plan = plan_traffic(asks, zone);
    ASSERT_EQ(plan.changes.size(), 1U);
    const RecordWish& primary = plan.changes.front().records.front();
    EXPECT_EQ(primary.set_identifier, "theirs");
    EXPECT_EQ(primary.answer, wish().preferred.answer);
}

TEST(TrafficPlan, ACheckThatIsDisabledOrSlowToFailIsChanged) {
    ZoneSeen zone = whole_zone();
    zone.checks[0].disabled = true;
    zone.checks[1].failure_threshold = 10;
    EXPECT_EQ(
        texts(plan_traffic(wish(), zone)),
        (Texts{
            "change health check serving_preferred (`serving_preferred`): "
            "https://use1.elb.example/healthz, every 10 s, unhealthy after 3 failures",
            "change health check serving_standby (`serving_standby`): "
            "https://euw1.elb.example/healthz, every 10 s, unhealthy after 3 failures"
        })
    );
}

// Its interval cannot be changed: the other check stays, and is named.
TEST(TrafficPlan, ASlowCheckOfTheSamePageIsNoneOfOurs) {
    ZoneSeen zone = whole_zone();
    zone.checks[1].interval = 30;
    const TrafficPlan plan = plan_traffic(wish(), zone);
    ASSERT_EQ(plan.changes.size(), 2U);
    EXPECT_EQ(plan.changes.front().role, CheckRole::serving_standby);
    ASSERT_EQ(plan.notes.size(), 1U);
    EXPECT_NE(plan.notes.front().find("every 30 s"), std::string::npos);
}

TEST(TrafficPlan, AddressesMakeARecordsWithATtl) {
    TrafficWish asks = wish();
    asks.preferred.answer = RecordAnswer{.addresses = {"192.0.2.1"}, .name = {}, .alias_zone = {}};
    asks.standby.answer = RecordAnswer{.addresses = {"192.0.2.2"}, .name = {}, .alias_zone = {}};
    const TrafficPlan plan = plan_traffic(asks, empty_zone());
    const ZoneSeen zone = made(asks, plan, empty_zone());
    EXPECT_EQ(zone.records.front().type, "A");
    EXPECT_EQ(texts(plan_traffic(asks, zone)), Texts{});
    asks.ttl = 60;
    EXPECT_EQ(plan_traffic(asks, zone).changes.size(), 1U) << "another TTL is a change";
}

struct Stop {
    const char* name;
    std::function<void(TrafficWish&, ZoneSeen&)> breaks;
    const char* says;
};

class InTheWay : public testing::TestWithParam<Stop> {};

TEST_P(InTheWay, IsSaidAndTheRecordsAreLeft) {
    TrafficWish asks = wish();
    ZoneSeen zone = whole_zone();
    GetParam().breaks(asks, zone);
    const TrafficPlan plan = plan_traffic(asks, zone);
    ASSERT_FALSE(plan.obstacles.empty());
    EXPECT_NE(plan.obstacles.front().text.find(GetParam().says), std::string::npos)
        << plan.obstacles.front().text;
    EXPECT_FALSE(plan.obstacles.front().remedy.empty());
    for (const TrafficChange& change : plan.changes) {
        EXPECT_NE(change.kind, TrafficChangeKind::set_records);
    }
}

constexpr auto kPlain = [](std::string name) {
    return RecordAnswer{.addresses = {}, .name = std::move(name), .alias_zone = {}};
};

INSTANTIATE_TEST_SUITE_P(
    TrafficPlan,
    InTheWay,
    testing::Values(
        Stop{"no_zone", [](auto&, auto& zone) { zone.zone_name = ""; }, "no hosted zone Z1"},
        Stop{"private_zone", [](auto&, auto& zone) { zone.zone_is_private = true; }, "is private"},
        Stop{
            "another_zone",
            [](auto&, auto& zone) { zone.zone_name = "op.example"; },
            "is not in hosted zone Z1, which is of op.example"
        },
        Stop{
            "weighted",
            [](auto&, auto& zone) {
                zone.records.front().role = "";
                zone.records.front().policy = "weighted";
            },
            "is in the way: type A, weighted"
        },
        Stop{"no_page", [](auto& wish, auto&) { wish.standby.serving = {}; }, "no `health` of"},
        Stop{
            "page_of_the_record",
            [](auto& wish, auto&) { wish.preferred.serving->host = "www.shop.example"; },
            "is a page of www.shop.example itself"
        },
        Stop{
            "no_answer",
            [](auto& wish, auto& zone) {
                wish.standby.answer = {};
                zone.records.clear();
            },
            "it is not known where www.shop.example leads users of eu-west-1"
        },
        Stop{
            "two_types",
            [](auto& wish, auto&) { wish.standby.answer = kPlain("other.example"); },
            "both records of a failover pair have one type"
        },
        Stop{
            "name_of_the_zone",
            [](auto& wish, auto& zone) {
                wish.record = zone.zone_name;
                wish.preferred.answer = kPlain("a.example");
                wish.standby.answer = kPlain("b.example");
            },
            "is the zone's own name"
        }
    ),
    [](const auto& info) { return std::string{info.param.name}; }
);

}  // namespace
}  // namespace farshore::core
