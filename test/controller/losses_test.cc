#include "controller/controller_world.h"

#include "dataplane/item_digest.h"

// What a controller finds out of writes at risk, what it cannot, and who decides then.
namespace farshore::controller::testing {
namespace {

const TableName kOnlyEast{"lease_table"};

class LossesTest : public ControllerTest {
  protected:
    static wire::LedgerEntry a_write(const TableName& table, const std::string& id) {
        return {
            .table = table,
            .key = R"({"id":{"S":")" + id + R"("}})",
            .op = "PutItem",
            .at = utc_from_ms(1'790'000'000'000),
            .epoch = Epoch{1},
            .hash = std::string(64, 'a'),
            .acknowledged = true
        };
    }

    // A failover of both Regions' hosts, with one write to a table that the target does not have,
    // beside twenty to one that it has. The operation's id.
    std::string fail_over() {
        EXPECT_TRUE(dynamo->make_table(kOnlyEast, "id", {kEast}).has_value());
        launch();
        FakeAgent& east = agent("use1-web-1", kEast);
        agent("euw1-web-1", kWest);
        EXPECT_TRUE(wait_for_plan("failover"));
        east.writes.push_back(a_write(kOnlyEast, "lease-of-alice"));
        for (int i = 0; i < 20; ++i) {
            east.writes.push_back(a_write(kTable, "cart-" + std::to_string(i)));
        }
        return begin_failover();
    }

    // Until it has ended. The operation's id.
    std::string begin_failover() {
        const net::HttpReply started = post(
            "/v1/apps/magento/failover",
            R"({"to":"eu-west-1","reason":"test","confirm":"magento","accept_loss_ms":60000})"
        );
        EXPECT_EQ(started.status, 202) << started.body;
        const std::string id{json::parse(started.body).at("id").as_string()};
        (void)wait_for_end(id);
        return id;
    }

    json::object counts(const std::string& id) {
        return document("/v1/operations/" + id + "/losses").at("counts").as_object();
    }

    std::int64_t never_arrived(const std::string& id) {
        return counts(id).at("never_arrived").to_number<std::int64_t>();
    }

    std::string fate_of(const std::string& id, const TableName& table) {
        const net::HttpReply reply = get("/v1/operations/" + id + "/losses", "operator");
        for (const json::value& entry : json::parse(reply.body).at("entries").as_array()) {
            if (entry.at("table").as_string() == table.value()) {
                return std::string{entry.at("fate").as_string()} + ": " +
                       std::string{entry.at("reason").as_string()};
            }
        }
        return "not in the book";
    }

    std::string fate_of(const std::string& id, const std::string& key) {
        const net::HttpReply reply = get("/v1/operations/" + id + "/losses", "operator");
        for (const json::value& entry : json::parse(reply.body).at("entries").as_array()) {
            if (entry.at("key").at("id").at("S").as_string() == key) {
                return std::string{entry.at("fate").as_string()};
            }
        }
        return "not in the book";
    }
};

TEST_F(LossesTest, ATableThatIsMissingSpoilsNoOther) {
    losses.unreadable_after = 1h;
    const std::string id = fail_over();
    EXPECT_TRUE(world.run_until([&] { return never_arrived(id) == 20; }))
        << json::serialize(counts(id));
    EXPECT_FALSE(document("/v1/operations/" + id + "/losses").at("settled").as_bool());
    EXPECT_NE(
        json::serialize(document("/v1/operations/" + id))
            .find("table lease_table could not be read"),
        std::string::npos
    ) << "the journal names it";
}

TEST_F(LossesTest, ATableThatIsMissingGetsItsFateInTime) {
    losses.unreadable_after = 2s;
    const std::string id = fail_over();
    ASSERT_TRUE(world.run_until([&] {
        return document("/v1/operations/" + id + "/losses").at("settled").as_bool();
    }));
    const std::string fate = fate_of(id, kOnlyEast);
    EXPECT_TRUE(fate.starts_with("unknown: table lease_table could not be read in eu-west-1"))
        << fate;
    EXPECT_TRUE(wait_for_plan("failback")) << "nothing stands in its way any more";
}

// Of unknown outcome, noted from the request alone: the service would have refused it.
TEST_F(LossesTest, AKeyThatNoTableCanHaveSpoilsNoOtherAndHasNeverArrived) {
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("failover"));
    for (int i = 0; i < 20; ++i) {
        east.writes.push_back(a_write(kTable, "cart-" + std::to_string(i)));
    }
    east.writes.push_back(a_write(kTable, ""));
    east.writes.back().acknowledged = false;
    east.writes.push_back(a_write(kTable, "x"));
    east.writes.back().acknowledged = false;
    east.writes.back().key = R"({"name":{"S":"x"}})";
    const std::string id = begin_failover();
    ASSERT_TRUE(world.run_until([&] {
        return document("/v1/operations/" + id + "/losses").at("settled").as_bool();
    })) << json::serialize(counts(id));
    EXPECT_EQ(never_arrived(id), 20);
    const std::string book = get("/v1/operations/" + id + "/losses", "operator").body;
    EXPECT_NE(book.find("each Region refuses a key like this"), std::string::npos) << book;
    const std::string journal = json::serialize(document("/v1/operations/" + id));
    EXPECT_NE(journal.find("2 keys refused"), std::string::npos) << journal;
    EXPECT_EQ(journal.find("could not be read"), std::string::npos) << journal;
}

TEST_F(LossesTest, AnOperatorDecidesWhatNobodyCanFindOut) {
    const std::string id = fail_over();
    const std::string settle = "/v1/operations/" + id + "/losses/settle";
    ASSERT_TRUE(world.run_until([&] { return never_arrived(id) == 20; }));
    const std::string wanted =
        R"({"table":"lease_table","key":{"id":{"S":"lease-of-alice"}},"fate":"never_arrived",)"
        R"("reason":"INC-812","confirm":")" +
        id + R"("})";
    EXPECT_EQ(post(settle, wanted, "viewer").status, 403);
    EXPECT_EQ(
        post(settle, R"({"all_open":true,"fate":"at_risk","reason":"x","confirm":")" + id + R"("})")
            .status,
        400
    );
    EXPECT_EQ(post(settle, R"({"all_open":true,"fate":"unknown","reason":"x"})").status, 400)
        << "without its confirmation";
    const net::HttpReply settled = post(settle, wanted);
    EXPECT_EQ(settled.status, 200) << settled.body;
    EXPECT_EQ(fate_of(id, kOnlyEast), "never_arrived: operator:operator: INC-812");
    EXPECT_EQ(never_arrived(id), 21);
    EXPECT_TRUE(document("/v1/operations/" + id + "/losses").at("settled").as_bool());
    EXPECT_EQ(post(settle, wanted).status, 409) << "it has a fate now";
    const std::string audit = get("/v1/audit").body;
    EXPECT_NE(audit.find("INC-812"), std::string::npos) << audit;
    EXPECT_EQ(audit.find("alice"), std::string::npos) << "viewers read the audit too";
    EXPECT_TRUE(wait_for_plan("failback"));
    retire_agents();
    halt();
    launch();
    ASSERT_TRUE(world.run_until([&] { return get("/v1/status").status == 200; }));
    EXPECT_EQ(fate_of(id, kOnlyEast), "never_arrived: operator:operator: INC-812");
}

