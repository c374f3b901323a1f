#include "adapters/system/descriptors.h"

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace farshore::system {
namespace {

TEST(Descriptors, TheLimitIsRaisedAsFarAsTheSystemAllows) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit low = before;
    low.rlim_cur = 100;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(raise_descriptor_limit(120), 120U);
    EXPECT_EQ(raise_descriptor_limit(110), 120U) << "it is never lowered";
    EXPECT_EQ(raise_descriptor_limit(before.rlim_max), before.rlim_max);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace farshore::system
