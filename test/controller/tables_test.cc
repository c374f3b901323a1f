#include "controller/controller_world.h"

// Tables that the configuration names are looked up, and what is wrong with them is said.
namespace farshore::controller::testing {
namespace {

class TablesTest : public ControllerTest {
  protected:
    std::string refusal_of(const std::string& verb) {
        const net::HttpReply reply = post("/v1/apps/magento/plan", R"({"verb":")" + verb + R"("})");
        for (const json::value& guard : json::parse(reply.body).at("guards").as_array()) {
            if (guard.at("guard") == "tables_alike") {
                return std::string{guard.at("text").as_string()};
            }
        }
        return "not asked";
    }
};

TEST_F(TablesTest, ANameThatStandsInTheConfigurationAloneHoldsSwitchoversBackAndIsNamed) {
    tables.emplace_back("NoSuchTable");
    launch();
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(world.run_until([&] {
        return !document("/v1/status").at("tables").as_array().empty();
    }));
    const json::object status = document("/v1/status");
    EXPECT_EQ(misfit(status, schema_of("status.schema.json")), "");
    const std::string ready = json::serialize(status.at("readiness"));
    EXPECT_NE(ready.find("table NoSuchTable does not exist in us-east-1"), std::string::npos)
        << ready;
    EXPECT_EQ(status.at("tables").at(0).at("fault"), "missing");
    EXPECT_TRUE(wait_for_plan("failover")) << "the other tables' users do not wait";
    EXPECT_NE(refusal_of("switchover").find("NoSuchTable"), std::string::npos);
    const net::HttpReply refused = post("/v1/apps/magento/switchover", R"({"to":"eu-west-1"})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(refused.body.find("NoSuchTable"), std::string::npos) << refused.body;
    EXPECT_NE(
        get("/metrics")
            .body.find(
                R"(farshore_table_fault{app="magento",table="NoSuchTable",region="eu-west-1",fault="missing"} 1)"
            ),
        std::string::npos
    );
    // An operator makes it.
    inside([&] {
        EXPECT_TRUE(dynamo->make_table(TableName{"NoSuchTable"}, "id", {kEast, kWest}).has_value());
    });
    EXPECT_TRUE(
        world.run_until([&] { return document("/v1/status").at("tables").as_array().empty(); }, 15s)
    );
    EXPECT_TRUE(wait_for_plan("switchover"));
}

TEST_F(TablesTest, TablesOfOneNameAndTwoKeysAreOtherTables) {
    const TableName unlike{"carts"};
    EXPECT_TRUE(dynamo->make_table(unlike, "pk", {kEast}).has_value());
    EXPECT_TRUE(dynamo->make_table(unlike, "id", {kWest}).has_value());
    tables.push_back(unlike);
    launch();
    ASSERT_TRUE(world.run_until([&] {
        return !document("/v1/status").at("tables").as_array().empty();
    }));
    const std::string text = refusal_of("switchover");
    EXPECT_NE(
        text.find("table carts has the key (pk S) in us-east-1 and (id S) in eu-west-1"),
        std::string::npos
    ) << text;
}

}  // namespace
}  // namespace farshore::controller::testing
