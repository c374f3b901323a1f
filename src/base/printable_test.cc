#include "base/printable.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(Printable, WhatATerminalWouldActOnIsNotShown) {
    EXPECT_EQ(printable("\x1b]0;owned\x07 a\x7f\x9b"), "?]0;owned? a?\x9b");
    EXPECT_EQ(
        printable("\xC2\x9B"
                  "31m"),
        "?31m"
    ) << "CSI in one character";
    EXPECT_EQ(printable("a\n2026-11-30 done\tb\r"), "a 2026-11-30 done b ") << "a row stays one";
    EXPECT_EQ(printable("\xC3\xA4\xC2\xA0\xE2\x86\x92"), "\xC3\xA4\xC2\xA0\xE2\x86\x92");
    EXPECT_EQ(printable("\xC2"), "\xC2");
}

}  // namespace
}  // namespace farshore
