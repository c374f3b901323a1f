#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "adapters/aws/credentials.h"
#include "adapters/aws/dynamodb.h"
#include "adapters/aws/retry.h"
#include "adapters/aws/route53.h"

#include "aws_model/decode.h"
#include "aws_model/encode.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

// --- credentials
// ------------------------------------------------------------------------------------

class Directory {
  public:
    Directory() {
        char name[] = "/tmp/farshore-credentials-XXXXXX";
        path_ = ::mkdtemp(name);
    }

    ~Directory() { std::filesystem::remove_all(path_); }

    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    std::string write(const std::string& name, const std::string& text) const {
        const std::string file = path_ + "/" + name;
        std::ofstream(file, std::ios::binary) << text;
        return file;
    }

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

CredentialsProvider::Environment environment(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional{found->second};
    };
}

constexpr std::string_view kIni =
    "# comment\n[default]\naws_access_key_id = AKID\r\naws_secret_access_key= a=b/c+ \n\n"
    "[profile shop]\nregion = eu-west-1\ns3 =\n  aws_access_key_id = nested\n"
    "[agents]\nAWS_ACCESS_KEY_ID=AGENT\naws_secret_access_key=s\naws_session_token=t\n; end\n";

TEST(Credentials, ReadsAProfileOfAnIniFile) {
    const auto values = find_profile(kIni, "default");
    ASSERT_TRUE(values);
    const auto keys = credentials_from(*values);
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->access_key_id, "AKID");
    EXPECT_EQ(keys->secret_access_key, "a=b/c+");
    EXPECT_TRUE(keys->session_token.empty());
    EXPECT_EQ(credentials_from(*find_profile(kIni, "agents"))->session_token, "t");
    EXPECT_FALSE(find_profile(kIni, "none"));
    EXPECT_FALSE(find_profile(kIni, "shop")->contains("aws_access_key_id"));
}

TEST(Credentials, LooksInTheEnvironmentThenInTheSharedFiles) {
    const Directory home;
    const std::string file = home.write("credentials", std::string{kIni});
    CredentialsProvider from_environment(
        {},
        environment(
            {{"AWS_ACCESS_KEY_ID", "ENV"},
             {"AWS_SECRET_ACCESS_KEY", "s"},
             {"AWS_SHARED_CREDENTIALS_FILE", file}}
        )
    );
    EXPECT_EQ(from_environment.current(Instant{})->access_key_id, "ENV");
    CredentialsProvider from_file(
        {},
        environment(
            {{"HOME", home.path()}, {"AWS_SHARED_CREDENTIALS_FILE", file}, {"AWS_PROFILE", "agents"}
            }
        )
    );
    EXPECT_EQ(from_file.current(Instant{})->access_key_id, "AGENT");
    CredentialsProvider nowhere({}, environment({{"HOME", home.path()}}));
    const auto missing = nowhere.current(Instant{});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::denied);
    EXPECT_TRUE(missing.error().text.contains(home.path() + "/.aws/credentials"))
        << missing.error().text;
}

TEST(Credentials, TakesUpRotatedKeysAndKeepsTheOldOnesWhileTheFileIsHalfWritten) {
    const Directory home;
    const std::string file =
        home.write("keys", "[default]\naws_access_key_id=ONE\naws_secret_access_key=1\n");
    CredentialsProvider provider({.credentials_file = file}, environment({}));
    EXPECT_EQ(provider.current(Instant{})->access_key_id, "ONE");
    home.write("keys", "[default]\naws_access_key_id=THREE\n");
    EXPECT_EQ(provider.current(Instant{2s})->access_key_id, "ONE");
    home.write("keys", "[default]\naws_access_key_id=THREE\naws_secret_access_key=333\n");
    EXPECT_EQ(
        provider.current(Instant{2500ms})->access_key_id, "ONE"
    );  // looked at half a second ago
    EXPECT_EQ(provider.current(Instant{4s})->access_key_id, "THREE");
}

