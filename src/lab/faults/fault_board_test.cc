#include "lab/faults/fault_board.h"

#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HandClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return now_; }

    [[nodiscard]] UtcTime wall() const override {
        return utc_from_ms(1'700'000'000'000 + to_ms(now_.time_since_epoch()));
    }

    void advance(Duration by) { now_ += by; }

  private:
    Instant now_{seconds{1000}};
};

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const RegionId kThird{"us-east-2"};

World world() {
    return {.second_octet = 101, .regions = {kEast, kWest, kThird}, .witness = kThird};
}

FaultSpec spec(const std::vector<std::string>& words) {
    const auto made = fault_spec_from_words(world(), words);
    EXPECT_TRUE(made) << (made ? "" : made.error().text);
    return made.value_or(FaultSpec{});
}

class FaultBoardTest : public testing::Test {
  protected:
    HandClock clock;
    FaultBoard board{world(), clock};
    PartyId host = world().party_of("127.101.1.11");
    PartyId far_dynamo = world().party_of("127.101.2.1");
    PartyId own_dynamo = world().party_of("127.101.1.1");
    PartyId controller = world().party_of("127.101.200.1");
    PartyId shopper = world().party_of("127.101.210.9");
    PartyId balancer = world().party_of("127.101.1.10");
    PartyId relay = world().party_of("127.101.1.200");
};

TEST_F(FaultBoardTest, APartitionCutsBothWaysAndNothingElse) {
    const auto id = board.add(spec({"partition", "us-east-1", "eu-west-1"}));
    ASSERT_TRUE(id);
    EXPECT_EQ(board.treat(host, far_dynamo), Treatment::hang);
    EXPECT_EQ(board.treat(far_dynamo, host), Treatment::hang);
    EXPECT_EQ(board.treat(host, own_dynamo), Treatment::serve);
    EXPECT_EQ(board.treat(controller, own_dynamo), Treatment::serve);
    EXPECT_TRUE(board.replication_blocked(kEast, kWest));
    EXPECT_TRUE(board.replication_blocked(kWest, kEast));
    EXPECT_FALSE(board.replication_blocked(kWest, kThird));
    EXPECT_EQ(board.find(*id)->touched, 2U);
    EXPECT_EQ(
        board.find(*id)->touched_by.at("calls from host 1 in us-east-1 to dynamodb in eu-west-1"),
        1U
    );
}

TEST_F(FaultBoardTest, AOneWayPartitionLetsTheOtherDirectionThrough) {
    ASSERT_TRUE(board.add(spec({"partition", "us-east-1", "eu-west-1", "--one-way"})));
    EXPECT_EQ(board.treat(host, far_dynamo), Treatment::hang);
    EXPECT_EQ(board.treat(far_dynamo, host), Treatment::serve);
    EXPECT_TRUE(board.replication_blocked(kEast, kWest));
    EXPECT_FALSE(board.replication_blocked(kWest, kEast));
}

TEST_F(FaultBoardTest, ARegionThatIsCutOffStillTalksToItself) {
    ASSERT_TRUE(board.add(spec({"region", "us-east-1"})));
    EXPECT_EQ(board.look(shopper, balancer), Treatment::hang);
    EXPECT_EQ(board.look(relay, controller), Treatment::hang);
    EXPECT_EQ(board.look(controller, own_dynamo), Treatment::hang);
    EXPECT_EQ(board.look(host, own_dynamo), Treatment::serve);
    EXPECT_EQ(board.look(host, relay), Treatment::serve);
    EXPECT_EQ(board.look(controller, far_dynamo), Treatment::serve);
    EXPECT_TRUE(board.replication_blocked(kEast, kWest));
    EXPECT_FALSE(board.replication_blocked(kWest, kThird));
}

TEST_F(FaultBoardTest, PeopleAndTheAdminAreNeverTouched) {
    ASSERT_TRUE(board.add(spec({"region", "us-east-1"})));
    EXPECT_EQ(board.treat(world().party_of("127.0.0.1"), own_dynamo), Treatment::serve);
    EXPECT_EQ(board.treat(world().party_of("127.101.203.1"), own_dynamo), Treatment::serve);
}

