#include "base/json_text.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

std::string quoted(std::string_view text) {
    std::string out = ">";
    append_json_text(out, text);
    return out;
}

TEST(JsonText, WhatJsonDoesNotAllowIsEscapedAndNothingElse) {
    EXPECT_EQ(quoted(""), ">\"\"");
    EXPECT_EQ(quoted("Größe / 7 <&>"), ">\"Größe / 7 <&>\"");
    EXPECT_EQ(quoted("\"\\\b\f\n\r\t"), R"(>"\"\\\b\f\n\r\t")");
    EXPECT_EQ(quoted(std::string_view{"\0\x1f\x7f", 3}), ">\"\\u0000\\u001f\x7f\"");
}

}  // namespace
}  // namespace farshore
