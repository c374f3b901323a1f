#include <algorithm>

#include "adapters/aws/dynamodb.h"

#include "aws_contract/service_under_test.h"

namespace farshore::contract {
namespace {

using namespace std::chrono_literals;
using aws::Item;
using aws::number_attribute;
using aws::number_of;
using aws::string_attribute;
using aws::string_of;

class DynamoDbContract : public ServiceUnderTest {
  protected:
    void SetUp() override {
        ServiceUnderTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        db_ = std::make_unique<aws::DynamoDb>(*client_);
        table_ = TableName{unique("contract")};
        make(table_, false);
    }

    void TearDown() override {
        if (db_ != nullptr) {
            const auto deleted = run(db_->delete_table(kHome, table_));
            EXPECT_TRUE(deleted || deleted.error().kind == ErrorKind::not_found)
                << deleted.error().text;
        }
    }

    void make(const TableName& name, bool sort_key) {
        aws::TableSpec spec;
        spec.name = name;
        spec.partition = {.name = "id", .type = 'S'};
        if (sort_key) {
            spec.sort = aws::KeyAttribute{.name = "n", .type = 'N'};
        }
        const auto created = run(db_->create_table(kHome, spec));
        ASSERT_TRUE(created) << created.error().text;
        const auto active = run(db_->wait_active(kHome, name, 20s));
        ASSERT_TRUE(active) << active.error().text;
    }

    static Item key(std::string_view id) {
        Item out;
        out.emplace("id", string_attribute(id));
        return out;
    }

    static Item item(std::string_view id, std::int64_t number) {
        Item out = key(id);
        out.emplace("value", number_attribute(number));
        return out;
    }

    Result<std::optional<Item>> put(const Item& what, aws::Expressions expressions = {}) {
        aws::PutItem call{.table = table_, .item = what, .expressions = std::move(expressions)};
        return run(db_->put_item(kHome, std::move(call)));
    }

    Result<std::optional<Item>> get(std::string_view id, bool consistent = true) {
        return run(db_->get_item(kHome, {.table = table_, .key = key(id), .consistent = consistent})
        );
    }

    std::unique_ptr<aws::DynamoDb> db_;
    TableName table_;
};

TEST_F(DynamoDbContract, DescribesATableAsItWasMade) {
    const TableName sorted{unique("contract-sorted")};
    make(sorted, true);
    const auto described = run(db_->describe_table(kHome, sorted));
    ASSERT_TRUE(described) << described.error().text;
    EXPECT_EQ(described->name, sorted);
    EXPECT_EQ(described->status, "ACTIVE");
    ASSERT_EQ(described->key.size(), 2U);
    EXPECT_EQ(described->key[0].name, "id");
    EXPECT_EQ(described->key[0].type, 'S');
    EXPECT_EQ(described->key[1].name, "n");
    EXPECT_EQ(described->key[1].type, 'N');
    EXPECT_TRUE(described->arn.starts_with("arn:aws:dynamodb:us-east-1:")) << described->arn;
    const auto listed = run(db_->list_tables(kHome));
    ASSERT_TRUE(listed) << listed.error().text;
    EXPECT_NE(std::ranges::find(*listed, sorted), listed->end());
    ASSERT_TRUE(run(db_->delete_table(kHome, sorted)));
}

TEST_F(DynamoDbContract, RefusesASecondTableOfTheSameName) {
    aws::TableSpec spec;
    spec.name = table_;
    spec.partition = {.name = "id", .type = 'S'};
    const auto again = run(db_->create_table(kHome, spec));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::conflict);
    EXPECT_EQ(again.error().code, "ResourceInUseException");
}

TEST_F(DynamoDbContract, SaysThatATableIsNotThere) {
    const auto described = run(db_->describe_table(kHome, TableName{"contract-none"}));
    ASSERT_FALSE(described);
    EXPECT_EQ(described.error().kind, ErrorKind::not_found);
    EXPECT_EQ(described.error().code, "ResourceNotFoundException");
    const auto read =
        run(db_->get_item(kHome, {.table = TableName{"contract-none"}, .key = key("x")}));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::not_found);
    EXPECT_EQ(read.error().effect, Effect::none);
}