// "default" is a name like any other where the configuration says it.
TEST(Credentials, AProfileThatIsSaidWinsOverTheEnvironment) {
    const Directory home;
    const std::string file = home.write("credentials", std::string{kIni});
    const auto work = environment({{"AWS_PROFILE", "agents"}});
    CredentialsProvider said({.credentials_file = file, .profile = "default"}, work);
    ASSERT_TRUE(said.current(Instant{})) << said.current(Instant{}).error().text;
    EXPECT_EQ(said.current(Instant{})->access_key_id, "AKID");
    CredentialsProvider not_said({.credentials_file = file}, work);
    EXPECT_EQ(not_said.current(Instant{})->access_key_id, "AGENT");
    CredentialsProvider nowhere_said({.credentials_file = file}, environment({}));
    EXPECT_EQ(nowhere_said.current(Instant{})->access_key_id, "AKID");
}

// The next source would sign as another principal.
TEST(Credentials, WhatIsHalfSaidIsNotPassedOver) {
    const Directory home;
    const std::string file = home.write("credentials", std::string{kIni});
    const std::vector<std::pair<std::map<std::string, std::string>, std::string>> halves{
        {{{"AWS_ACCESS_KEY_ID", "ENV"}}, "AWS_SECRET_ACCESS_KEY is not"},
        {{{"AWS_SECRET_ACCESS_KEY", "s"}}, "AWS_ACCESS_KEY_ID is not"},
        {{{"AWS_WEB_IDENTITY_TOKEN_FILE", file}}, "AWS_ROLE_ARN is not"},
        {{{"AWS_PROFILE", "elsewhere"}},
         "AWS_PROFILE names the profile 'elsewhere', which is neither"},
    };
    for (auto [variables, text] : halves) {
        variables["AWS_SHARED_CREDENTIALS_FILE"] = file;
        variables["HOME"] = home.path();
        CredentialsProvider provider({}, environment(variables));
        const auto keys = provider.current(Instant{});
        ASSERT_FALSE(keys) << text;
        EXPECT_NE(keys.error().text.find(text), std::string::npos) << keys.error().text;
        EXPECT_FALSE(keys.error().remedy.empty());
    }
    const std::string half = home.write("half", "[default]\naws_secret_access_key = s\n");
    CredentialsProvider provider({.credentials_file = half}, environment({}));
    EXPECT_EQ(provider.current(Instant{}).error().kind, ErrorKind::malformed);
    // The configuration's word counts for more than the environment's, as with AWS's own tools.
    CredentialsProvider named(
        {.profile = "agents"},
        environment(
            {{"AWS_ACCESS_KEY_ID", "ENV"},
             {"AWS_SECRET_ACCESS_KEY", "s"},
             {"AWS_SHARED_CREDENTIALS_FILE", file},
             {"HOME", home.path()}}
        )
    );
    EXPECT_EQ(named.current(Instant{})->access_key_id, "AGENT");
}

TEST(Credentials, AreReadFromFilesOfAnyEditor) {
    const Directory home;
    const std::string file = home.write(
        "credentials",
        "\xEF\xBB\xBF[default]\r\naws_access_key_id = ONE \t\r\naws_secret_access_key = 1\r\n"
    );
    CredentialsProvider provider({.credentials_file = file}, environment({}));
    const auto keys = provider.current(Instant{});
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(keys->access_key_id, "ONE");
    EXPECT_EQ(keys->secret_access_key, "1");
}

TEST(Credentials, SayWhatIsNamedInsteadOfAFile) {
    const Directory home;
    const auto text_for = [&](const std::string& path) {
        CredentialsProvider provider({.credentials_file = path}, environment({}));
        const auto keys = provider.current(Instant{});
        return keys ? std::string{"keys"} : keys.error().text;
    };
    EXPECT_TRUE(text_for(home.path()).ends_with("is a directory, not a file"))
        << text_for(home.path());
    EXPECT_TRUE(text_for("/dev/null").ends_with("is a socket or a device, not a file"));
    EXPECT_TRUE(text_for(home.write("utf16", std::string{"\xFF\xFE[\0", 4})).ends_with("is UTF-16")
    );
    // The same in the chain: a directory there is no reason to pass over to the next source.
    CredentialsProvider chain(
        {}, environment({{"HOME", home.path()}, {"AWS_SHARED_CREDENTIALS_FILE", home.path()}})
    );
    EXPECT_EQ(chain.current(Instant{}).error().kind, ErrorKind::malformed);
}