TEST_F(FaultBoardTest, EmptyDnsServesEstablishedConnectionsForThreeSeconds) {
    const Instant before = clock.now() - seconds{5};
    ASSERT_TRUE(board.add(spec({"dynamodb", "us-east-1", "--mode", "empty-dns"})));
    const DynamoFault fault = board.dynamodb(kEast);
    EXPECT_TRUE(board.dns_empty("dynamodb.us-east-1.lab.farshore"));
    EXPECT_FALSE(board.dns_empty("dynamodb.eu-west-1.lab.farshore"));
    EXPECT_TRUE(board.replication_blocked(kEast, kWest));
    EXPECT_FALSE(board.replication_blocked(kWest, kEast));
    EXPECT_EQ(fault.treatment(before, clock.now()), Treatment::serve);
    EXPECT_EQ(fault.treatment(clock.now(), clock.now()), Treatment::hang);
    clock.advance(milliseconds{2999});
    EXPECT_EQ(fault.treatment(before, clock.now()), Treatment::serve);
    clock.advance(milliseconds{1});
    EXPECT_EQ(fault.treatment(before, clock.now()), Treatment::hang);
    EXPECT_FALSE(board.dynamodb(kWest).any());
}

TEST_F(FaultBoardTest, ReplicationPausesInBothDirections) {
    ASSERT_TRUE(board.add(spec({"replication", "us-east-1", "--pause"})));
    EXPECT_TRUE(board.replication_blocked(kEast, kWest));
    EXPECT_TRUE(board.replication_blocked(kWest, kEast));
    EXPECT_FALSE(board.replication_blocked(kWest, kThird));
    EXPECT_EQ(board.treat(host, far_dynamo), Treatment::serve);
    board.touched_replication(kEast, kWest, 7);
    EXPECT_EQ(board.faults()[0].touched, 7U);
}

TEST_F(FaultBoardTest, FaultsOfOneDynamoDbAddUp) {
    ASSERT_TRUE(board.add(spec({"dynamodb", "us-east-1", "--mode", "errors=30%"})));
    ASSERT_TRUE(board.add(spec({"dynamodb", "us-east-1", "--mode", "latency=800ms"})));
    ASSERT_TRUE(board.add(spec({"dynamodb", "us-east-1", "--mode", "read-only"})));
    const DynamoFault fault = board.dynamodb(kEast);
    EXPECT_EQ(fault.errors_percent, 30);
    EXPECT_EQ(fault.latency, milliseconds{800});
    EXPECT_TRUE(fault.read_only);
    EXPECT_FALSE(fault.throttle);
    EXPECT_EQ(fault.by.size(), 3U);
}

TEST_F(FaultBoardTest, AFaultIsOverAtItsEndEvenWhenNobodyCallsExpire) {
    ASSERT_TRUE(board.add(spec({"hosts", "us-east-1", "--for", "2s"})));
    EXPECT_TRUE(board.hosts_down(kEast));
    clock.advance(seconds{2});
    EXPECT_FALSE(board.hosts_down(kEast));
}

TEST_F(FaultBoardTest, SubscribersHearOfStartTurnAndEnd) {
    int heard = 0;
    auto subscription = board.subscribe([&heard] { ++heard; });
    const Instant start = clock.now();
    const auto id = board.add(
        spec({"dynamodb", "us-east-1", "--mode", "empty-dns", "--for", "10s", "--after", "1s"})
    );
    ASSERT_TRUE(id);
    EXPECT_EQ(heard, 1);
    EXPECT_FALSE(board.dns_empty("dynamodb.us-east-1.lab.farshore"));
    EXPECT_EQ(board.next_deadline(), start + seconds{1});
    clock.advance(seconds{1});
    board.expire();
    EXPECT_EQ(heard, 2);
    EXPECT_TRUE(board.dns_empty("dynamodb.us-east-1.lab.farshore"));
    EXPECT_EQ(board.next_deadline(), start + seconds{4});
    clock.advance(seconds{3});
    board.expire();
    EXPECT_EQ(heard, 3);
    EXPECT_EQ(board.next_deadline(), start + seconds{11});
    board.expire();
    EXPECT_EQ(heard, 3) << "nothing changed";
    clock.advance(seconds{7});
    board.expire();
    EXPECT_EQ(heard, 4);
    EXPECT_EQ(board.next_deadline(), std::nullopt);
    ASSERT_EQ(board.past().size(), 1U);
    EXPECT_EQ(board.past()[0].touched, 1U) << "what it touched is kept";
    subscription = {};
    ASSERT_TRUE(board.add(spec({"region", "us-east-1"})));
    EXPECT_EQ(heard, 4);
}

