#include <algorithm>

#include "adapters/aws/route53.h"

#include "aws_contract/service_under_test.h"

namespace farshore::contract {
namespace {

using aws::ChangeAction;
using aws::FailoverRole;
using aws::HealthCheckConfig;
using aws::HealthCheckType;
using aws::RecordSet;

class Route53Contract : public ServiceUnderTest {
  protected:
    void SetUp() override {
        ServiceUnderTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        r53_ = std::make_unique<aws::Route53>(*client_);
    }

    void TearDown() override {
        for (const std::string& id : checks_) {
            const Status deleted = run(r53_->delete_health_check(id));
            EXPECT_TRUE(deleted) << deleted.error().text;
        }
    }

    std::string make_zone(const std::string& name) {
        const auto zone = run(r53_->create_hosted_zone(name, unique("zone")));
        EXPECT_TRUE(zone) << zone.error().text;
        return zone ? zone->id : "";
    }

    std::string make_check(HealthCheckConfig config) {
        const auto check = run(r53_->create_health_check(std::move(config), unique("check")));
        EXPECT_TRUE(check) << check.error().text;
        if (!check) {
            return "";
        }
        checks_.insert(checks_.begin(), check->id);
        return check->id;
    }

    static HealthCheckConfig endpoint() {
        HealthCheckConfig config;
        config.type = HealthCheckType::http;
        config.ip_address = "192.0.2.44";
        config.port = 80;
        config.path = "/healthz?a=1&b=2";
        config.interval = 10;
        config.failure_threshold = 2;
        return config;
    }

    static RecordSet failover(
        const std::string& name, FailoverRole role, const std::string& check
    ) {
        RecordSet record;
        record.name = name;
        record.set_identifier = role == FailoverRole::primary ? "us-east-1" : "eu-west-1";
        record.failover = role;
        record.ttl = 5;
        record.values = {role == FailoverRole::primary ? "192.0.2.1" : "192.0.2.2"};
        record.health_check = check;
        return record;
    }

    std::unique_ptr<aws::Route53> r53_;
    std::vector<std::string> checks_;
};

TEST_F(Route53Contract, MakesListsAndDeletesAZone) {
    const std::string name = unique("zone") + ".example.com";
    const std::string zone = make_zone(name);
    const auto listed = run(r53_->list_hosted_zones());
    ASSERT_TRUE(listed) << listed.error().text;
    const auto found = std::ranges::find(*listed, zone, &aws::HostedZone::id);
    ASSERT_NE(found, listed->end());
    EXPECT_EQ(found->name, name);
    const Status deleted = run(r53_->delete_hosted_zone(zone));
    EXPECT_TRUE(deleted) << deleted.error().text;
    const auto records = run(r53_->list_record_sets(zone));
    ASSERT_FALSE(records);
    EXPECT_EQ(records.error().kind, ErrorKind::not_found);
    EXPECT_EQ(records.error().code, "NoSuchHostedZone");
}

TEST_F(Route53Contract, KeepsFailoverRecords) {
    const std::string name = unique("failover") + ".example.com";
    const std::string zone = make_zone(name);
    const std::string record = "magento." + name;
    const RecordSet primary = failover(record, FailoverRole::primary, make_check(endpoint()));
    const RecordSet secondary = failover(record, FailoverRole::secondary, make_check(endpoint()));
    const auto changed = run(r53_->change_record_sets(
        zone, {{ChangeAction::create, primary}, {ChangeAction::create, secondary}}, "contract <&>"
    ));
    ASSERT_TRUE(changed) << changed.error().text;
    const auto state = run(r53_->get_change(changed->id));
    EXPECT_TRUE(state) << state.error().text;

    const auto listed = run(r53_->list_record_sets(zone));
    ASSERT_TRUE(listed) << listed.error().text;
    EXPECT_NE(std::ranges::find(*listed, primary), listed->end());
    EXPECT_NE(std::ranges::find(*listed, secondary), listed->end());

    RecordSet slower = primary;
    slower.ttl = 60;
    ASSERT_TRUE(run(r53_->change_record_sets(zone, {{ChangeAction::upsert, slower}}, "")));
    const auto again = run(r53_->list_record_sets(zone));
    ASSERT_TRUE(again);
    EXPECT_NE(std::ranges::find(*again, slower), again->end());
    EXPECT_EQ(std::ranges::find(*again, primary), again->end());

    const auto erased = run(r53_->change_record_sets(
        zone, {{ChangeAction::erase, slower}, {ChangeAction::erase, secondary}}, ""
    ));
    EXPECT_TRUE(erased) << erased.error().text;
    EXPECT_TRUE(run(r53_->delete_hosted_zone(zone)));
}

TEST_F(Route53Contract, RefusesToCreateARecordTwice) {
    const std::string name = unique("twice") + ".example.com";
    const std::string zone = make_zone(name);
    RecordSet record;
    record.name = "www." + name;
    record.values = {"192.0.2.1"};
    ASSERT_TRUE(run(r53_->change_record_sets(zone, {{ChangeAction::create, record}}, "")));
    const auto again = run(r53_->change_record_sets(zone, {{ChangeAction::create, record}}, ""));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::malformed);
    EXPECT_EQ(again.error().code, "InvalidChangeBatch");
    ASSERT_TRUE(run(r53_->change_record_sets(zone, {{ChangeAction::erase, record}}, "")));
    EXPECT_TRUE(run(r53_->delete_hosted_zone(zone)));
}

TEST_F(Route53Contract, KeepsAnEndpointCheck) {
    const std::string id = make_check(endpoint());
    const auto read = run(r53_->get_health_check(id));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->id, id);
    EXPECT_EQ(read->config.type, HealthCheckType::http);
    EXPECT_EQ(read->config.ip_address, "192.0.2.44");
    EXPECT_EQ(read->config.port, 80);
    EXPECT_EQ(read->config.path, "/healthz?a=1&b=2");
    EXPECT_EQ(read->config.interval, 10);
    EXPECT_EQ(read->config.failure_threshold, 2);
    EXPECT_FALSE(read->config.inverted);
    const auto listed = run(r53_->list_health_checks());
    ASSERT_TRUE(listed) << listed.error().text;
    EXPECT_NE(std::ranges::find(*listed, id, &aws::HealthCheck::id), listed->end());
}

