#include "base/text.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

using namespace std::chrono_literals;

TEST(Text, Base64IsCanonicalBothWays) {
    EXPECT_EQ(to_base64(""), "");
    EXPECT_EQ(to_base64("f"), "Zg==");
    EXPECT_EQ(to_base64("fo"), "Zm8=");
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(from_base64("Zm8="), "fo");
    EXPECT_EQ(from_base64("Zm9vYmFy"), "foobar");
    EXPECT_FALSE(from_base64("Zm9=").has_value()) << "the unused bits are not zero";
    EXPECT_FALSE(from_base64("Zm8").has_value());
    EXPECT_FALSE(from_base64("Z===").has_value());
}

TEST(Text, TimesSurviveTheTrip) {
    const UtcTime time = utc_from_ms(1'795'000'000'123);
    EXPECT_EQ(from_iso8601(to_iso8601(time)), time);
    EXPECT_EQ(to_iso8601(utc_from_ms(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_amz_date(utc_from_ms(0)), "19700101T000000Z");
    EXPECT_FALSE(from_iso8601("2026-02-30T00:00:00Z").has_value());
    EXPECT_FALSE(from_iso8601("2026-02-20 00:00:00Z").has_value());
}

TEST(Text, DurationsNeedAUnit) {
    EXPECT_EQ(duration_from("500ms"), 500ms);
    EXPECT_EQ(duration_from("2m"), 2min);
    EXPECT_EQ(duration_from("30d"), 24h * 30);
    EXPECT_FALSE(duration_from("30").has_value());
    EXPECT_FALSE(duration_from("ms").has_value());
    EXPECT_FALSE(duration_from("1.5s").has_value());
    EXPECT_FALSE(duration_from("99999999999999999999s").has_value());
}

TEST(Text, DurationsAreReadable) {
    EXPECT_EQ(to_text(250ms), "250ms");
    EXPECT_EQ(to_text(1500ms), "1.5s");
    EXPECT_EQ(to_text(2s), "2s");
    EXPECT_EQ(to_text(250s), "4m10s");
    EXPECT_EQ(to_text(2h), "2h");
}

TEST(Text, SlipsOfTheFingersAreRecognised) {
    constexpr std::array<std::string_view, 3> kKeys{"max_lag", "canary", "name"};
    EXPECT_EQ(did_you_mean("max_lagg", kKeys), "max_lag");
    EXPECT_EQ(did_you_mean("nmae", kKeys), "name");
    EXPECT_FALSE(did_you_mean("colour", kKeys).has_value());
}

TEST(Text, IsCutBetweenCharacters) {
    EXPECT_EQ(beginning_of("abc", 3), "abc");
    EXPECT_EQ(beginning_of("abc", 2), "ab");
    EXPECT_EQ(beginning_of("a\xE2\x80\xA6", 3), "a");
    EXPECT_EQ(beginning_of("a\xE2\x80\xA6z", 4), "a\xE2\x80\xA6");
    EXPECT_EQ(beginning_of("\xE2\x80\xA6", 0), "");
    EXPECT_EQ(beginning_of("\x80\x80\x80\x80\x80\x80", 5).size(), 5U)
        << "no character begins there";
}

TEST(Text, BytesThatAreNoUtf8AreReplaced) {
    EXPECT_EQ(
        as_utf8("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80", 99), "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"
    );
    EXPECT_EQ(as_utf8("gr\xFC\xDF", 99), "gr??") << "Latin-1";
    EXPECT_EQ(as_utf8("\xC0\xAF \xE0\x80\x80 \xF0\x80\x80\x80", 99), "?? ??? ????") << "overlong";
    EXPECT_EQ(as_utf8("\xED\xA0\x80 \xF4\x90\x80\x80 \xFF", 99), "??? ???? ?");
    EXPECT_EQ(as_utf8("a\xE2\x80", 99), "a??");
    EXPECT_EQ(as_utf8("a\xE2\x80\xA6", 3), "a");
}

TEST(Text, SplitKeepsEmptyParts) {
    EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
    EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
    EXPECT_EQ(trim(" \ta b\t "), "a b");
}

}  // namespace
}  // namespace farshore
