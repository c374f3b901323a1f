#include "core/failover/credential.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const Credential kOfWeb1{
    .app = AppId{"shop"}, .host = HostId{"web-1"}, .region = RegionId{"us-east-1"}
};

Speaks speaks(const Credential& credential, const char* app, const char* host, const char* region) {
    return speaks_for(
        credential, {.app = AppId{app}, .host = HostId{host}, .region = RegionId{region}}
    );
}

TEST(Credential, SpeaksForItsOwnHostAlone) {
    EXPECT_EQ(speaks(kOfWeb1, "shop", "web-1", "us-east-1"), Speaks::yes);
    EXPECT_EQ(speaks(kOfWeb1, "shop", "web-1", ""), Speaks::yes) << "acknowledgements name none";
    EXPECT_EQ(speaks(kOfWeb1, "carts", "web-1", "us-east-1"), Speaks::other_app);
    EXPECT_EQ(speaks(kOfWeb1, "shop", "web-2", "us-east-1"), Speaks::other_host);
    EXPECT_EQ(speaks(kOfWeb1, "shop", "web-1", "eu-west-1"), Speaks::other_region);
    Credential anywhere = kOfWeb1;
    anywhere.region = RegionId{};
    EXPECT_EQ(speaks(anywhere, "shop", "web-1", "eu-west-1"), Speaks::yes);
}

TEST(Credential, OneWithoutAHostSpeaksForNoHost) {
    Credential hostless = kOfWeb1;
    hostless.host = HostId{};
    EXPECT_EQ(speaks(hostless, "shop", "web-1", ""), Speaks::other_host);
    EXPECT_EQ(speaks(hostless, "shop", "", ""), Speaks::other_host);
}

TEST(Credential, AnotherProcessWaitsUntilTheFirstOneIsSilent) {
    const Instant now{100s};
    const OpenStream open{.boot = BootId{"one"}, .heard_at = now - 2s};
    EXPECT_FALSE(is_second_stream(std::nullopt, BootId{"two"}, now, 3s));
    EXPECT_FALSE(is_second_stream(open, BootId{"one"}, now, 3s)) << "its stream hung";
    EXPECT_TRUE(is_second_stream(open, BootId{"two"}, now, 3s));
    EXPECT_TRUE(is_second_stream(open, BootId{"two"}, now + 1s, 3s));
    EXPECT_FALSE(is_second_stream(open, BootId{"two"}, now + 1s + 1ns, 3s));
}

}  // namespace
}  // namespace farshore::core
