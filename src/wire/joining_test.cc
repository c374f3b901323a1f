#include "wire/joining.h"

#include <gtest/gtest.h>

namespace farshore::wire {
namespace {

JoinRequest a_request() {
    return {
        .app = AppId{"shop"},
        .host = HostId{"i-0abc"},
        .region = RegionId{"us-east-1"},
        .digest = std::string(64, 'a'),
        .identity =
            IdentityProof{
                .sts_region = RegionId{"us-east-1"},
                .url = "https://10.0.6.1:8640",
                .nonce = "n-1",
                .amz_date = "20261123T130509Z",
                .authorization = "AWS4-HMAC-SHA256 Credential=...",
                .security_token = "token"
            }
    };
}

TEST(Joining, MessagesAreReadAsTheyWereWritten) {
    EXPECT_EQ(*parse_join_request(serialize(a_request())), a_request());
    JoinRequest by_token = a_request();
    by_token.identity.reset();
    EXPECT_EQ(*parse_join_request(serialize(by_token)), by_token);
    const Joined joined{.host = HostId{"i-0abc"}, .vouched_by = "join token asg"};
    EXPECT_EQ(*parse_joined(serialize(joined)), joined);
    const Challenge challenge{.nonce = "n", .valid_for = std::chrono::seconds{60}};
    EXPECT_EQ(*parse_challenge(serialize(challenge)), challenge);
}

TEST(Joining, WhatIsMissingOrTooLongIsNamed) {
    const auto refused = [](JoinRequest request, const char* place) {
        const auto parsed = parse_join_request(serialize(request));
        ASSERT_FALSE(parsed.has_value()) << place;
        EXPECT_NE(parsed.error().text.find(place), std::string::npos) << parsed.error().text;
    };
    JoinRequest request = a_request();
    request.host = HostId{};
    refused(request, "host");
    request = a_request();
    request.digest = std::string(64, 'A');
    refused(request, "credential_sha256");
    request = a_request();
    request.identity->authorization = std::string(5000, 'x');
    refused(request, "identity.authorization");
    request = a_request();
    request.identity->security_token.clear();
    refused(request, "identity.security_token");
    EXPECT_FALSE(parse_join_request(std::string(kJoinBytesMax + 1, ' ')).has_value());
    // No client was checked before these are read, and people see them.
    request = a_request();
    request.app = AppId{"shop\x1b]0;owned\x07"};
    refused(request, "app");
    request = a_request();
    request.host = HostId{"i-0abc/../web-1"};
    refused(request, "host");
    request = a_request();
    request.region = RegionId{"mars"};
    refused(request, "region");
    request = a_request();
    request.identity->sts_region = RegionId{"evil.example/"};
    refused(request, "identity.sts_region");
    request = a_request();
    request.identity->url = "https://10.0.6.1:8640\x1b[2J";
    refused(request, "identity.url");
}

// A signature over the statement is good for this join, at this controller, now.
TEST(Joining, TheStatementDiffersInEverythingThatIsBound) {
    const JoinRequest request = a_request();
    const std::string statement = join_statement(request, "https://c:1", "n-1");
    EXPECT_EQ(statement, join_statement(request, "https://c:1", "n-1"));
    EXPECT_NE(statement, join_statement(request, "https://d:1", "n-1"));
    EXPECT_NE(statement, join_statement(request, "https://c:1", "n-2"));
    const auto differs = [&](auto change) {
        JoinRequest other = request;
        change(other);
        EXPECT_NE(statement, join_statement(other, "https://c:1", "n-1"));
    };
    differs([](JoinRequest& r) { r.app = AppId{"carts"}; });
    differs([](JoinRequest& r) { r.host = HostId{"i-0abd"}; });
    differs([](JoinRequest& r) { r.region = RegionId{"eu-west-1"}; });
    differs([](JoinRequest& r) { r.digest = std::string(64, 'b'); });
    // What ends one part cannot begin the next.
    JoinRequest one = request;
    JoinRequest two = request;
    one.app = AppId{"a\n1:b"};
    one.host = HostId{"c"};
    two.app = AppId{"a"};
    two.host = HostId{"b\n1:c"};
    EXPECT_NE(join_statement(one, "u", "n"), join_statement(two, "u", "n"));
}

}  // namespace
}  // namespace farshore::wire
