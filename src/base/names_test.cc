#include "base/names.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(Names, TheFormOfAnAppKeepsItOutOfPathsKeysAndLabels) {
    for (const char* good : {"a", "shop", "Shop_2.eu-1", "0"}) {
        EXPECT_TRUE(check_name(AppId{good})) << good;
    }
    EXPECT_TRUE(check_name(AppId{std::string(64, 'a')}));
    for (const std::string bad :
         {"",
          "a/b",
          "a?b",
          "a#b",
          "a=b,c",
          ".",
          "..",
          ".a",
          "-a",
          "_a",
          "a b",
          " a",
          "a\n",
          "a\"b",
          "a%2f",
          "h\xc3\xb6st"}) {
        const Status refused = check_name(AppId{bad});
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().kind, ErrorKind::malformed);
        EXPECT_NE(refused.error().remedy.find("1 to 64 letters"), std::string::npos);
    }
    EXPECT_FALSE(check_name(AppId{std::string(65, 'a')}));
    EXPECT_FALSE(check_name(AppId{std::string{"a\0b", 3}}));
}

TEST(Names, AHostMayBeNamedByItsDnsName) {
    EXPECT_TRUE(check_name(HostId{"i-0123456789abcdef0.eu-west-1.compute.internal"}));
    EXPECT_TRUE(check_name(HostId{std::string(253, 'a')}));
    EXPECT_FALSE(check_name(HostId{std::string(254, 'a')}));
    EXPECT_FALSE(check_name(HostId{"shop#host#web-1"}));
    EXPECT_FALSE(check_name(ObserverId{"agents:us-east-1"})) << "the vote of that Region's agents";
}

TEST(Names, ATableHasTheFormThatDynamoDbAsksFor) {
    for (const char* good : {"abc", "_._", "My-Table.2"}) {
        EXPECT_TRUE(check_name(TableName{good})) << good;
    }
    EXPECT_TRUE(check_name(TableName{std::string(255, 'a')}));
    for (const std::string& bad :
         {std::string{"ab"}, std::string(256, 'a'), std::string{"a/b"}, std::string{}}) {
        EXPECT_FALSE(check_name(TableName{bad})) << bad;
    }
}

TEST(Names, ARegionIsNamedAsAwsDoes) {
    for (const char* good : {"us-east-1", "us-gov-west-1", "ap-southeast-12", "mars-north-1"}) {
        EXPECT_TRUE(check_name(RegionId{good})) << good;
    }
    for (const char* bad :
         {"",
          "mars",
          "us-east",
          "US-EAST-1",
          "us-east-1/",
          "us--1",
          "-us-east-1",
          "us-east-a",
          "us_east_1"}) {
        EXPECT_FALSE(check_name(RegionId{bad})) << bad;
    }
    EXPECT_FALSE(check_name(RegionId{std::string(300, 'a') + "-b-1"}));
}

TEST(Names, WhatIsShownOfANameDoesNothingToATerminal) {
    EXPECT_EQ(shown("a\x1b[2Jb"), "a?[2Jb");
    EXPECT_EQ(shown("h\xc3\xb6st"), "h?st");
    EXPECT_EQ(shown(std::string(200, 'a')), std::string(80, 'a') + "…");
}

}  // namespace
}  // namespace farshore