TEST_F(DynamoDbContract, WritesReadsAndDeletesAnItem) {
    Item written = item("a", 7);
    written.emplace("text", string_attribute("Zażółć \"gęślą\" \\ \n jaźń"));
    boost::json::object map;
    map.emplace("inner", number_attribute(-1));
    boost::json::object nested;
    nested.emplace("M", map);
    written.emplace("map", nested);
    ASSERT_TRUE(put(written));
    const auto read = get("a");
    ASSERT_TRUE(read) << read.error().text;
    ASSERT_TRUE(*read);
    EXPECT_EQ(**read, written);

    aws::DeleteItem erase{
        .table = table_, .key = key("a"), .return_values = aws::ReturnValues::all_old
    };
    const auto deleted = run(db_->delete_item(kHome, erase));
    ASSERT_TRUE(deleted) << deleted.error().text;
    ASSERT_TRUE(*deleted);
    EXPECT_EQ(number_of(**deleted, "value"), 7);
    const auto gone = get("a");
    ASSERT_TRUE(gone);
    EXPECT_FALSE(*gone);
}

TEST_F(DynamoDbContract, HonoursConditions) {
    aws::Expressions absent;
    absent.condition = "attribute_not_exists(#id)";
    absent.names["#id"] = "id";
    ASSERT_TRUE(put(item("a", 1), absent));
    const auto second = put(item("a", 2), absent);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::conflict);
    EXPECT_EQ(second.error().code, "ConditionalCheckFailedException");
    EXPECT_EQ(second.error().effect, Effect::none);
    EXPECT_EQ(number_of(**get("a"), "value"), 1);
}

// The epoch record's own expression: raising is allowed, repeating is harmless, going back is
// refused.
TEST_F(DynamoDbContract, RaisesAnEpochByConditionalUpdate) {
    const auto raise = [&](std::int64_t epoch, std::string_view active) {
        aws::UpdateItem update{
            .table = table_, .key = key("magento"), .return_values = aws::ReturnValues::all_new
        };
        update.expressions.update = "SET epoch = :epoch, active = :active";
        update.expressions.condition =
            "attribute_not_exists(epoch) OR epoch < :epoch OR (epoch = :epoch AND active = "
            ":active)";
        update.expressions.values.emplace(":epoch", number_attribute(epoch));
        update.expressions.values.emplace(":active", string_attribute(active));
        return run(db_->update_item(kHome, std::move(update), {.idempotent = true}));
    };
    const auto first = raise(7, "us-east-1");
    ASSERT_TRUE(first) << first.error().text;
    EXPECT_EQ(number_of(**first, "epoch"), 7);
    EXPECT_TRUE(raise(7, "us-east-1"));
    EXPECT_EQ(raise(7, "eu-west-1").error().code, "ConditionalCheckFailedException");
    EXPECT_TRUE(raise(8, "eu-west-1"));
    EXPECT_EQ(raise(7, "us-east-1").error().code, "ConditionalCheckFailedException");
    const auto read = get("magento");
    ASSERT_TRUE(read);
    EXPECT_EQ(string_of(**read, "active"), "eu-west-1");
    EXPECT_EQ(number_of(**read, "epoch"), 8);
}

TEST_F(DynamoDbContract, ReturnsTheValuesAskedFor) {
    ASSERT_TRUE(put(item("a", 1)));
    const auto update = [&](aws::ReturnValues wanted) {
        aws::UpdateItem call{.table = table_, .key = key("a"), .return_values = wanted};
        call.expressions.update = "SET #v = #v + :one";
        call.expressions.names["#v"] = "value";
        call.expressions.values.emplace(":one", number_attribute(1));
        return run(db_->update_item(kHome, std::move(call)));
    };
    EXPECT_FALSE(*update(aws::ReturnValues::none));
    const auto old_value = update(aws::ReturnValues::updated_old);
    ASSERT_TRUE(old_value && *old_value);
    EXPECT_EQ(number_of(**old_value, "value"), 2);
    EXPECT_FALSE((*old_value)->contains("id"));
    const auto new_item = update(aws::ReturnValues::all_new);
    ASSERT_TRUE(new_item && *new_item);
    EXPECT_EQ(number_of(**new_item, "value"), 4);
    EXPECT_EQ(string_of(**new_item, "id"), "a");
}

TEST_F(DynamoDbContract, RefusesWhatIsMalformed) {
    Item no_key;
    no_key.emplace("value", number_attribute(1));
    const auto refused = put(no_key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::malformed);
    EXPECT_EQ(refused.error().code, "ValidationException");
}

TEST_F(DynamoDbContract, WritesAndReadsMoreThanOneBatch) {
    aws::TableWrites writes{.table = table_};
    aws::TableKeys keys{.table = table_, .consistent = true};
    for (int i = 0; i < 130; ++i) {
        const std::string id = "k" + std::to_string(i);
        writes.puts.push_back(item(id, i));
        keys.keys.push_back(key(id));
    }
    keys.keys.push_back(key("absent"));
    const Status written = run(db_->batch_write_item(kHome, {writes}));
    ASSERT_TRUE(written) << written.error().text;
    const auto read = run(db_->batch_get_item(kHome, {keys}));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->found.at(table_).size(), 130U);

    aws::TableWrites erase{.table = table_};
    erase.delete_keys.push_back(key("k0"));
    ASSERT_TRUE(run(db_->batch_write_item(kHome, {erase})));
    EXPECT_FALSE(*get("k0"));
}

