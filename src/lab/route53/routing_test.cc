#include "lab/route53/routing.h"

#include <map>

#include <gtest/gtest.h>

namespace farshore::lab::route53 {
namespace {

using Health = RecordHealth;

// The published truth table: primary, secondary, answer.
struct Row {
    Health primary;
    Health secondary;
    std::string_view answer;
};

class PublishedFailover : public testing::TestWithParam<Row> {};

TEST_P(PublishedFailover, GivesThePublishedAnswer) {
    const RecordSet primary{.set_identifier = "p", .failover = FailoverRole::primary};
    const RecordSet secondary{.set_identifier = "s", .failover = FailoverRole::secondary};
    const std::vector<const RecordSet*> pair{&primary, &secondary};
    const auto health_of = [](const RecordSet& record) {
        return record.set_identifier == "p" ? GetParam().primary : GetParam().secondary;
    };
    const RecordSet* chosen = choose(pair, health_of, 0);
    ASSERT_NE(chosen, nullptr);
    EXPECT_EQ(chosen->set_identifier, GetParam().answer);
}

// clang-format off
INSTANTIATE_TEST_SUITE_P(EachRow, PublishedFailover, testing::Values(
    Row{Health::healthy,   Health::healthy,   "p"},
    Row{Health::healthy,   Health::unhealthy, "p"},
    Row{Health::healthy,   Health::no_check,  "p"},
    Row{Health::unhealthy, Health::healthy,   "s"},
    Row{Health::unhealthy, Health::unhealthy, "p"},
    Row{Health::unhealthy, Health::no_check,  "s"},
    Row{Health::no_check,  Health::healthy,   "p"},
    Row{Health::no_check,  Health::unhealthy, "p"},
    Row{Health::no_check,  Health::no_check,  "p"}));
// clang-format on

TEST(Routing, HalfAPairAnswersWhateverItsHealth) {
    const RecordSet secondary{.set_identifier = "s", .failover = FailoverRole::secondary};
    const std::vector<const RecordSet*> alone{&secondary};
    const auto unhealthy = [](const RecordSet&) {
        return Health::unhealthy;
    };
    EXPECT_EQ(choose(alone, unhealthy, 0), &secondary);
    EXPECT_EQ(choose({}, unhealthy, 0), nullptr);
}

TEST(Routing, WeightsShareAmongTheHealthy) {
    const RecordSet one{.set_identifier = "1", .weight = 1};
    const RecordSet three{.set_identifier = "3", .weight = 3};
    const RecordSet none{.set_identifier = "0", .weight = 0};
    const std::vector<const RecordSet*> all{&one, &three, &none};
    const auto healthy = [](const RecordSet&) {
        return Health::healthy;
    };
    std::map<std::string, int> counts;
    for (std::uint64_t draw = 0; draw < 400; ++draw) {
        ++counts[choose(all, healthy, draw)->set_identifier];
    }
    EXPECT_EQ(counts["1"], 100);
    EXPECT_EQ(counts["3"], 300);
    EXPECT_EQ(counts["0"], 0);
    const auto only_zero = [](const RecordSet& record) {
        return record.weight == 0 ? Health::healthy : Health::unhealthy;
    };
    EXPECT_EQ(choose(all, only_zero, 7), &none);
    const auto nobody = [](const RecordSet&) {
        return Health::unhealthy;
    };
    EXPECT_NE(choose(all, nobody, 7), nullptr);
}

TEST(Routing, SimpleRecordsIgnoreHealth) {
    const RecordSet simple{.name = "a.example.com."};
    const std::vector<const RecordSet*> alone{&simple};
    EXPECT_EQ(choose(alone, [](const RecordSet&) { return Health::unhealthy; }, 0), &simple);
}

}  // namespace
}  // namespace farshore::lab::route53
