#include "base/enum_spelling.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

enum class Light : unsigned char { red, amber_after_red, green };

constexpr const auto& names_of(Light) {
    return kSpelledNames<Light>;
}

TEST(EnumSpelling, AnEnumeratorsOwnSpellingIsItsWord) {
    EXPECT_EQ(to_string(Light::red), "red");
    EXPECT_EQ(to_string(Light::amber_after_red), "amber_after_red");
    EXPECT_EQ(to_string(Light::green), "green");
    EXPECT_EQ(enum_from<Light>("green"), Light::green);
    EXPECT_EQ(enum_from<Light>("blue"), std::nullopt);
}

TEST(EnumSpelling, AValueWithoutAnEnumeratorHasNoWordAndEndsTheCount) {
    EXPECT_EQ(count_of<Light>(), 3U);
    EXPECT_EQ(spelling<static_cast<Light>(3)>(), "");
}

}  // namespace
}  // namespace farshore
