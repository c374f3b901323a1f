#include "wire/host_record.h"

#include <gtest/gtest.h>

namespace farshore::wire {
namespace {

const AppId kApp{"storefront"};

TEST(HostRecord, ItsKeySaysWhoseItIs) {
    EXPECT_EQ(host_record_key(kApp, HostId{"web-1"}), "storefront#host#web-1");
    EXPECT_EQ(host_of_record_key(kApp, "storefront#host#web-1"), HostId{"web-1"});
    EXPECT_EQ(host_of_record_key(kApp, "storefront#host#AROAEXAMPLEID:i-0abc"), HostId{"i-0abc"});
}

TEST(HostRecord, AnythingElseIsNobodys) {
    for (const char* key :
         {"storefront",
          "storefront#host#",
          "storefront#host#AROAEXAMPLEID:",
          "storefront#host#AROAEXAMPLEID:a:b",
          "storefront#host#a/b",
          "shop#host#web-1",
          ""}) {
        EXPECT_FALSE(host_of_record_key(kApp, key)) << key;
    }
}

}  // namespace
}  // namespace farshore::wire
