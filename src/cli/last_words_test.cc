#include "cli/last_words.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

TEST(LastWords, AreTheLastLineThatIsNoRemedyAndNoPlace) {
    EXPECT_EQ(last_words_in(""), "");
    EXPECT_EQ(last_words_in("\n\n"), "");
    EXPECT_EQ(last_words_in("a\nb\n"), "b");
    EXPECT_EQ(last_words_in("a\nfarshored: b\n  remedy: c\n\n"), "farshored: b");
    EXPECT_EQ(last_words_in(std::string(2000, 'x')).size(), 500U);
}

TEST(LastWords, OfABugAreItsOwn) {
    for (const char* said :
         {"farshore: assertion failed: INV-2 (a) at b.cc:1",
          "/usr/include/c++/12/optional:482: _Tp* x: Assertion 'this->_M_is_engaged()' failed.",
          "==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
          "==12==ERROR: LeakSanitizer: detected memory leaks",
          "WARNING: ThreadSanitizer: data race (pid=12)",
          "src/a.cc:3:4: runtime error: signed integer overflow",
          "terminate called after throwing an instance of 'std::bad_alloc'"}) {
        const std::string log = std::string{"started\n"} + said + "\n    #0 0x1 in f\nSUMMARY\n";
        EXPECT_EQ(alarm_in(log), said);
        EXPECT_EQ(last_words_in(log), said);
    }
    EXPECT_EQ(alarm_in("12:00:00 main: stopping signal=15\n"), "");
}

TEST(LastWords, OfALongLogAreAtItsEnd) {
    std::string name = (std::filesystem::temp_directory_path() / "farshore-log-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    ASSERT_GE(file, 0);
    ::close(file);
    std::ofstream{name} << std::string(1'000'000, '.') << "\nthe end\n";
    EXPECT_EQ(last_words_in(log_from(name, 0)), "the end");
    EXPECT_EQ(log_from(name, 1'000'001), "the end\n");
    EXPECT_EQ(log_from(name, 2'000'000), "");
    EXPECT_EQ(log_from(name + ".absent", 0), "");
    std::filesystem::remove(name);
}

}  // namespace
}  // namespace farshore::cli
