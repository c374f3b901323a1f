#include "lab/route53/domain_name.h"

#include <gtest/gtest.h>

namespace farshore::lab::route53 {
namespace {

TEST(DomainName, IsSpelledAsRoute53Does) {
    EXPECT_EQ(canonical_name("Magento.Example.COM"), "magento.example.com.");
    EXPECT_EQ(canonical_name("magento.example.com."), "magento.example.com.");
    EXPECT_EQ(canonical_name("*.example.com"), "\\052.example.com.");
    EXPECT_EQ(canonical_name("\\052.example.com"), "\\052.example.com.");
    EXPECT_EQ(canonical_name("a b.com"), "a\\040b.com.");
    EXPECT_EQ(canonical_name("_srv.a-b.com"), "_srv.a-b.com.");
}

TEST(DomainName, RefusesWhatIsNone) {
    EXPECT_FALSE(canonical_name(""));
    EXPECT_FALSE(canonical_name("."));
    EXPECT_FALSE(canonical_name("a..b"));
    EXPECT_FALSE(canonical_name(".a"));
    EXPECT_FALSE(canonical_name("a\\9b.com"));
    EXPECT_FALSE(canonical_name("\\777.com"));
    EXPECT_FALSE(canonical_name("a\\056b.com")) << "DNS would serve it as two labels";
    EXPECT_FALSE(canonical_name(std::string(64, 'a') + ".com"));
    std::string longest;
    for (int i = 0; i < 5; ++i) {
        longest += std::string(60, 'a') + ".";
    }
    EXPECT_FALSE(canonical_name(longest));
    EXPECT_TRUE(canonical_name(std::string(63, 'a') + ".com"));
}

TEST(DomainName, GoesToDnsAndBack) {
    EXPECT_EQ(to_dns_name("\\052.example.com."), "*.example.com");
    EXPECT_EQ(from_dns_name("*.example.com"), "\\052.example.com.");
    EXPECT_EQ(from_dns_name("www.example.com"), "www.example.com.");
}

TEST(DomainName, ListsByReversedLabels) {
    EXPECT_EQ(listing_key("www.example.com."), "com.example.www.");
    EXPECT_LT(listing_key("example.com."), listing_key("a.example.com."));
    EXPECT_LT(listing_key("z.a.example.com."), listing_key("b.example.com."));
}

TEST(DomainName, IsWithinAtLabelsOnly) {
    EXPECT_TRUE(is_within("a.example.com.", "example.com."));
    EXPECT_TRUE(is_within("example.com.", "example.com."));
    EXPECT_FALSE(is_within("badexample.com.", "example.com."));
    EXPECT_FALSE(is_within("com.", "example.com."));
}

}  // namespace
}  // namespace farshore::lab::route53