TEST_F(DynamoDbContract, QueriesAndScansPageByPage) {
    const TableName sorted{unique("contract-query")};
    make(sorted, true);
    aws::TableWrites writes{.table = sorted};
    for (int i = 0; i < 10; ++i) {
        Item one = key("p");
        one.emplace("n", number_attribute(i));
        writes.puts.push_back(std::move(one));
    }
    ASSERT_TRUE(run(db_->batch_write_item(kHome, {writes})));

    aws::Query query{.table = sorted, .forward = false, .limit = 4};
    query.expressions.key_condition = "id = :id AND n >= :n";
    query.expressions.values.emplace(":id", string_attribute("p"));
    query.expressions.values.emplace(":n", number_attribute(2));
    std::vector<std::int64_t> seen;
    for (int page = 0; page < 5; ++page) {
        const auto answer = run(db_->query(kHome, query));
        ASSERT_TRUE(answer) << answer.error().text;
        for (const Item& one : answer->items) {
            seen.push_back(*number_of(one, "n"));
        }
        query.start_after = answer->last_key;
        if (!answer->last_key) {
            break;
        }
    }
    EXPECT_EQ(seen, (std::vector<std::int64_t>{9, 8, 7, 6, 5, 4, 3, 2}));

    aws::Scan scan{.table = sorted, .consistent = true};
    scan.expressions.filter = "n < :three";
    scan.expressions.values.emplace(":three", number_attribute(3));
    const auto scanned = run(db_->scan(kHome, scan));
    ASSERT_TRUE(scanned) << scanned.error().text;
    EXPECT_EQ(scanned->items.size(), 3U);
    EXPECT_EQ(scanned->scanned, 10);
    ASSERT_TRUE(run(db_->delete_table(kHome, sorted)));
}

TEST_F(DynamoDbContract, KeepsRegionsApart) {
    const auto there = run(db_->describe_table(kOther, table_));
    ASSERT_FALSE(there);
    EXPECT_EQ(there.error().kind, ErrorKind::not_found);
}

TEST_F(DynamoDbContract, AnswersOnAFreshConnection) {
    ASSERT_TRUE(put(item("a", 1)));
    for (int i = 0; i < 2; ++i) {
        aws::CallOptions options{.attempts_max = 1, .fresh_connection = true};
        const auto read = run(db_->get_item(kHome, {.table = table_, .key = key("a")}, options));
        EXPECT_TRUE(read) << read.error().text;
    }
}

TEST_F(DynamoDbContract, RefusesAWrongSignature) {
    if (lacks("signatures")) {
        GTEST_SKIP() << "the service verifies no signatures";
    }
    aws::AwsClient::Options options = service_options();
    options.fixed_credentials =
        sigv4::Credentials{.access_key_id = "AKIANOBODY", .secret_access_key = "x"};
    const auto stranger = aws::AwsClient::create(io_, clock_, std::move(options));
    aws::DynamoDb db(*stranger);
    const auto refused = run(db.list_tables(kHome));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_EQ(refused.error().code, "UnrecognizedClientException");
}

TEST_F(DynamoDbContract, MakesAGlobalTableThatReplicates) {
    if (lacks("global_tables")) {
        GTEST_SKIP() << "the service accepts ReplicaUpdates and ignores them";
    }
    ASSERT_TRUE(put(item("before", 1)));
    const auto global = run(db_->make_table_global(kHome, table_, {kOther}, 20s));
    ASSERT_TRUE(global) << global.error().text;
    // A second time there is nothing left to do.
    EXPECT_TRUE(run(db_->make_table_global(kHome, table_, {kOther}, 20s)));
    ASSERT_TRUE(put(item("after", 2)));
    const Instant deadline = clock_.now() + 10s;
    for (const std::string_view id : {"before", "after"}) {
        bool arrived = false;
        while (!arrived && clock_.now() < deadline) {
            const auto read = run(db_->get_item(kOther, {.table = table_, .key = key(id)}));
            ASSERT_TRUE(read) << read.error().text;
            arrived = read->has_value();
        }
        EXPECT_TRUE(arrived) << id << " was not replicated within 10 s";
    }
    const auto removed = run(db_->remove_replica(kHome, table_, kOther));
    EXPECT_TRUE(removed) << removed.error().text;
    EXPECT_TRUE(run(db_->wait_active(kHome, table_, 20s)));
}

}  // namespace
}  // namespace farshore::contract
