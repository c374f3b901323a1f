#include "core/lint/client_lint.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

constexpr auto kOurs = "http://127.0.0.1:8642";

SeenClient one_of_ours() {
    return {
        .calls_aws = true,
        .endpoint = {.value = kOurs, .from = "its environment"},
        .endpoint_is_ours = true,
        .talks_to_agent = true,
        .ignores_endpoints = {},
        .region = {.value = "us-east-1", .from = "its environment"},
        .discovery = {.value = "false", .from = "its environment"},
        .account_mode = {.value = "preferred", .from = "its environment"},
        .past = {}
    };
}

std::vector<ClientFault> faults_of(const SeenClient& seen) {
    std::vector<ClientFault> faults;
    for (const ClientFinding& finding : lint_client(seen)) {
        faults.push_back(finding.fault);
    }
    return faults;
}

using Faults = std::vector<ClientFault>;
using enum ClientFault;

TEST(ClientLint, WhatFarshoreAgentEnvPrintsIsRight) {
    EXPECT_EQ(faults_of(one_of_ours()), Faults{});
}

TEST(ClientLint, AProgramWithoutAnythingOfAwsIsNoneOfOurs) {
    EXPECT_EQ(faults_of({}), Faults{});
}

TEST(ClientLint, EachConnectionPastTheAgentIsNamedWhateverTheSettingsSay) {
    SeenClient seen = one_of_ours();
    seen.past = {"52.94.5.1:443 (us-east-1)", "52.94.5.2:443 (us-east-1)"};
    EXPECT_EQ(faults_of(seen), (Faults{past_agent, past_agent}));
    EXPECT_NE(lint_client(seen)[1].text.find("52.94.5.2:443"), std::string::npos);
}

TEST(ClientLint, AnEndpointThatIsIgnoredIsNone) {
    SeenClient seen = one_of_ours();
    seen.talks_to_agent = false;
    seen.ignores_endpoints = {.value = "TRUE", .from = "/root/.aws/config"};
    EXPECT_EQ(faults_of(seen), (Faults{endpoint_ignored, region_pinned}));
    EXPECT_NE(lint_client(seen)[0].text.find("/root/.aws/config"), std::string::npos);
}

TEST(ClientLint, AnotherEndpointIsBrokenAndNoneIsOnlyAdvice) {
    SeenClient seen = one_of_ours();
    seen.endpoint_is_ours = seen.talks_to_agent = false;
    seen.endpoint.value = "https://dynamodb.us-east-1.amazonaws.com";
    EXPECT_EQ(faults_of(seen), (Faults{other_endpoint, region_pinned}));
    seen.endpoint = {};
    EXPECT_EQ(faults_of(seen), (Faults{endpoint_unset, region_pinned}));
    EXPECT_EQ(row_of(other_endpoint).weight, LintWeight::broken);
    EXPECT_EQ(row_of(endpoint_unset).weight, LintWeight::advice);
}

TEST(ClientLint, AnEndpointThatItsCodeSetsShowsByItsConnection) {
    SeenClient seen = one_of_ours();
    seen.endpoint = {};
    seen.endpoint_is_ours = false;
    EXPECT_EQ(faults_of(seen), Faults{});
}

TEST(ClientLint, DiscoveryAndAccountEndpointsAreAdvice) {
    SeenClient seen = one_of_ours();
    seen.discovery.value = "true";
    seen.account_mode.value = "required";
    EXPECT_EQ(faults_of(seen), (Faults{discovery_on, account_endpoint}));
}

}  // namespace
}  // namespace farshore::core
