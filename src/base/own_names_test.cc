#include "base/own_names.h"

#include <gtest/gtest.h>

namespace farshore {

TEST(OwnNames, AreTheAddressAndLocalhostOfALoopbackListener) {
    const OwnNames names("127.0.0.1", 8642);
    for (const std::string_view own :
         {"127.0.0.1:8642", "localhost:8642", "LocalHost:8642", "localhost", "127.0.0.1"}) {
        EXPECT_TRUE(names.has(own)) << own;
    }
    for (const std::string_view foreign :
         {"evil.example:8642",
          "evil.example",
          "127.0.0.1.evil.example:8642",
          "localhost.evil.example:8642",
          "localhost.:8642",
          "127.0.0.2:8642",
          "127.1:8642",
          "[::1]:8642",
          "127.0.0.1:8643",
          "127.0.0.1:86420",
          "127.0.0.1:8642x",
          "127.0.0.1:",
          "127.0.0.1:+8642",
          "10.0.0.1:8642",
          "",
          ":8642",
          "[127.0.0.1]:8642",
          "::1",
          "user@localhost:8642"}) {
        EXPECT_FALSE(names.has(foreign)) << foreign;
    }
    EXPECT_EQ(names.text(), "127.0.0.1:8642, localhost:8642");
}

TEST(OwnNames, OfAnIpv6ListenerCountHoweverTheyAreSpelled) {
    const OwnNames names("::1", 8642);
    for (const std::string_view own : {"[::1]:8642", "[0:0:0:0:0:0:0:1]:8642", "localhost:8642"}) {
        EXPECT_TRUE(names.has(own)) << own;
    }
    for (const std::string_view foreign : {"127.0.0.1:8642", "[::2]:8642", "[::1", "::1:8642"}) {
        EXPECT_FALSE(names.has(foreign)) << foreign;
    }
}

TEST(OwnNames, OfAListenerOnEveryAddressAreEveryAddressAndNoName) {
    const OwnNames v4("0.0.0.0", 8643);
    EXPECT_TRUE(v4.has("10.0.1.11:8643"));
    EXPECT_TRUE(v4.has("localhost:8643"));
    EXPECT_FALSE(v4.has("10.0.1.11:80"));
    EXPECT_FALSE(v4.has("web-1.example:8643"));
    const OwnNames both("::", 8643);
    EXPECT_TRUE(both.has("[2001:db8::7]:8643"));
    EXPECT_TRUE(both.has("10.0.1.11:8643"));
    EXPECT_FALSE(both.has("web-1.example:8643"));
    const OwnNames outside("10.0.1.11", 8643);
    EXPECT_FALSE(outside.has("localhost:8643")) << "no client reaches it by that name";
}

TEST(OwnNames, CanBeAdded) {
    OwnNames names("127.0.0.1", 8642);
    EXPECT_TRUE(names.add("dynamodb.internal"));
    EXPECT_TRUE(names.add("Agent:9000"));
    EXPECT_FALSE(names.add("http://agent"));
    EXPECT_FALSE(names.add("agent:99999"));
    EXPECT_FALSE(names.add(""));
    EXPECT_TRUE(names.has("dynamodb.internal:8642"));
    EXPECT_TRUE(names.has("dynamodb.internal:9000"));
    EXPECT_TRUE(names.has("agent:9000"));
    EXPECT_FALSE(names.has("agent:8642"));
}

}  // namespace farshore
