#include "adapters/aws/caller_identity.h"

#include <gtest/gtest.h>

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime kNow = utc_from_ms(1'795'439'109'000);  // 2026-11-23T13:05:09Z
const RegionId kEast{"us-east-1"};
const Statement kStatement{.name = "x-farshore-join", .value = "v1.abc"};
const sigv4::Credentials kSession{
    .access_key_id = "ASIAEXAMPLE",
    .secret_access_key = "secret",
    .session_token = "session",
    .expires = {}
};

SignedIdentityCall a_call() {
    return sign_identity_call(kSession, kEast, sts_endpoint(kEast), kStatement, kNow);
}

std::string code_of(const SignedIdentityCall& call, UtcTime now = kNow) {
    const Status status = check_identity_call(call, kStatement, now);
    return status ? "" : status.error().code.empty() ? "malformed" : status.error().code;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), with);
}

TEST(CallerIdentity, ASignedCallIsWhatItSays) {
    const SignedIdentityCall call = a_call();
    EXPECT_EQ(code_of(call), "");
    EXPECT_EQ(call.amz_date, "20261123T130509Z");
    EXPECT_NE(
        call.authorization.find(
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-farshore-join"
        ),
        std::string::npos
    ) << call.authorization;
    const SignedIdentityCall other = sign_identity_call(
        kSession, kEast, sts_endpoint(kEast), {.name = kStatement.name, .value = "v1.abd"}, kNow
    );
    EXPECT_NE(call.authorization, other.authorization) << "the statement is signed";
}

TEST(CallerIdentity, AnotherCallIsRefusedBeforeAnybodyIsAsked) {
    SignedIdentityCall call = a_call();
    call.authorization = replaced(call.authorization, ";x-farshore-join", "");
    EXPECT_EQ(code_of(call), "signed_headers");
    call = a_call();
    call.authorization = replaced(call.authorization, "content-type;", "content-type;x-extra;");
    EXPECT_EQ(code_of(call), "signed_headers") << "nothing else may be signed either";
    call = a_call();
    call.authorization = replaced(call.authorization, "/sts/", "/iam/");
    EXPECT_EQ(code_of(call), "scope");
    call = a_call();
    call.region = RegionId{"eu-west-1"};
    EXPECT_EQ(code_of(call), "scope");
    call = a_call();
    call.amz_date = "20261122T130509Z";
    EXPECT_EQ(code_of(call), "scope") << "the day in the scope is another";
    EXPECT_EQ(code_of(a_call(), kNow + 5min + 1ms), "too_old");
    EXPECT_EQ(code_of(a_call(), kNow - 5min - 1ms), "too_old");
    EXPECT_EQ(code_of(a_call(), kNow + 5min), "");
    for (const auto& change : std::initializer_list<void (*)(SignedIdentityCall&)>{
             [](SignedIdentityCall& c) { c.security_token.clear(); },
             [](SignedIdentityCall& c) { c.security_token += "\r\nHost: evil"; },
             [](SignedIdentityCall& c) { c.authorization += "\n"; },
             [](SignedIdentityCall& c) { c.authorization = "Bearer x"; },
             [](SignedIdentityCall& c) { c.amz_date = "20261123T130509"; },
             [](SignedIdentityCall& c) {
                 c.amz_date = "2026-11-23T13:05:09Z";
             }
         }) {
        SignedIdentityCall broken = a_call();
        change(broken);
        EXPECT_EQ(code_of(broken), "malformed");
    }
}

std::string answer(const std::string& arn, const std::string& account, const std::string& user) {
    return "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
           "<GetCallerIdentityResult><Arn>" +
           arn + "</Arn><UserId>" + user + "</UserId><Account>" + account +
           "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
}

std::optional<AssumedRole> role_of(
    const std::string& arn, const std::string& account, const std::string& user
) {
    const auto identity = parse_caller_identity(answer(arn, account, user));
    EXPECT_TRUE(identity.has_value());
    return identity ? assumed_role_of(*identity) : std::nullopt;
}

TEST(CallerIdentity, AnAssumedRoleNamesItsSession) {
    const auto role = role_of(
        "arn:aws:sts::123456789012:assumed-role/shop-host/i-0abc", "123456789012", "AROAX:i-0abc"
    );
    ASSERT_TRUE(role.has_value());
    EXPECT_EQ(role->partition, "aws");
    EXPECT_EQ(role->account, "123456789012");
    EXPECT_EQ(role->role, "shop-host");
    EXPECT_EQ(role->session, "i-0abc");
}

TEST(CallerIdentity, WhateverElseIsNoAssumedRole) {
    for (const char* arn :
         {"arn:aws:iam::123456789012:user/eve",
          "arn:aws:iam::123456789012:root",
          "arn:aws:sts::123456789012:federated-user/i-0abc",
          "arn:aws:sts::123456789012:assumed-role/shop-host",
          "arn:aws:sts::123456789012:assumed-role/a/shop-host/i-0abc",
          "arn:aws:sts::123456789012:assumed-role//i-0abc",
          "arn:aws:sts:us-east-1:123456789012:assumed-role/shop-host/i-0abc",
          "arn:aws:sts::999999999999:assumed-role/shop-host/i-0abc"}) {
        EXPECT_FALSE(role_of(arn, "123456789012", "AROAX:i-0abc").has_value()) << arn;
    }
    EXPECT_FALSE(role_of(
                     "arn:aws:sts::123456789012:assumed-role/shop-host/i-0abc",
                     "123456789012",
                     "AROAX:i-0abd"
    )
                     .has_value()
    ) << "the parts contradict each other";
    EXPECT_FALSE(parse_caller_identity("<html/>").has_value());
    EXPECT_FALSE(parse_caller_identity("{}").has_value());
}

TEST(CallerIdentity, EveryPartitionHasItsSts) {
    EXPECT_EQ(sts_endpoint(kEast), "https://sts.us-east-1.amazonaws.com");
    EXPECT_EQ(sts_endpoint(RegionId{"cn-north-1"}), "https://sts.cn-north-1.amazonaws.com.cn");
}

}  // namespace
}  // namespace farshore::aws