TEST(Credentials, NeverShowASecretInAnError) {
    const Directory home;
    const std::string file =
        home.write("keys", "[default]\naws_access_key_id=AKID\naws_secret_access_key\n");
    CredentialsProvider provider({.credentials_file = file}, environment({}));
    const auto broken = provider.current(Instant{});
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().kind, ErrorKind::malformed);
    EXPECT_TRUE(broken.error().text.contains("aws_secret_access_key"));
    EXPECT_FALSE(broken.error().text.contains("AKID"));
}

// --- errors
// -----------------------------------------------------------------------------------------

aws_model::Refusal refusal(std::string_view service, std::string_view body) {
    const aws_model::Model& model = aws_model::model();
    return aws_model::decode_error(
        model, *model.find_service(service), {.status = 400, .headers = {}, .body = body}
    );
}

TEST(AwsErrors, AreUnderstoodInBothShapes) {
    const auto json =
        refusal("dynamodb", R"({"__type":"a.b#ThrottlingException:http://x","Message":"slow"})");
    EXPECT_EQ(json.code, "ThrottlingException");
    EXPECT_EQ(json.message, "slow");
    const auto xml = refusal(
        "route53",
        "<?xml version=\"1.0\"?><ErrorResponse "
        "xmlns=\"x\"><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code>"
        "<Message>No &amp; none</Message></Error></ErrorResponse>"
    );
    EXPECT_EQ(xml.code, "NoSuchHostedZone");
    EXPECT_EQ(xml.message, "No & none");
    const auto batch = refusal(
        "route53",
        "<InvalidChangeBatch><Messages><Message>one</Message><Message>two</Message></Messages></"
        "InvalidChangeBatch>"
    );
    EXPECT_EQ(batch.code, "InvalidChangeBatch");
    EXPECT_EQ(batch.message, "one; two");
    for (const std::string_view garbage : {"", "<html>", "[1]", "{", "<a", "\xff\xfe"}) {
        EXPECT_TRUE(refusal("dynamodb", garbage).code.empty());
        EXPECT_TRUE(refusal("route53", garbage).code.empty());
    }
}

struct KindRow {
    int status;
    std::string_view code;
    ErrorKind kind;
    Effect effect;
};

TEST(AwsErrors, BecomeKindsThatCallersReactTo) {
    using enum ErrorKind;
    constexpr KindRow kRows[] = {
        {400, "ConditionalCheckFailedException", conflict, Effect::none},
        {400, "ResourceNotFoundException", not_found, Effect::none},
        {400, "ValidationException", malformed, Effect::none},
        {400, "ProvisionedThroughputExceededException", throttled, Effect::none},
        {503, "ThrottlingException", throttled, Effect::none},
        {429, "", throttled, Effect::none},
        {400, "PriorRequestNotComplete", throttled, Effect::none},
        {400, "UnrecognizedClientException", denied, Effect::none},
        {403, "", denied, Effect::none},
        {500, "InternalServerError", unavailable, Effect::possible},
        {500, "", unavailable, Effect::possible},
        {503, "ServiceUnavailable", unavailable, Effect::possible},
        {408, "RequestTimeout", timed_out, Effect::possible},
        {409, "HealthCheckVersionMismatch", conflict, Effect::none},
        {404, "NoSuchHealthCheck", not_found, Effect::none},
        {302, "", malformed, Effect::none},
        {400, "AWS.SimpleQueueService.NonExistentQueue", not_found, Effect::none},
        {400, "QueueDoesNotExist", not_found, Effect::none},
        {404, "NoSuchEntity", not_found, Effect::none},
        {404, "DBClusterNotFoundFault", not_found, Effect::none},
        {400, "InvalidInstanceID.NotFound", not_found, Effect::none},
        {409, "EntityAlreadyExists", conflict, Effect::none},
        {400, "ScalingActivityInProgress", conflict, Effect::none},
        {400, "LimitExceededException", throttled, Effect::none},
        {403, "TopicLimitExceeded", exhausted, Effect::none},
        {402, "ServiceQuotaExceededException", exhausted, Effect::none},
        {403, "UnauthorizedOperation", denied, Effect::none},
        {400, "EC2ThrottledException", throttled, Effect::none},
    };
    for (const KindRow& row : kRows) {
        const Error error = to_error(
            row.status,
            {.code = std::string{row.code}, .message = {}, .request_id = {}, .members = {}}
        );
        EXPECT_EQ(error.kind, row.kind) << row.status << " " << row.code;
        EXPECT_EQ(error.effect, row.effect) << row.status << " " << row.code;
        EXPECT_EQ(error.code, row.code);
    }
}

TEST(AwsErrors, ReadTheDateOfAnAnswer) {
    EXPECT_EQ(
        sigv4::time_from_http_date("Mon, 23 Nov 2026 13:05:09 GMT"), utc_from_ms(1'795'439'109'000)
    );
    EXPECT_FALSE(sigv4::time_from_http_date("Mon, 23 Nov 2026 13:05:09 CET"));
    EXPECT_FALSE(sigv4::time_from_http_date("Monday, 23-Nov-26 13:05:09 GMT"));
    EXPECT_FALSE(sigv4::time_from_http_date(""));
}

TEST(AwsRetries, DrawFromAGrowingCeiling) {
    Rng rng(42);
    Duration longest{};
    Duration longest_throttled{};
    for (int i = 0; i < 1'000; ++i) {
        EXPECT_LT(retry_pause(ErrorKind::unavailable, 1, rng), 50ms);
        longest = std::max(longest, retry_pause(ErrorKind::unavailable, 2, rng));
        longest_throttled = std::max(longest_throttled, retry_pause(ErrorKind::throttled, 30, rng));
    }
    EXPECT_GT(longest, 50ms);
    EXPECT_LT(longest, 100ms);
    EXPECT_GT(longest_throttled, 10s);
    EXPECT_LT(longest_throttled, 20s);
}

// --- DynamoDB
// ---------------------------------------------------------------------------------------

// The members of an answer with this body.
boost::json::object decoded(
    std::string_view service, std::string_view operation, std::string_view body
) {
    const aws_model::Model& model = aws_model::model();
    const aws_model::Service& found = *model.find_service(service);
    const auto members = aws_model::decode(
        model,
        found,
        *model.find_operation(found, operation),
        {.status = 200, .headers = {}, .body = body}
    );
    return members ? *members : boost::json::object{{"none", members.error().text}};
}

TEST(DynamoDbMembers, ReadsATableWithReplicas) {
    const auto table = dynamodb_members::table_description(decoded(
        "dynamodb",
        "DescribeTable",
        R"({"Table":{"TableName":"t","TableStatus":"ACTIVE","TableArn":"arn:x","GlobalTableVersion":"2019.11.21",
            "KeySchema":[{"AttributeName":"n","KeyType":"RANGE"},{"AttributeName":"id","KeyType":"HASH"}],
            "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],
            "LocalSecondaryIndexes":[{"IndexName":"z","KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],
                "Projection":{"ProjectionType":"ALL"}}],
            "GlobalSecondaryIndexes":[{"IndexName":"by_n","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],
                "Projection":{"ProjectionType":"KEYS_ONLY"}}],
            "ItemCount":12,"StreamSpecification":{"StreamEnabled":true},
            "Replicas":[{"RegionName":"eu-west-1","ReplicaStatus":"CREATING"}],"CreationDateTime":1.5E9}})"
    ));
    ASSERT_TRUE(table) << table.error().text;
    EXPECT_EQ(table->key[0].name, "id");
    EXPECT_EQ(table->key[1].type, 'N');
    EXPECT_EQ(
        table->indexes, (std::vector<std::string>{"by_n (n N, KEYS_ONLY)", "z (id S, n N, ALL)"})
    );
    EXPECT_EQ(table->item_count, 12);
    EXPECT_TRUE(table->stream);
    ASSERT_EQ(table->replicas.size(), 1U);
    EXPECT_EQ(table->replicas[0].region, RegionId{"eu-west-1"});
    EXPECT_EQ(table->replicas[0].status, "CREATING");
}

