#include "lab/faults/fault_spec.h"

#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::lab {
namespace {

World world() {
    return {
        .second_octet = 101,
        .regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}, RegionId{"us-east-2"}},
        .witness = RegionId{"us-east-2"}
    };
}

Result<FaultSpec> read(const std::vector<std::string>& words) {
    return fault_spec_from_words(world(), words);
}

void refuses(
    const std::vector<std::string>& words, std::string_view text, std::string_view remedy
) {
    const auto made = read(words);
    ASSERT_FALSE(made) << text;
    EXPECT_EQ(made.error().kind, ErrorKind::malformed);
    EXPECT_NE(made.error().text.find(text), std::string::npos) << made.error().text;
    EXPECT_NE(made.error().remedy.find(remedy), std::string::npos) << made.error().remedy;
}

TEST(FaultSpec, HostsOfAWorldStartedByHandAreNotTheLabsToKill) {
    World by_hand = world();
    by_hand.started_by_hand = true;
    const std::vector<std::string> words{"hosts", by_hand.regions.front().value()};
    EXPECT_TRUE(fault_spec_from_words(world(), words));
    const auto refused = fault_spec_from_words(by_hand, words);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("by hand"), std::string::npos);
    EXPECT_NE(refused.error().remedy.find("--bare"), std::string::npos);
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const FaultSpec random{.kind = FaultKind::random, .seed = seed};
        EXPECT_NE(resolve_random(by_hand, random).kind, FaultKind::hosts) << seed;
    }
}

TEST(FaultSpec, ReadsEveryKindFromWords) {
    const auto dynamo = read({"dynamodb", "us-east-1", "--mode", "errors=30%", "--for", "2m"});
    ASSERT_TRUE(dynamo);
    EXPECT_EQ(dynamo->mode, DynamoMode::errors);
    EXPECT_EQ(dynamo->percent, 30);
    EXPECT_EQ(dynamo->lasts, std::chrono::minutes{2});
    EXPECT_EQ(read({"dynamodb", "us-east-1", "--mode=empty-dns"})->mode, DynamoMode::empty_dns);
    EXPECT_EQ(read({"dynamodb", "us-east-1", "--mode", "blackhole"})->mode, DynamoMode::timeout);
    EXPECT_EQ(
        read({"dynamodb", "us-east-1", "--mode", "latency=800ms"})->latency,
        std::chrono::milliseconds{800}
    );
    EXPECT_TRUE(read({"partition", "us-east-1", "eu-west-1", "--one-way"})->one_way);
    EXPECT_EQ(read({"partition", "us-east-1", "internet"})->other, kInternet);
    EXPECT_EQ(read({"replication", "us-east-1", "--pause"})->kind, FaultKind::replication);
    EXPECT_EQ(read({"replication", "us-east-1"}), read({"replication", "us-east-1", "--pause"}))
        << "there is no other fault of replication to mean";
    EXPECT_EQ(read({"region", "us-east-1"})->kind, FaultKind::region);
    EXPECT_EQ(read({"hosts", "us-east-1", "--after", "5s"})->after, std::chrono::seconds{5});
    EXPECT_EQ(read({"random", "--seed", "9"})->seed, 9U);
    EXPECT_EQ(read({"random", "--seed", "0"})->seed, 0U);
    EXPECT_EQ(read({"random"})->seed, std::nullopt) << "to be drawn when the fault is set";
}

// The witness holds an epoch record and the controller, and that is all there is to break.
TEST(FaultSpec, AFaultThatCouldHitNothingIsRefused) {
    refuses({"hosts", "us-east-2"}, "no host in us-east-2, the witness", "us-east-1, eu-west-1");
    refuses({"replication", "us-east-2", "--pause"}, "no replicated table", "us-east-1, eu-west-1");
    EXPECT_TRUE(read({"region", "us-east-2"}));
    EXPECT_TRUE(read({"dynamodb", "us-east-2", "--mode", "timeout"}));
    EXPECT_TRUE(read({"partition", "us-east-2", "us-east-1"}));
    EXPECT_FALSE(fault_spec_from_json(
        world(), boost::json::parse(R"({"kind":"hosts","region":"us-east-2"})")
    ));
}