TEST_F(FaultBoardTest, EndingAFaultTwiceIsNotFound) {
    const auto id = board.add(spec({"region", "us-east-1"}));
    ASSERT_TRUE(id);
    EXPECT_TRUE(board.end(*id));
    EXPECT_EQ(board.look(shopper, balancer), Treatment::serve);
    const Status again = board.end(*id);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::not_found);
}

TEST_F(FaultBoardTest, TheNumberOfFaultsIsBounded) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(board.add(spec({"hosts", "us-east-1"})));
    }
    const auto one_more = board.add(spec({"hosts", "us-east-1"}));
    ASSERT_FALSE(one_more);
    EXPECT_EQ(one_more.error().kind, ErrorKind::exhausted);
    board.end_all();
    EXPECT_TRUE(board.faults().empty());
    EXPECT_EQ(board.past().size(), 100U);
}

TEST_F(FaultBoardTest, ARandomFaultIsResolvedWhenItIsAdded) {
    const auto id = board.add(spec({"random", "--seed", "7", "--within", "30s"}));
    ASSERT_TRUE(id);
    const Fault fault = *board.find(*id);
    EXPECT_NE(fault.spec.kind, FaultKind::random);
    EXPECT_LE(fault.spec.after, seconds{30});
}

TEST_F(FaultBoardTest, ARandomFaultHasASeedThatGivesItAgain) {
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 8; ++i) {
        const auto id = board.add(spec({"random", "--within", "30s"}));
        ASSERT_TRUE(id);
        const Fault fault = *board.find(*id);
        ASSERT_TRUE(fault.seed);
        EXPECT_EQ(to_json(fault).at("seed").to_number<std::uint64_t>(), *fault.seed);
        seeds.insert(*fault.seed);
        const std::string seed = std::to_string(*fault.seed);
        const auto again = board.add(spec({"random", "--within", "30s", "--seed", seed}));
        EXPECT_EQ(board.find(*again)->spec, fault.spec);
        EXPECT_EQ(board.find(*again)->seed, fault.seed);
    }
    EXPECT_GT(seeds.size(), 1U) << "each is drawn anew";
    const auto chosen = board.add(spec({"region", "us-east-1"}));
    EXPECT_FALSE(to_json(*board.find(*chosen)).contains("seed"));
}

TEST_F(FaultBoardTest, ARegionWithoutInternetStillTalksToTheOthers) {
    const PartyId far_host = world().party_of("127.101.2.11");
    const PartyId far_balancer = world().party_of("127.101.2.10");
    const PartyId checker = world().party_of("127.101.204.3");
    const PartyId api = world().party_of("127.101.201.1");
    const PartyId dns = world().party_of("127.101.202.1");
    ASSERT_TRUE(board.add(spec({"partition", "us-east-1", "internet"})));
    for (const auto& [from, to] :
         {std::pair{shopper, balancer}, {checker, balancer}, {host, api}, {host, dns}, {relay, api}
         }) {
        EXPECT_EQ(board.look(from, to), Treatment::hang) << to_text(from) << " to " << to_text(to);
        EXPECT_EQ(board.look(to, from), Treatment::hang) << to_text(to) << " to " << to_text(from);
    }
    for (const auto& [from, to] :
         {std::pair{host, far_dynamo},
          {far_host, own_dynamo},
          {host, own_dynamo},
          {relay, controller},
          {controller, own_dynamo},
          {controller, api},
          {shopper, far_balancer},
          {checker, far_balancer},
          {shopper, dns}}) {
        EXPECT_EQ(board.look(from, to), Treatment::serve) << to_text(from) << " to " << to_text(to);
    }
    EXPECT_FALSE(board.replication_blocked(kEast, kWest));
}

TEST_F(FaultBoardTest, TheDocumentNamesStateAndTimes) {
    ASSERT_TRUE(board.add(spec({"partition", "us-east-1", "internet", "--for", "1m"})));
    EXPECT_EQ(board.treat(shopper, balancer), Treatment::hang);
    const auto object = to_json(board.faults()[0]);
    EXPECT_EQ(object.at("state").as_string(), "running");
    EXPECT_EQ(object.at("text").as_string(), "partition us-east-1 internet");
    EXPECT_EQ(object.at("touched").to_number<int>(), 1);
    EXPECT_EQ(object.at("for_ms").to_number<int>(), 60000);
}

}  // namespace
}  // namespace farshore::lab
