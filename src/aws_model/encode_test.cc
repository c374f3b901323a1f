#include "aws_model/encode.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

Result<Request> asked(
    std::string_view service,
    std::string_view operation,
    std::string_view input,
    std::string_view token = ""
) {
    const Service& found = *model().find_service(service);
    return encode(
        model(),
        found,
        *model().find_operation(found, operation),
        json::parse(input).as_object(),
        token
    );
}

struct Wrong {
    std::string_view service;
    std::string_view operation;
    std::string_view input;
    std::string_view text;
};

TEST(AwsModelEncode, NamesWhatDoesNotFitByItsPath) {
    constexpr Wrong kRows[] = {
        {"dynamodb", "GetItem", R"({"TableName":"t"})", "Key is required"},
        {"dynamodb", "GetItem", R"({"TableName":null,"Key":{}})", "TableName is required"},
        {"dynamodb", "GetItem", R"({"TableName":7,"Key":{}})", "TableName must be a string"},
        {"dynamodb", "GetItem", R"({"TableName":"t","Key":[]})", "Key must be a map"},
        {"dynamodb",
         "CreateTable",
         R"({"KeySchema":[{"AttributeName":"a","KeyTyp":"HASH"}]})",
         "KeySchema[0].KeyTyp is not known to the service's model"},
        {"ssm",
         "SendCommand",
         R"({"DocumentName":"d","Targets":[{"Values":["a",1]}]})",
         "Targets[0].Values[1] must be a string"},
        {"eks",
         "DescribeCluster",
         R"({"name":""})",
         "name is a part of the path: it can not be empty"},
    };
    for (const Wrong& row : kRows) {
        const auto request = asked(row.service, row.operation, row.input);
        ASSERT_FALSE(request) << row.input;
        EXPECT_EQ(request.error().kind, ErrorKind::malformed);
        EXPECT_EQ(request.error().effect, Effect::none);
        EXPECT_EQ(request.error().text, row.text);
    }
}

TEST(AwsModelEncode, ATokenThatIsNotGivenIsOurs) {
    const auto ours = asked("fis", "StartExperiment", R"({"experimentTemplateId":"x"})", "t-1");
    ASSERT_TRUE(ours) << ours.error().text;
    EXPECT_EQ(ours->body, R"({"clientToken":"t-1","experimentTemplateId":"x"})");
    const auto given = asked(
        "fis", "StartExperiment", R"({"experimentTemplateId":"x","clientToken":"mine"})", "t-1"
    );
    ASSERT_TRUE(given) << given.error().text;
    EXPECT_EQ(given->body, R"({"clientToken":"mine","experimentTemplateId":"x"})");
}

// Of the protocols of a service's model, the first that we speak.
TEST(AwsModelEncode, CloudWatchIsSpokenToInJson) {
    const auto request = asked("cloudwatch", "DescribeAlarms", R"({"AlarmNames":["a"]})");
    ASSERT_TRUE(request) << request.error().text;
    EXPECT_EQ(request->headers[0].second, "GraniteServiceVersion20100801.DescribeAlarms");
    EXPECT_EQ(request->body, R"({"AlarmNames":["a"]})");
}

}  // namespace
}  // namespace farshore::aws_model