TEST_F(LossesTest, WhoMayOnlyLookSeesNoKeys) {
    const std::string id = fail_over();
    const std::string path = "/v1/operations/" + id + "/losses";
    const std::string hidden = get(path, "viewer").body;
    EXPECT_EQ(hidden.find("alice"), std::string::npos) << hidden;
    EXPECT_EQ(hidden.find(std::string(64, 'a')), std::string::npos) << "digests are made of keys";
    EXPECT_EQ(get(path, "viewer").body, hidden) << "the same key has the same hash";
    EXPECT_NE(get(path, "operator").body.find("lease-of-alice"), std::string::npos);
    const json::object page =
        json::parse(get(path + "?limit=1&after=20", "viewer").body).as_object();
    EXPECT_EQ(page.at("entries").as_array().size(), 1U);
    EXPECT_TRUE(page.at("next").is_null());
    EXPECT_EQ(get(path + "?limit=x", "viewer").status, 400);
}

// Two hosts wrote the same two keys: web-2 under what web-1 wrote, and web-2 on top of it. web-1
// has seen its writes in the standby, and web-2 can see none of its own there.
TEST_F(LossesTest, AWriteThatLiesUnderAnotherHostsIsPresent) {
    launch();
    FakeAgent& web1 = agent("use1-web-1", kEast);
    FakeAgent& web2 = agent("use1-web-2", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("failover"));
    const auto written = [](const std::string& id, int after_ms, char digest) {
        wire::LedgerEntry entry = a_write(kTable, id);
        entry.at += std::chrono::milliseconds{after_ms};
        entry.hash = std::string(64, digest);
        return entry;
    };
    for (const std::string id : {"under", "on-top"}) {
        const json::object item{{"id", {{"S", id}}}, {"list", {{"L", json::array{}}}}};
        const std::string body =
            R"({"TableName":")" + kTable.value() + R"(","Item":)" + json::serialize(item) + "}";
        const std::function<net::Task<net::HttpReply>()> start = [=, this] {
            return dynamodb(kWest, "PutItem", body);
        };
        static_cast<void>(world.wait_for<net::HttpReply>(start));
        web1.proven.push_back(written(id, 17, 'b'));
        web1.proven.back().hash = dataplane::item_digest(item).value_or("");
    }
    web1.proven.push_back(written("of-web-1-alone", 17, 'c'));
    web2.writes = {written("under", 0, 'd'), written("on-top", 34, 'e')};
    const std::string id = begin_failover();
    ASSERT_TRUE(world.run_until([&] {
        return document("/v1/operations/" + id + "/losses").at("settled").as_bool();
    })) << json::serialize(counts(id));
    EXPECT_EQ(fate_of(id, "under"), "present");
    EXPECT_EQ(fate_of(id, "on-top"), "never_arrived");
    EXPECT_EQ(fate_of(id, "of-web-1-alone"), "not in the book");
    EXPECT_EQ(counts(id).at("present").to_number<int>(), 1);
    EXPECT_EQ(counts(id).at("at_risk").to_number<int>(), 1);
    EXPECT_TRUE(json::serialize(document("/v1/operations/" + id)).contains("2 of 2 keys read"));
}

// A drain that left out the writes of a table that cannot be read has not proven them.
TEST_F(LossesTest, AWriteThatADrainLeftOutIsNotCalledPresent) {
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"));
    east.writes.push_back(a_write(kTable, "drained"));
    east.writes.push_back(a_write(kOnlyEast, "left-out"));
    east.writes.back().left_out = true;
    const net::HttpReply started = post("/v1/apps/magento/switchover", R"({"to":"eu-west-1"})");
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string id{json::parse(started.body).at("id").as_string()};
    EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
    ASSERT_TRUE(world.run_until([&] { return fate_of(id, kTable).starts_with("present"); }))
        << fate_of(id, kTable);
    const std::string left_out = fate_of(id, kOnlyEast);
    EXPECT_TRUE(left_out.starts_with("at_risk") || left_out.starts_with("unknown")) << left_out;
}

}  // namespace
}  // namespace farshore::controller::testing