TEST_F(Route53Contract, KeepsACalculatedCheckThatIsInverted) {
    const std::string child = make_check(endpoint());
    HealthCheckConfig config;
    config.type = HealthCheckType::calculated;
    config.inverted = true;
    config.threshold = 1;
    config.children = {child};
    const std::string id = make_check(config);
    const auto read = run(r53_->get_health_check(id));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->config.type, HealthCheckType::calculated);
    EXPECT_TRUE(read->config.inverted);
    EXPECT_EQ(read->config.threshold, 1);
    EXPECT_EQ(read->config.children, std::vector<std::string>{child});
}

TEST_F(Route53Contract, MakesOneCheckOfOneCallerReference) {
    const std::string reference = unique("reference");
    const auto first = run(r53_->create_health_check(endpoint(), reference));
    ASSERT_TRUE(first) << first.error().text;
    checks_.push_back(first->id);
    if (lacks("caller_references")) {
        GTEST_SKIP() << "the service makes a second check of the same caller reference";
    }
    const auto again = run(r53_->create_health_check(endpoint(), reference));
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(again->id, first->id);
}

// The controller's lever: turning a check around shifts the users.
TEST_F(Route53Contract, TurnsACheckAround) {
    const std::string id = make_check(endpoint());
    aws::HealthCheckUpdate update;
    update.inverted = true;
    update.failure_threshold = 1;
    const auto changed = run(r53_->update_health_check(id, update));
    ASSERT_TRUE(changed) << changed.error().text;
    const auto read = run(r53_->get_health_check(id));
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->config.inverted);
    EXPECT_EQ(read->config.failure_threshold, 1);
    EXPECT_EQ(read->config.path, "/healthz?a=1&b=2");
}

TEST_F(Route53Contract, RefusesAnUpdateOfAnOlderVersion) {
    if (lacks("health_check_version")) {
        GTEST_SKIP() << "the service ignores HealthCheckVersion";
    }
    const std::string id = make_check(endpoint());
    aws::HealthCheckUpdate update;
    update.failure_threshold = 5;
    update.expected_version = 1;
    ASSERT_TRUE(run(r53_->update_health_check(id, update)));
    const auto stale = run(r53_->update_health_check(id, update));
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().kind, ErrorKind::conflict);
    EXPECT_EQ(stale.error().code, "HealthCheckVersionMismatch");
}

TEST_F(Route53Contract, SaysThatACheckIsNotThere) {
    const auto read = run(r53_->get_health_check("00000000-0000-0000-0000-000000000000"));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::not_found);
    EXPECT_EQ(read.error().code, "NoSuchHealthCheck");
}

TEST_F(Route53Contract, TellsWhatTheCheckersSee) {
    const std::string id = make_check(endpoint());
    const auto seen = run(r53_->get_health_check_status(id));
    ASSERT_TRUE(seen) << seen.error().text;
    // A service may need an interval before it has anything to say.
    for (const aws::CheckerObservation& one : *seen) {
        EXPECT_FALSE(one.region.empty());
        EXPECT_FALSE(one.status.empty());
    }
}

}  // namespace
}  // namespace farshore::contract
