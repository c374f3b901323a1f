#include "core/lint/client_lint.h"

#include <algorithm>

namespace farshore::core {

namespace {

using enum ClientFault;
using enum LintWeight;

// clang-format off
constexpr auto kRows = std::to_array<ClientRow>({
    {past_agent, broken,
     "it stays with that Region's DynamoDB when the active Region changes, no fence stops its writes, and no ledger knows them",
     "give it what `farshore-agent env` prints, take an endpoint or a Region that its code sets away, and restart it (docs/clients.md)"},
    {endpoint_ignored, broken,
     "its SDK then takes no endpoint from environment or profile, and goes to a Region's DynamoDB by itself",
     "unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS and ignore_configured_endpoint_urls for it, and restart it"},
    {other_endpoint, broken,
     "this is not the endpoint of this host's agent, so what it writes there is not held, fenced or counted",
     "give it what `farshore-agent env` prints, and restart it"},
    {endpoint_unset, advice,
     "if it uses DynamoDB, it goes to a Region's DynamoDB by itself",
     "if it uses DynamoDB, give it what `farshore-agent env` prints, and restart it"},
    {region_pinned, advice,
     "without the agent's endpoint, a DynamoDB client of it stays in that Region, whichever Region is active",
     "let AWS_ENDPOINT_URL_DYNAMODB lead to the agent: the Region then only names what it signs for"},
    {discovery_on, advice,
     "the SDKs for Go and JavaScript refuse to work with both this and an endpoint of their own; the others ask the agent, and gain nothing",
     "set AWS_ENABLE_ENDPOINT_DISCOVERY=false and AWS_ENDPOINT_DISCOVERY_ENABLED=false for it"},
    {account_endpoint, advice,
     "its SDK then builds ACCOUNT.ddb.REGION.amazonaws.com, or fails where it knows no account: client keys of the agent belong to none",
     "set AWS_ACCOUNT_ID_ENDPOINT_MODE=disabled for it"},
});
// clang-format on

consteval bool one_row_each() {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].fault) != i || kRows[i].explanation.empty() ||
            kRows[i].remedy.empty()) {
            return false;
        }
    }
    return kRows.size() == kClientFaultNames.size();
}

static_assert(one_row_each(), "each fault of a client has exactly one row, in its order");

bool is_true(const ClientSetting& setting) {
    std::string value = setting.value;
    std::ranges::transform(value, value.begin(), [](char byte) {
        return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
    });
    return value == "true" || value == "1";
}

}  // namespace

const ClientRow& row_of(ClientFault fault) {
    return kRows[static_cast<std::size_t>(fault)];
}

std::vector<ClientFinding> lint_client(const SeenClient& seen) {
    std::vector<ClientFinding> findings;
    const auto add = [&](ClientFault fault, std::string text) {
        findings.push_back({.fault = fault, .text = std::move(text)});
    };
    for (const std::string& connection : seen.past) {
        add(past_agent, "is connected to DynamoDB at " + connection);
    }
    const bool ignores = is_true(seen.ignores_endpoints);
    if (ignores) {
        add(endpoint_ignored, "ignores configured endpoints, by " + seen.ignores_endpoints.from);
    } else if (!seen.endpoint.value.empty() && !seen.endpoint_is_ours) {
        add(other_endpoint,
            "has the endpoint " + seen.endpoint.value + " for DynamoDB, from " + seen.endpoint.from
        );
    }
    // A client that its own code leads to the agent shows it by its connection.
    const bool comes_to_us = (seen.endpoint_is_ours && !ignores) || seen.talks_to_agent;
    if (seen.calls_aws && seen.endpoint.value.empty() && !ignores && !comes_to_us) {
        add(endpoint_unset, "has settings for AWS, and no AWS_ENDPOINT_URL_DYNAMODB");
    }
    if (!seen.region.value.empty() && !comes_to_us) {
        add(region_pinned, "has the Region " + seen.region.value + ", from " + seen.region.from);
    }
    if (is_true(seen.discovery)) {
        add(discovery_on, "has endpoint discovery switched on, by " + seen.discovery.from);
    }
    if (seen.account_mode.value == "required") {
        add(account_endpoint,
            "requires endpoints that name the account, by " + seen.account_mode.from);
    }
    return findings;
}

}  // namespace farshore::core
