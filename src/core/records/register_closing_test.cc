#include "core/records/register_closing.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1h};

// Three copies should be there; each of these answered with the name of its register.
EpochReading reading(const std::vector<std::string>& registers) {
    EpochReading read{.asked = 3, .copies = {}, .detail = {}};
    for (const std::string& name : registers) {
        EpochItem copy{.epoch = Epoch{7}, .active = RegionId{"us-east-1"}};
        copy.register_id = name;
        read.copies.push_back(copy);
    }
    return read;
}

RegisterClosing closing(bool by_items = true) {
    RegisterClosing made({.register_id = "new", .by_items = by_items, .clock_error = 200ms});
    made.begun(kNow, 6s);
    return made;
}

TEST(RegisterClosing, IsAloneALeaseAfterAMajorityOfTheItemsNamesIt) {
    RegisterClosing register_closing = closing();
    EXPECT_FALSE(register_closing.alone_from());
    register_closing.looked(kNow + 1s, reading({"new", "new", "old"}), 6s);
    EXPECT_EQ(register_closing.alone_from(), kNow + 7s + 200ms);
    EXPECT_FALSE(register_closing.is_alone(kNow + 7s + 200ms - 1ns));
    EXPECT_TRUE(register_closing.is_alone(kNow + 7s + 200ms));
}

TEST(RegisterClosing, CopiesThatDoNotAnswerCountForAnotherRegister) {
    RegisterClosing register_closing = closing();
    register_closing.looked(kNow + 1s, reading({"new", "old", "old"}), 6s);
    register_closing.looked(kNow + 2s, reading({"new"}), 6s);
    register_closing.looked(kNow + 3s, reading({"new", ""}), 6s);
    register_closing.looked(kNow + 4s, {}, 6s);
    EXPECT_FALSE(register_closing.alone_from());
}

TEST(RegisterClosing, LaterReadingsMoveTheMomentNoMore) {
    RegisterClosing register_closing = closing();
    register_closing.looked(kNow + 1s, reading({"new", "new"}), 10s);
    register_closing.looked(kNow + 2s, reading({"new", "new", "new"}), 6s);
    register_closing.looked(kNow + 3s, reading({"old", "old", "old"}), 6s);
    EXPECT_EQ(register_closing.alone_from(), kNow + 11s + 200ms)
        << "an agent may have taken the longer lease until the first of them";
}

TEST(RegisterClosing, WithoutItemsItWaitsForTheLeasesOfControllers) {
    EXPECT_EQ(closing(false).alone_from(), kNow + 6s + 200ms);
}

}  // namespace
}  // namespace farshore::core
