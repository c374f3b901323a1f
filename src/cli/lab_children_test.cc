#include "cli/lab_children.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Longer than any end takes that comes at all.
constexpr auto kLong = 60s;

class ChildEnds : public ::testing::Test {
  protected:
    ChildEnds() {
        std::string name = (fs::temp_directory_path() / "farshore-children-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
    }

    ~ChildEnds() override {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }

    [[nodiscard]] std::string log_file() const { return directory_ + "/child.log"; }

    // A shell that runs this; it has said "ready" when this returns.
    pid_t start(const std::string& script) {
        const auto started = children.start(
            {.name = "child", .argv = {"/bin/sh", "-c", script}, .log_file = log_file()}
        );
        EXPECT_TRUE(started.has_value());
        while (!log().contains("ready\n")) {
            std::this_thread::yield();
        }
        return started.value_or(0);
    }

    [[nodiscard]] std::string log() const {
        const std::ifstream in{log_file()};
        std::ostringstream text;
        text << in.rdbuf();
        return text.str();
    }

    ChildExit end() {
        while (true) {
            if (const auto ended = children.reap(); !ended.empty()) {
                return ended.front();
            }
            std::this_thread::yield();
        }
    }

    Children children;

  private:
    std::string directory_;
};

constexpr auto kUntilTerm = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done";

TEST_F(ChildEnds, WithStatusZeroIsWell) {
    start("echo ready; exit 0");
    EXPECT_TRUE(end().well());
}

TEST_F(ChildEnds, WithAnotherStatusIsBadAndItsLastWordsAreTold) {
    start("echo ready; echo cannot open the store; echo '  remedy: wait'; exit 3");
    const ChildExit ended = end();
    EXPECT_FALSE(ended.well());
    EXPECT_EQ(
        ended.bad_end().text(),
        "child (pid " + std::to_string(ended.pid) +
            ") ended badly: exit status 3; its last words: cannot open the store"
    );
    EXPECT_EQ(ended.bad_end().log, log_file());
}

TEST_F(ChildEnds, ByItsOwnSignalIsBad) {
    start("echo ready; kill -SEGV $$");
    const ChildExit ended = end();
    EXPECT_FALSE(ended.well());
    EXPECT_EQ(ended.text(), "killed by signal 11 (SEGV)");
}

TEST_F(ChildEnds, ByTheSignalThatKilledItOnPurposeIsWell) {
    start(kUntilTerm);
    children.kill("child");
    const ChildExit ended = end();
    EXPECT_TRUE(ended.well()) << ended.text();
}

TEST_F(ChildEnds, ByTheSameSignalFromAnotherIsBad) {
    ::kill(start(kUntilTerm), SIGKILL);
    const ChildExit ended = end();
    EXPECT_FALSE(ended.well());
    EXPECT_EQ(ended.text(), "killed by signal 9 (KILL)");
}

TEST_F(ChildEnds, WithTheWordsOfABugIsBadWhateverTheStatus) {
    start(
        "echo; echo 'WARNING: ThreadSanitizer: data race (pid=1)'; echo and more; " +
        std::string{kUntilTerm}
    );
    const auto ended = children.stop_all(kLong);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended.front().status, 0);
    EXPECT_FALSE(ended.front().well());
    EXPECT_EQ(ended.front().last_words, "WARNING: ThreadSanitizer: data race (pid=1)");
}

TEST_F(ChildEnds, AreNotBlamedForWhatAnEarlierProcessSaid) {
    std::ofstream{log_file()} << "farshore: assertion failed: INV-2 (x) at y:1\n";
    start("echo ready; exit 0");
    const ChildExit ended = end();
    EXPECT_TRUE(ended.well()) << ended.last_words;
}

TEST_F(ChildEnds, WhenAskedIsWellAlsoAfterAStop) {
    ::kill(start(kUntilTerm), SIGSTOP);
    const auto ended = children.stop_all(kLong);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_TRUE(ended.front().well()) << ended.front().text();
    EXPECT_TRUE(children.empty());
}

TEST_F(ChildEnds, TooLateIsBad) {
    start("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    const auto ended = children.stop_all(50ms);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_FALSE(ended.front().well());
    EXPECT_EQ(ended.front().text(), "it did not end in time after SIGTERM, and was killed");
}

}  // namespace
}  // namespace farshore::cli
