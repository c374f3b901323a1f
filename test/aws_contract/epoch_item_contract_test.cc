#include "adapters/aws/dynamodb.h"
#include "adapters/aws/epoch_item.h"

#include "aws_contract/service_under_test.h"

// The condition with which a copy is written is said twice: to DynamoDB, and by core::may_replace,
// which the simulation plays. They are one rule (INV-S9).
namespace farshore::contract {
namespace {

using namespace std::chrono_literals;

const AppId kApp{"shop"};

core::EpochItem item(std::uint64_t epoch, const RegionId& active) {
    return {.epoch = Epoch{epoch}, .active = active, .terms = {.lease = 3s}, .register_id = "ours"};
}

class EpochItemContract : public ServiceUnderTest {
  protected:
    void SetUp() override {
        ServiceUnderTest::SetUp();
        if (HasFatalFailure()) {
            return;
        }
        db_ = std::make_unique<aws::DynamoDb>(*client_);
        const aws::TableSpec spec{.name = table_, .partition = {.name = "app", .type = 'S'}};
        const auto created = run(db_->create_table(kHome, spec));
        ASSERT_TRUE(created) << created.error().text;
        const auto active = run(db_->wait_active(kHome, table_, 20s));
        ASSERT_TRUE(active) << active.error().text;
    }

    void TearDown() override {
        if (db_ != nullptr) {
            static_cast<void>(run(db_->delete_table(kHome, table_)));
        }
    }

    // Also a copy that no condition lets go.
    void erase() {
        aws::DeleteItem erase{.table = table_};
        erase.key["app"] = aws::string_attribute(kApp.value());
        ASSERT_TRUE(run(db_->delete_item(kHome, erase)));
    }

    Result<std::optional<aws::Item>> write(const core::EpochItem& written) {
        return run(db_->update_item(
            kHome,
            aws::write_of_epoch_item(table_, kApp, written, {.by = "c1", .at = utc_from_ms(0)})
        ));
    }

    TableName table_{unique("contract-epochs")};
    std::unique_ptr<aws::DynamoDb> db_;
};

TEST_F(EpochItemContract, ACopyIsReplacedAsTheCoreSays) {
    const core::EpochItem eight = item(8, kOther);
    const std::uint64_t furthest = core::furthest_beside(Epoch{8}).value();
    int replaced = 0;
    int kept = 0;
    for (const core::EpochItem& before :
         {item(7, kHome),
          item(7, kOther),
          item(8, kHome),
          item(8, kOther),
          item(9, kHome),
          item(furthest, kHome),
          item(furthest + 1, kHome),
          item(kEpochMax.value(), kHome)}) {
        erase();
        ASSERT_TRUE(write(before)) << before.epoch.value();
        const auto written = write(eight);
        EXPECT_EQ(written.has_value(), core::may_replace(before, eight)) << before.epoch.value();
        if (written) {
            // What the copy said until then is not compared: moto leaves out of UPDATED_OLD what
            // keeps its value.
            ++replaced;
        } else {
            ++kept;
            EXPECT_EQ(written.error().kind, ErrorKind::conflict);
        }
    }
    EXPECT_EQ(replaced, 5);
    EXPECT_EQ(kept, 3);
    erase();
    EXPECT_TRUE(core::may_replace(core::EpochItem{}, eight));
    EXPECT_TRUE(write(eight)) << "there was none";
}

}  // namespace
}  // namespace farshore::contract