TEST(DynamoDbMembers, RefusesAnswersThatAreNone) {
    for (const std::string_view body : {"", "[]", "{", "null", "<html></html>"}) {
        EXPECT_FALSE(dynamodb_members::table_description(decoded("dynamodb", "DescribeTable", body))
        ) << body;
    }
    EXPECT_FALSE(dynamodb_members::item(decoded("dynamodb", "GetItem", "{}"), "Item"));
}

TEST(DynamoDbMembers, SaysNothingThatWasNotAsked) {
    const Item key{{"id", string_attribute("a")}};
    EXPECT_EQ(
        dynamodb_members::get_item({TableName{"t"}, key}),
        boost::json::parse(R"({"TableName":"t","Key":{"id":{"S":"a"}}})").as_object()
    );
    EXPECT_EQ(
        dynamodb_members::put_item({TableName{"t"}, key, {}, ReturnValues::all_old}),
        boost::json::parse(R"({"TableName":"t","Item":{"id":{"S":"a"}},"ReturnValues":"ALL_OLD"})")
            .as_object()
    );
}

TEST(DynamoDbMembers, ReadsAttributesOfTheRightTypeOnly) {
    Item item;
    item.emplace("s", string_attribute("text"));
    item.emplace("n", number_attribute(-7));
    item.emplace("broken", boost::json::parse(R"({"N":"1.5"})"));
    EXPECT_EQ(string_of(item, "s"), "text");
    EXPECT_EQ(number_of(item, "n"), -7);
    EXPECT_FALSE(string_of(item, "n"));
    EXPECT_FALSE(number_of(item, "s"));
    EXPECT_FALSE(number_of(item, "broken"));
    EXPECT_FALSE(string_of(item, "absent"));
}