TEST(FaultSpec, WrongWordsAreNamedWithTheNearestRightOne) {
    refuses({}, "needs a kind", "dynamodb, partition");
    refuses({"dynamo", "us-east-1"}, "unknown fault \"dynamo\"", "\"dynamodb\"");
    refuses({"region", "us-east-11"}, "unknown Region \"us-east-11\"", "\"us-east-1\"");
    refuses({"region", "mars"}, "unknown Region", "us-east-1, eu-west-1");
    refuses({"dynamodb", "us-east-1", "--mod", "reset"}, "unknown option", "\"--mode\"");
    refuses({"dynamodb", "us-east-1", "--mode", "emptydns"}, "unknown mode", "\"empty-dns\"");
    refuses({"dynamodb", "us-east-1"}, "needs --mode", "empty-dns");
    refuses({"dynamodb", "us-east-1", "--mode"}, "--mode needs a value", "");
    refuses({"dynamodb", "us-east-1", "--mode", "errors=0%"}, "1% to 100%", "errors=30%");
    refuses({"dynamodb", "us-east-1", "--mode", "errors"}, "1% to 100%", "errors=30%");
    refuses({"dynamodb", "us-east-1", "--mode", "latency=5h"}, "up to 1m", "latency=800ms");
    refuses({"dynamodb", "us-east-1", "--mode", "reset=3"}, "takes no value", "leave");
    refuses({"region", "us-east-1", "--one-way"}, "does not belong", "");
    refuses({"region", "us-east-1", "--for", "ten"}, "not a duration", "30s");
    refuses({"region", "us-east-1", "--for", "48h"}, "at most 24h", "2m");
    refuses({"region", "us-east-1", "--after", "2h"}, "at most 1h", "");
    refuses({"partition", "us-east-1"}, "takes 2 Region(s), not 1", "us-east-1");
    refuses({"partition", "us-east-1", "us-east-1"}, "two different places", "");
    refuses({"random", "--seed", "x"}, "not a whole number", "");
    refuses({"region", "us-east-1", "--seed", "1"}, "does not belong", "");
}

TEST(FaultSpec, AllWrongWordsAreToldAtOnce) {
    refuses(
        {"dynamodb", "us-east-1", "--for", "ten", "--after", "2", "--one-way"},
        "--for \"ten\" is not a duration; --after \"2\" is not a duration; --one-way does not "
        "belong "
        "to a fault of kind dynamodb; dynamodb needs --mode",
        "30s"
    );
}

TEST(FaultSpec, TextReadsBackAsTheSameFault) {
    const std::vector<std::vector<std::string>> all{
        {"dynamodb", "us-east-1", "--mode", "errors=30%"},
        {"dynamodb", "us-east-1", "--mode", "latency=800ms"},
        {"dynamodb", "us-east-1", "--mode", "read-only"},
        {"partition", "us-east-1", "eu-west-1", "--one-way"},
        {"replication", "eu-west-1", "--pause"},
        {"region", "us-east-1"},
        {"hosts", "us-east-1"},
        {"random", "--seed", "3"},
        {"random", "--seed", "0"},
        {"random"},
    };
    for (const auto& words : all) {
        std::string joined;
        for (const auto& word : words) {
            joined += (joined.empty() ? "" : " ") + word;
        }
        EXPECT_EQ(to_text(*read(words)), joined);
        const auto again = fault_spec_from_json(world(), to_json(*read(words)));
        ASSERT_TRUE(again) << again.error().text;
        EXPECT_EQ(*again, *read(words));
    }
}

TEST(FaultSpec, JsonIsCheckedFieldByField) {
    const auto refused = [](std::string_view text) {
        const auto made = fault_spec_from_json(world(), boost::json::parse(text));
        return made ? std::string{"accepted"} : made.error().text + " / " + made.error().remedy;
    };
    EXPECT_EQ(refused("[]"), "a fault is a JSON object / ");
    EXPECT_EQ(
        refused(R"({"kind":"region","regoin":"us-east-1"})"),
        "unknown field \"regoin\" / did you mean \"region\"?"
    );
    EXPECT_EQ(refused(R"({"kind":"region","region":7})"), "\"region\" is not a string / ");
    EXPECT_EQ(
        refused(R"({"kind":"region","region":"us-east-1","for_ms":-1})"),
        "\"for_ms\" is not a whole number / "
    );
    EXPECT_EQ(
        refused(R"({"kind":"region","region":"us-east-1","mode":"reset"})"),
        "\"mode\" belongs to faults of kind dynamodb only / "
    );
    EXPECT_EQ(
        refused(R"({"kind":"region","region":"us-east-1","seed":1})"),
        "\"seed\" belongs to faults of kind random only / "
    );
    EXPECT_EQ(
        refused(R"({"kind":"partition","region":"us-east-1","other":"eu-west-1","one_way":1})"),
        "\"one_way\" is not true or false / "
    );
}

TEST(FaultSpec, RandomFaultsFollowTheirSeedAndReachEveryKind) {
    std::set<FaultKind> kinds;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const FaultSpec random{
            .kind = FaultKind::random, .seed = seed, .within = std::chrono::seconds{10}
        };
        const FaultSpec drawn = resolve_random(world(), random);
        EXPECT_EQ(drawn, resolve_random(world(), random));
        EXPECT_TRUE(check(world(), drawn)) << to_text(drawn);
        EXPECT_LE(drawn.after, std::chrono::seconds{10});
        kinds.insert(drawn.kind);
    }
    EXPECT_EQ(kinds.size(), 5U);
    EXPECT_FALSE(kinds.contains(FaultKind::random));
}

}  // namespace
}  // namespace farshore::lab
