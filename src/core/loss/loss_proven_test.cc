#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/loss/loss_book.h"

// Writes that lie under another host's, which that host had seen in the target.
namespace farshore::core {
namespace {

const HostId kWeb1{"web-1"};
const HostId kWeb2{"web-2"};
const LossBook::At kAt{"t", R"({"id":{"S":"k"}})"};

LedgerEntry a_write(std::int64_t at, std::string hash) {
    return {
        .table = TableName{kAt.first},
        .key = kAt.second,
        .op = "UpdateItem",
        .at = utc_from_ms(at),
        .epoch = Epoch{7},
        .hash = std::move(hash),
        .acknowledged = true
    };
}

void promoted(LossBook& book, const std::optional<std::string>& digest) {
    ASSERT_TRUE(book.change(kAt, [&](KeyChain& chain) {
        chain.at_promotion(digest);
        return true;
    }));
}

void looked(LossBook& book, const KeySight& sight) {
    book.change(kAt, [&](KeyChain& chain) { return chain.look(sight, utc_from_ms(1000)); });
}

// The fates of unproven writes, in the order of the chain.
std::vector<std::string> fates(const LossBook& book) {
    std::vector<std::string> out;
    for (const RiskyWrite& write : book.find(kAt)->writes()) {
        if (!write.proven) {
            out.emplace_back(to_string(write.fate));
        }
    }
    return out;
}

using Fates = std::vector<std::string>;

// The standby had web-1's write on top of web-2's before web-2 looked, so web-2 never saw its own.
TEST(LossProven, AWriteUnderAnotherHostsProvenOneIsPresent) {
    for (const bool proven_first : {true, false}) {
        SCOPED_TRACE(proven_first ? "named before" : "named behind");
        LossBook book;
        if (proven_first) {
            EXPECT_EQ(book.add_proven(kWeb1, a_write(117, "a06f")), nullptr);
        }
        ASSERT_NE(book.add(kWeb2, a_write(100, "3a4f")), nullptr);
        if (!proven_first) {
            EXPECT_NE(book.add_proven(kWeb1, a_write(117, "a06f")), nullptr) << "to be saved";
        }
        EXPECT_EQ(book.open_writes(), 1U) << "not judged before the promotion";
        promoted(book, "a06f");
        EXPECT_EQ(fates(book), Fates{"present"});
        looked(book, {.old_region = std::nullopt, .target = "newer"});
        EXPECT_TRUE(book.settled());
        EXPECT_EQ(fates(book), Fates{"present"});
        EXPECT_EQ(book.counts(), (LossCounts{.present = 1})) << "of web-2's write alone";
    }
}

// A third host's write, unproven too, may be what was found, or nothing could be read in time.
TEST(LossProven, WhateverIsFoundAtThePromotionWhatLiesUnderAProvenWriteIsThere) {
    for (const std::optional<std::string>& found : {std::optional<std::string>{"other"}, {}}) {
        LossBook book;
        book.add_proven(kWeb1, a_write(117, "a06f"));
        book.add(kWeb2, a_write(100, "3a4f"));
        promoted(book, found);
        EXPECT_EQ(fates(book), Fates{"present"});
    }
}

TEST(LossProven, AWriteOnTopOfTheProvenOneStaysAtRisk) {
    LossBook book;
    book.add(kWeb2, a_write(90, "under"));
    book.add(kWeb2, a_write(120, "3a4f"));
    book.add_proven(kWeb1, a_write(100, "a06f"));
    promoted(book, "a06f");
    EXPECT_EQ(fates(book), (Fates{"present", "at_risk"}));
    EXPECT_EQ(book.counts().present, 1U);
    EXPECT_EQ(book.counts().at_risk, 1U);
    looked(book, {.old_region = std::nullopt, .target = "newer"});
    looked(book, {.old_region = "newer", .target = "newer"});
    EXPECT_EQ(fates(book), (Fates{"present", "suppressed"}));
    EXPECT_EQ(book.counts().suppressed, 1U);
}

TEST(LossProven, ProvenWritesAloneMakeNoChainAndAreBounded) {
    LossBook book(10, 1);
    EXPECT_EQ(book.add_proven(kWeb1, a_write(117, "a06f")), nullptr);
    LedgerEntry other = a_write(118, "b17e");
    other.key = R"({"id":{"S":"other"}})";
    EXPECT_EQ(book.add_proven(kWeb1, other), nullptr);
    EXPECT_TRUE(book.chains().empty());
    EXPECT_TRUE(book.settled());
    EXPECT_FALSE(book.truncated()) << "no write at risk is missing";
    LedgerEntry at_risk = other;
    at_risk.at = utc_from_ms(100);
    at_risk.hash = "3a4f";
    book.add(kWeb2, at_risk);
    book.add(kWeb2, a_write(100, "3a4f"));
    EXPECT_EQ(book.find({"t", other.key})->writes().size(), 1U) << "there was no room for it";
    EXPECT_EQ(book.find(kAt)->writes().size(), 2U);
}

// What the looks have found out of later writes cannot be found out again.
TEST(LossProven, AHostThatNamesItsProvenWriteLateChangesWhatLiesUnderItAlone) {
    LossBook book;
    book.add(kWeb2, a_write(90, "under"));
    book.add(kWeb2, a_write(120, "3a4f"));
    promoted(book, "old");
    looked(book, {.old_region = "old", .target = "old"});
    ASSERT_EQ(fates(book), (Fates{"never_arrived", "never_arrived"}));
    EXPECT_NE(book.add_proven(kWeb1, a_write(100, "a06f")), nullptr);
    EXPECT_EQ(fates(book), (Fates{"present", "never_arrived"}));
    EXPECT_TRUE(book.settled());
    EXPECT_EQ(book.counts(), (LossCounts{.at_risk = 1, .present = 1, .never_arrived = 1}));
    EXPECT_EQ(book.add_proven(kWeb1, a_write(100, "a06f")), nullptr) << "named twice";
}

TEST(LossProven, AWriteThatIsNamedLateUnderAProvenOneIsPresent) {
    LossBook book;
    book.add(kWeb2, a_write(120, "3a4f"));
    promoted(book, "old");
    book.add_proven(kWeb1, a_write(100, "a06f"));
    book.add(HostId{"web-3"}, a_write(90, "under"));
    EXPECT_EQ(fates(book), (Fates{"present", "at_risk"}));
    EXPECT_EQ(book.counts().present, 1U);
}

TEST(LossProven, ALaterWriteThatIsNamedLateIsJudgedWithIt) {
    LossBook book;
    book.add(kWeb2, a_write(90, "under"));
    book.add_proven(kWeb1, a_write(100, "a06f"));
    promoted(book, std::nullopt);
    looked(book, {.old_region = std::nullopt, .target = "a06f"});
    ASSERT_TRUE(book.settled());
    book.add(HostId{"web-3"}, a_write(120, "3a4f"));
    EXPECT_EQ(fates(book), (Fates{"present", "at_risk"}));
    EXPECT_EQ(book.open_writes(), 1U);
}

}  // namespace
}  // namespace farshore::core