// --- Route 53
// ---------------------------------------------------------------------------------------

TEST(Route53Members, WritesAFailoverRecord) {
    RecordSet record;
    record.name = "a&b.example.com";
    record.set_identifier = "us-east-1";
    record.failover = FailoverRole::primary;
    record.ttl = 5;
    record.values = {"192.0.2.1"};
    record.health_check = "h";
    const aws_model::Model& model = aws_model::model();
    const aws_model::Service& route53 = *model.find_service("route53");
    const auto request = aws_model::encode(
        model,
        route53,
        *model.find_operation(route53, "ChangeResourceRecordSets"),
        route53_members::change_record_sets("Z1", {{ChangeAction::upsert, record}}, ""),
        ""
    );
    ASSERT_TRUE(request) << request.error().text;
    EXPECT_EQ(request->path, "/2013-04-01/hostedzone/Z1/rrset/");
    const std::string& body = request->body;
    EXPECT_TRUE(body.contains(
        "<ChangeBatch><Changes><Change><Action>UPSERT</"
        "Action><ResourceRecordSet><Name>a&amp;b.example.com</Name>"
        "<Type>A</Type><SetIdentifier>us-east-1</SetIdentifier><Failover>PRIMARY</Failover><TTL>5</"
        "TTL>"
        "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></"
        "ResourceRecords>"
        "<HealthCheckId>h</HealthCheckId></ResourceRecordSet></Change></Changes></ChangeBatch>"
    )) << body;
}

TEST(Route53Members, ReadsRecordsAsPlainNames) {
    const auto page = route53_members::record_sets(decoded(
        "route53",
        "ListResourceRecordSets",
        "<ListResourceRecordSetsResponse "
        "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ResourceRecordSets>"
        "<ResourceRecordSet><Name>\\052.Example.com.</Name><Type>A</Type><SetIdentifier>x</"
        "SetIdentifier>"
        "<Failover>SECONDARY</Failover><AliasTarget><HostedZoneId>Z</"
        "HostedZoneId><DNSName>LB.example.com.</DNSName>"
        "<EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet></"
        "ResourceRecordSets>"
        "<IsTruncated>true</IsTruncated><NextRecordName>n</NextRecordName><NextRecordType>A</"
        "NextRecordType>"
        "</ListResourceRecordSetsResponse>"
    ));
    ASSERT_TRUE(page) << page.error().text;
    ASSERT_EQ(page->records.size(), 1U);
    EXPECT_EQ(page->records[0].name, "*.example.com");
    EXPECT_EQ(page->records[0].failover, FailoverRole::secondary);
    EXPECT_FALSE(page->records[0].other_routing);
    EXPECT_EQ(page->records[0].alias, (AliasTarget{"Z", "lb.example.com", true}));
    EXPECT_TRUE(page->truncated);
    EXPECT_EQ(page->next_name, "n");
}

