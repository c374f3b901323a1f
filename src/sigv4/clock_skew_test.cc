#include "sigv4/clock_skew.h"

#include <gtest/gtest.h>

namespace farshore::sigv4 {
namespace {

using namespace std::chrono_literals;

TEST(ClockSkew, LearnsWhatIsWorthIt) {
    ClockSkew skew;
    const UtcTime ours = utc_from_ms(1'795'439'109'000);
    EXPECT_FALSE(skew.learn(ours + 3min, ours)) << "signatures are accepted with that";
    EXPECT_EQ(skew.corrected(ours), ours);
    EXPECT_TRUE(skew.learn(ours - 2h, ours));
    EXPECT_EQ(skew.corrected(ours), ours - 2h);
    EXPECT_FALSE(skew.learn(ours - 2h, ours)) << "the same again is no reason to try again";
    EXPECT_TRUE(skew.learn(ours, ours)) << "the clock was set right";
    EXPECT_EQ(skew.corrected(ours), ours);
}

TEST(ClockSkew, KnowsWhichRefusalsAreOfTheSigner) {
    EXPECT_TRUE(refuses_the_date("InvalidSignatureException"));
    EXPECT_FALSE(refuses_the_date("ExpiredTokenException"));
    EXPECT_TRUE(refuses_the_signer("ExpiredTokenException"));
    EXPECT_TRUE(refuses_the_signer("RequestExpired"));
    EXPECT_FALSE(refuses_the_signer("AccessDeniedException")) << "a policy's word on one request";
    EXPECT_FALSE(refuses_the_signer(""));
}

}  // namespace
}  // namespace farshore::sigv4
