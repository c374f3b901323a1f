#include "adapters/net/http_guard.h"

#include <array>

#include <gtest/gtest.h>

namespace farshore::net {

namespace {

HttpRequest request_with(HttpHeaders headers) {
    return {
        .method = "GET",
        .target = "/metrics",
        .headers = std::move(headers),
        .body = {},
        .local_address = "10.0.1.11",
        .local_port = 8643
    };
}

int status_by(const std::string& host, std::span<const std::string> names = {}) {
    const auto refused = refuse_foreign_host(request_with({{"Host", host}}), names);
    return refused ? refused->status : 200;
}

}  // namespace

TEST(HttpGuard, TakesTheAddressThatWasCalledAndTheNamesThatAreGiven) {
    EXPECT_EQ(status_by("10.0.1.11:8643"), 200);
    EXPECT_EQ(status_by("evil.example:8643"), 403);
    EXPECT_EQ(status_by("10.0.1.12:8643"), 403);
    const std::array<std::string, 2> names{"web-1", "not a name"};
    EXPECT_EQ(status_by("web-1:8643", names), 200);
    EXPECT_EQ(status_by("web-2:8643", names), 403);
}

TEST(HttpGuard, ARequestWithoutHostIsNoBrowsers) {
    EXPECT_FALSE(refuse_foreign_host(request_with({})));
}

TEST(HttpGuard, WhatABrowserSendsIsRefused) {
    for (const std::string name : {"Origin", "origin", "Sec-Fetch-Mode", "SEC-FETCH-SITE"}) {
        const auto refused = refuse_web_page(request_with({{"Host", "x"}, {name, "x"}}));
        ASSERT_TRUE(refused) << name;
        EXPECT_EQ(refused->status, 403);
        EXPECT_NE(refused->body.find(name), std::string::npos);
    }
    EXPECT_FALSE(refuse_web_page(request_with({{"Sec-Fetch", "x"}, {"X-Origin", "x"}})));
}

}  // namespace farshore::net