TEST(Route53Members, ReadsChecksAndLeavesOutKindsItDoesNotKnow) {
    const auto page = route53_members::health_checks(decoded(
        "route53",
        "ListHealthChecks",
        "<ListHealthChecksResponse><HealthChecks>"
        "<HealthCheck><Id>a</Id><HealthCheckConfig><Type>YET_TO_COME</Type></"
        "HealthCheckConfig></HealthCheck>"
        "<HealthCheck><Id>b</Id><CallerReference>r</"
        "CallerReference><HealthCheckConfig><Type>CALCULATED</Type>"
        "<Inverted>true</Inverted><HealthThreshold>2</"
        "HealthThreshold><ChildHealthChecks><ChildHealthCheck>c"
        "</ChildHealthCheck></ChildHealthChecks></HealthCheckConfig><HealthCheckVersion>3</"
        "HealthCheckVersion>"
        "</HealthCheck></HealthChecks><IsTruncated>true</IsTruncated><NextMarker>m</NextMarker>"
        "</ListHealthChecksResponse>"
    ));
    ASSERT_TRUE(page) << page.error().text;
    ASSERT_EQ(page->entries.size(), 1U);
    EXPECT_EQ(page->entries[0].id, "b");
    EXPECT_EQ(page->entries[0].version, 3);
    EXPECT_TRUE(page->entries[0].config.inverted);
    EXPECT_EQ(page->entries[0].config.children, std::vector<std::string>{"c"});
    EXPECT_EQ(page->next_marker, "m");
}

TEST(Route53Members, ReadsWhatCheckersSaw) {
    const auto seen = route53_members::health_check_status(decoded(
        "route53",
        "GetHealthCheckStatus",
        "<GetHealthCheckStatusResponse><HealthCheckObservations><HealthCheckObservation><Region>us-"
        "east-1</Region>"
        "<IPAddress>15.177.2.3</IPAddress><StatusReport><Status>Success: HTTP Status Code 200, "
        "OK</Status>"
        "<CheckedTime>2026-11-23T13:05:09.123Z</CheckedTime></StatusReport></"
        "HealthCheckObservation>"
        "<HealthCheckObservation><Region>eu-west-1</Region><StatusReport><Status>Failure: "
        "Connection timed out"
        "</Status></StatusReport></HealthCheckObservation></HealthCheckObservations></"
        "GetHealthCheckStatusResponse>"
    ));
    ASSERT_TRUE(seen) << seen.error().text;
    ASSERT_EQ(seen->size(), 2U);
    EXPECT_TRUE((*seen)[0].success());
    EXPECT_EQ((*seen)[0].address, "15.177.2.3");
    EXPECT_FALSE((*seen)[1].success());
}

TEST(Route53Members, RefusesAnswersThatAreNone) {
    for (const std::string_view body : {"", "{}", "<a/>", "<a", "<html><body>500</body></html>"}) {
        using namespace route53_members;
        const auto answer = [&](std::string_view call) {
            return decoded("route53", call, body);
        };
        EXPECT_FALSE(hosted_zone(answer("CreateHostedZone"))) << body;
        EXPECT_FALSE(hosted_zones(answer("ListHostedZones"))) << body;
        EXPECT_FALSE(record_sets(answer("ListResourceRecordSets"))) << body;
        EXPECT_FALSE(change(answer("GetChange"))) << body;
        EXPECT_FALSE(health_check(answer("GetHealthCheck"))) << body;
        EXPECT_FALSE(health_checks(answer("ListHealthChecks"))) << body;
        EXPECT_FALSE(health_check_status(answer("GetHealthCheckStatus"))) << body;
    }
}

}  // namespace
}  // namespace farshore::aws
