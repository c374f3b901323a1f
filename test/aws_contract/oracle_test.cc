#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "adapters/aws/dynamodb.h"
#include "adapters/aws/route53.h"

#include "aws_model/encode.h"
#include "sigv4/signer.h"

// The C++ half of test_oracles.py: botocore's signatures are recomputed here, and our request
// bodies are written out for botocore's service models to judge.
namespace farshore::contract {
namespace {

namespace json = boost::json;

std::string text(const json::object& from, std::string_view name) {
    return std::string{from.at(name).as_string()};
}

TEST(Oracle, BotocoreSignsAsWeDo) {
    const char* file = std::getenv("FARSHORE_SIGV4_CASES");
    if (file == nullptr) {
        GTEST_SKIP() << "FARSHORE_SIGV4_CASES is not set; run pytest test/aws_contract";
    }
    std::ifstream in(file, std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    const json::value cases = json::parse(content.str());
    sigv4::Signer signer;
    for (const json::value& element : cases.as_array()) {
        const json::object& one = element.as_object();
        std::vector<sigv4::Header> headers;
        for (const json::value& header : one.at("headers").as_array()) {
            headers.push_back(
                {std::string{header.at(0).as_string()}, std::string{header.at(1).as_string()}}
            );
        }
        const std::string method = text(one, "method");
        const std::string path = text(one, "path");
        const std::string query = text(one, "query");
        const std::string hash = sigv4::sha256_hex(text(one, "body"));
        const sigv4::Request request{
            .method = method, .path = path, .query = query, .headers = headers, .payload_hash = hash
        };
        const sigv4::Credentials keys{
            .access_key_id = text(one, "access_key"),
            .secret_access_key = text(one, "secret_key"),
            .session_token = text(one, "token")
        };
        const sigv4::Scope scope{.region = text(one, "region"), .service = text(one, "service")};
        EXPECT_EQ(signer.authorization(request, keys, scope), text(one, "authorization"))
            << json::serialize(one) << "\n"
            << sigv4::canonical_request(request);
    }
    RecordProperty("cases", static_cast<int>(cases.as_array().size()));
    EXPECT_GE(cases.as_array().size(), 100U);
}

class RequestDump : public testing::Test {
  protected:
    void SetUp() override {
        const char* directory = std::getenv("FARSHORE_REQUEST_DUMP");
        if (directory == nullptr) {
            GTEST_SKIP() << "FARSHORE_REQUEST_DUMP is not set; run pytest test/aws_contract";
        }
        directory_ = directory;
    }

    // The body of the request that asks `call` ("dynamodb.GetItem") with these members.
    void write(const std::string& call, const json::object& input) {
        const aws_model::Model& model = aws_model::model();
        const auto dot = call.find('.');
        const aws_model::Service& service = *model.find_service(call.substr(0, dot));
        const Result<aws_model::Request> request = aws_model::encode(
            model, service, *model.find_operation(service, call.substr(dot + 1)), input, "token"
        );
        ASSERT_TRUE(request) << call << ": " << request.error().text;
        ++count_;
        std::ofstream out(directory_ / (call + "." + std::to_string(count_)), std::ios::binary);
        out << request->body;
        ASSERT_TRUE(out.good());
    }

    std::filesystem::path directory_;
    int count_ = 0;
};

aws::Item key() {
    aws::Item out;
    out.emplace("id", aws::string_attribute("a"));
    return out;
}

TEST_F(RequestDump, DynamoDb) {
    const TableName table{"MyMagentoSessionsTable"};
    aws::TableSpec spec;
    spec.name = table;
    spec.partition = {.name = "id", .type = 'S'};
    write("dynamodb.CreateTable", aws::dynamodb_members::create_table(spec));
    spec.sort = aws::KeyAttribute{.name = "n", .type = 'N'};
    spec.stream = true;
    write("dynamodb.CreateTable", aws::dynamodb_members::create_table(spec));
    write("dynamodb.DescribeTable", aws::dynamodb_members::table_only(table));
    write("dynamodb.DeleteTable", aws::dynamodb_members::table_only(table));
    write(
        "dynamodb.UpdateTable",
        aws::dynamodb_members::replica_update(table, "Create", RegionId{"eu-west-1"})
    );
    write(
        "dynamodb.UpdateTable",
        aws::dynamodb_members::replica_update(table, "Delete", RegionId{"eu-west-1"})
    );
    write("dynamodb.UpdateTable", aws::dynamodb_members::enable_stream(table));
    write("dynamodb.ListTables", {});
    write("dynamodb.ListTables", {{"ExclusiveStartTableName", "previous"}});

    aws::Expressions expressions;
    expressions.names["#v"] = "value";
    expressions.projection = "#v";
    write("dynamodb.GetItem", aws::dynamodb_members::get_item({table, key(), true, expressions}));
    expressions.projection.clear();
    expressions.condition = "#v = :v";
    expressions.values.emplace(":v", aws::number_attribute(1));
    for (const auto wanted : {aws::ReturnValues::none, aws::ReturnValues::all_old}) {
        write(
            "dynamodb.PutItem", aws::dynamodb_members::put_item({table, key(), expressions, wanted})
        );
        write(
            "dynamodb.DeleteItem",
            aws::dynamodb_members::delete_item({table, key(), expressions, wanted})
        );
    }
    expressions.update = "SET #v = :v";
    using enum aws::ReturnValues;
    for (const auto wanted : {none, all_old, updated_old, all_new, updated_new}) {
        write(
            "dynamodb.UpdateItem",
            aws::dynamodb_members::update_item({table, key(), expressions, wanted})
        );
    }
    write(
        "dynamodb.BatchGetItem",
        {{"RequestItems", aws::dynamodb_members::batch_get_requests({{table, {key()}, true}})}}
    );
    write(
        "dynamodb.BatchWriteItem",
        {{"RequestItems", aws::dynamodb_members::batch_write_requests({{table, {key()}, {key()}}})}}
    );

    aws::Query query{
        .table = table, .index = "by_n", .consistent = true, .forward = false, .limit = 3
    };
    query.start_after = key();
    query.expressions.key_condition = "id = :v";
    query.expressions.filter = "#v > :v";
    query.expressions.values = expressions.values;
    query.expressions.names = expressions.names;
    write("dynamodb.Query", aws::dynamodb_members::query(query));
    aws::Scan scan{
        .table = table,
        .consistent = true,
        .limit = 3,
        .start_after = key(),
        .segment = 1,
        .segments = 2
    };
    write("dynamodb.Scan", aws::dynamodb_members::scan(scan));
}

TEST_F(RequestDump, Route53) {
    using aws::HealthCheckType;
    write("route53.CreateHostedZone", {{"Name", "example.com"}, {"CallerReference", "reference"}});
    aws::RecordSet record;
    record.name = "magento.example.com";
    record.set_identifier = "us-east-1";
    record.failover = aws::FailoverRole::primary;
    record.values = {"192.0.2.1"};
    record.health_check = "abc";
    aws::RecordSet alias;
    alias.name = "www.example.com";
    alias.alias = aws::AliasTarget{.zone = "Z1", .name = "lb.example.com", .evaluate_health = true};
    write(
        "route53.ChangeResourceRecordSets",
        aws::route53_members::change_record_sets(
            "Z1",
            {{aws::ChangeAction::create, record},
             {aws::ChangeAction::upsert, alias},
             {aws::ChangeAction::erase, record}},
            "<why> & \"how\""
        )
    );
    for (const auto type :
         {HealthCheckType::http, HealthCheckType::https_str_match, HealthCheckType::tcp}) {
        aws::HealthCheckConfig config;
        config.type = type;
        config.ip_address = "192.0.2.1";
        config.port = 443;
        config.path = "/healthz";
        config.domain_name = "magento.example.com";
        config.search_string = type == HealthCheckType::https_str_match ? "ok" : "";
        config.measure_latency = true;
        config.sni = true;
        config.regions = {"us-east-1", "eu-west-1", "ap-southeast-1"};
        write(
            "route53.CreateHealthCheck",
            aws::route53_members::create_health_check(config, "reference")
        );
    }
    aws::HealthCheckConfig calculated;
    calculated.type = HealthCheckType::calculated;
    calculated.inverted = true;
    calculated.threshold = 1;
    calculated.children = {"a", "b"};
    write(
        "route53.CreateHealthCheck",
        aws::route53_members::create_health_check(calculated, "reference")
    );

    aws::HealthCheckUpdate update;
    update.ip_address = "192.0.2.2";
    update.port = 80;
    update.path = "/";
    update.domain_name = "example.com";
    update.search_string = "ok";
    update.failure_threshold = 3;
    update.inverted = false;
    update.disabled = true;
    update.threshold = 1;
    update.children = std::vector<std::string>{"a"};
    update.expected_version = 4;
    write("route53.UpdateHealthCheck", aws::route53_members::update_health_check("abc", update));
    write(
        "route53.UpdateHealthCheck",
        aws::route53_members::update_health_check("abc", {.disabled = true})
    );
}

}  // namespace
}  // namespace farshore::contract
