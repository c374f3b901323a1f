#include "cli/stack_checks.h"

#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

using namespace std::chrono_literals;
using State = LiveCheck::State;

const UtcTime kNow = utc_from_ms(1'800'000'000'000);
const AskedUrl kStack{.what = "stack in eu-west-1", .url = "https://euw1.shop.example/healthz"};

LiveCheck of(int status, std::optional<UtcTime> certificate_ends = {}) {
    net::HttpReply reply;
    reply.status = status;
    reply.certificate_ends = certificate_ends;
    return stack_check(kStack, reply, kNow);
}

TEST(StackChecks, AStackServesWhenTheControllerWouldSaySo) {
    EXPECT_EQ(of(200).state, State::good);
    EXPECT_EQ(of(302).state, State::good);
    for (const int status : {199, 400, 503}) {
        EXPECT_EQ(of(status).state, State::wrong) << status;
        EXPECT_EQ(of(status).code, "stack_down");
    }
    AskedUrl agents = kStack;
    agents.must_serve = false;
    net::HttpReply reply;
    reply.status = 404;
    EXPECT_EQ(stack_check(agents, reply, kNow).state, State::good);
}

TEST(StackChecks, ACertificateIsToldInTheMonthBeforeItEnds) {
    const auto notice = std::chrono::duration_cast<UtcTime::duration>(kCertificateNotice);
    EXPECT_EQ(of(200, kNow + notice).state, State::good);
    const LiveCheck soon = of(200, kNow + notice - 1s);
    EXPECT_EQ(soon.state, State::advice);
    EXPECT_EQ(soon.code, "certificate_ends");
    EXPECT_NE(soon.text.find("valid until 2027-02-14"), std::string::npos) << soon.text;
}

TEST(StackChecks, ARefusedCertificateIsWrongAndSilenceOnlyUnchecked) {
    Error error{.kind = ErrorKind::unavailable, .text = "expired"};
    error.code = net::kCertificateRefused;
    const LiveCheck refused = stack_check(kStack, std::unexpected(error), kNow);
    EXPECT_EQ(refused.state, State::wrong);
    EXPECT_NE(refused.text.find("expired"), std::string::npos);
    error.code = "";
    EXPECT_EQ(stack_check(kStack, std::unexpected(error), kNow).state, State::unchecked);
}

}  // namespace
}  // namespace farshore::cli
