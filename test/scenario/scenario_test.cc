#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/text.h"

#include "scenario/stage.h"

// Every file of test/data/scenarios is a test: what happens, and what the core decides about it.
namespace farshore::scenario {
namespace {

std::vector<std::string> stories() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(FARSHORE_SOURCE_DIR "/test/data/scenarios")) {
        names.push_back(entry.path().stem().string());
    }
    std::ranges::sort(names);
    return names;
}

class Scenario : public testing::TestWithParam<std::string> {};

bool all_hold(const Stage& stage, const Expectation& expected) {
    return std::ranges::all_of(expected.facts, [&](const auto& fact) {
        return stage.holds(fact.first, fact.second);
    });
}

TEST_P(Scenario, IsDecidedAsItsFileSays) {
    const std::string path = FARSHORE_SOURCE_DIR "/test/data/scenarios/" + GetParam() + ".yaml";
    const Story story = read_story(path);
    Stage stage(story.policy);
    std::vector<bool> seen(story.expected.size(), false);
    Duration end{};
    for (const Expectation& expected : story.expected) {
        end = std::max(end, expected.time);
    }
    std::size_t next = 0;
    while (stage.elapsed() <= end) {
        while (next < story.timeline.size() && story.timeline[next].at <= stage.elapsed()) {
            stage.apply(story.timeline[next++]);
        }
        stage.turn();
        for (std::size_t i = 0; i < story.expected.size(); ++i) {
            const Expectation& expected = story.expected[i];
            const bool now =
                expected.time <= stage.elapsed() && stage.elapsed() < expected.time + Stage::kTick;
            const bool before = stage.elapsed() <= expected.time;
            switch (expected.when) {
                case Expectation::When::by:
                    seen[i] = seen[i] || (before && all_hold(stage, expected));
                    break;
                case Expectation::When::at:
                    seen[i] = seen[i] || (now && all_hold(stage, expected));
                    break;
                case Expectation::When::until:
                    seen[i] = true;
                    ASSERT_TRUE(!before || all_hold(stage, expected))
                        << path << ":" << expected.line << ": not so any more at "
                        << to_text(stage.elapsed()) << "\n"
                        << stage.words();
                    break;
            }
            ASSERT_TRUE(seen[i] || stage.elapsed() <= expected.time + Stage::kTick)
                << path << ":" << expected.line << ": not so at " << to_text(stage.elapsed())
                << "\n"
                << stage.words();
        }
    }
    EXPECT_TRUE(std::ranges::all_of(seen, [](bool each) { return each; })) << stage.words();
}

INSTANTIATE_TEST_SUITE_P(Stories, Scenario, testing::ValuesIn(stories()), [](const auto& info) {
    return info.param;
});

}  // namespace
}  // namespace farshore::scenario
