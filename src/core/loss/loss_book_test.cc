#include "core/loss/loss_book.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using Digest = std::optional<std::string>;

LedgerEntry a_write(std::int64_t at, std::string hash, bool acknowledged = true) {
    return {
        .table = TableName{"t"},
        .key = R"({"id":{"S":"k"}})",
        .op = "PutItem",
        .at = utc_from_ms(at),
        .epoch = Epoch{7},
        .hash = std::move(hash),
        .acknowledged = acknowledged
    };
}

// Changes the only chain of a book.
template <class How>
void change(LossBook& book, const How& how) {
    ASSERT_EQ(book.chains().size(), 1U);
    const LossBook::At at = book.chains().begin()->first;
    book.change(at, [&](KeyChain& chain) {
        how(chain);
        return true;
    });
}

void promoted(LossBook& book, const Digest& digest) {
    change(book, [&](KeyChain& chain) { chain.at_promotion(digest); });
}

void looked(LossBook& book, const KeySight& sight, std::int64_t at) {
    change(book, [&](KeyChain& chain) { chain.look(sight, utc_from_ms(at)); });
}

struct Case {
    std::string name;
    std::vector<std::string> written;  // digests in the order of writing
    Digest at_promotion;
    std::vector<KeySight> sights;
    std::vector<Fate> fates;
    bool settled = true;
};

std::vector<Case> cases() {
    const Digest none;
    using enum Fate;
    return {
        {"it had arrived before the promotion", {"d1"}, "d1", {{none, "d1"}}, {present}},
        {"what lies under an arrived write is present too",
         {"d1", "d2"},
         "d2",
         {{none, "d2"}},
         {present, present}},
        {"nothing is known while the old Region is away",
         {"d1"},
         "old",
         {{none, "old"}},
         {at_risk},
         false},
        {"it arrives when the old Region is back",
         {"d1"},
         "old",
         {{none, "old"}, {"d1", "old"}, {"d1", "d1"}},
         {applied_late}},
        {"the earlier of two arrived, the later comes late",
         {"d1", "d2"},
         "d1",
         {{"d2", "d2"}},
         {present, applied_late}},
        {"an earlier write that passes by is not the end",
         {"d1", "d2"},
         "old",
         {{"d2", "d1"}},
         {at_risk, at_risk},
         false},
        {"a newer write in the target wins",
         {"d1"},
         "old",
         {{none, "new"}, {"d1", "new"}, {"new", "new"}},
         {suppressed}},
        {"it is still under way while the old Region shows it",
         {"d1"},
         "old",
         {{none, "new"}, {"d1", "new"}},
         {at_risk},
         false},
        {"a hot key settles though it is never seen equal",
         {"d1"},
         "old",
         {{none, "n1"}, {"n2", "n3"}},
         {suppressed}},
        {"both Regions agree on what was before it",
         {"d1"},
         "old",
         {{"old", "old"}},
         {never_arrived}},
        {"the item was absent and stays so",
         {"d1"},
         "absent",
         {{"absent", "absent"}},
         {never_arrived}},
        {"a delete that comes late", {"absent"}, "old", {{"absent", "absent"}}, {applied_late}},
        {"no reading at the promotion, and it was there", {"d1"}, none, {{none, "d1"}}, {present}},
        {"no reading at the promotion, and it comes", {"d1"}, none, {{"d1", "d1"}}, {applied_late}},
        {"no reading at the promotion, and something else is there",
         {"d1"},
         none,
         {{"x", "x"}},
         {unknown}},
        {"a write without a digest", {""}, "old", {{"x", "x"}}, {unknown}},
        {"written again around the return: on top of it, or before it could come",
         {"d1"},
         "old",
         {{none, "old"}, {"x", "x"}},
         {unknown}},
        {"the target cannot be read", {"d1"}, "old", {{"old", none}}, {at_risk}, false},
    };
}

TEST(LossBook, EachWriteAtRiskHasExactlyOneFate) {
    for (const Case& one : cases()) {
        SCOPED_TRACE(one.name);
        LossBook book;
        std::int64_t at = 100;
        for (const std::string& hash : one.written) {
            ASSERT_NE(book.add(HostId{"h"}, a_write(at++, hash)), nullptr);
        }
        promoted(book, one.at_promotion);
        for (const KeySight& sight : one.sights) {
            looked(book, sight, 1000);
        }
        const KeyChain& chain = book.chains().begin()->second;
        ASSERT_EQ(chain.writes().size(), one.fates.size());
        for (std::size_t i = 0; i < one.fates.size(); ++i) {
            EXPECT_EQ(to_string(chain.writes()[i].fate), to_string(one.fates[i])) << "write " << i;
        }
        EXPECT_EQ(book.settled(), one.settled);
        const LossCounts counts = book.counts();
        EXPECT_EQ(
            counts.at_risk,
            counts.applied_late + counts.suppressed + counts.never_arrived + counts.unknown
        ) << "the books balance";
        EXPECT_EQ(counts.at_risk + counts.present, one.written.size());
    }
}

TEST(LossBook, ChainsOfSeveralAgentsAreMergedByTime) {
    LossBook book;
    book.add(HostId{"h2"}, a_write(20, "d2"));
    book.add(HostId{"h1"}, a_write(10, "d1"));
    book.add(HostId{"h1"}, a_write(30, "d3"));
    book.add(HostId{"h1"}, a_write(30, "d3"));  // reported twice
    ASSERT_EQ(book.chains().size(), 1U);
    const KeyChain& chain = book.chains().begin()->second;
    ASSERT_EQ(chain.writes().size(), 3U);
    EXPECT_EQ(chain.writes()[0].entry.hash, "d1");
    EXPECT_EQ(chain.writes()[1].host, HostId{"h2"});
    EXPECT_EQ(chain.writes()[2].entry.hash, "d3");
}

// The host's wall clock was set back by two hours between its two writes of a key. The first
// of them has arrived: the second lies on top of it, and is at risk.
TEST(LossBook, AHostsWritesStayInTheOrderOfTheirMakingWhateverItsClockSays) {
    LossBook book;
    LedgerEntry first = a_write(7'200'000, "d1");
    first.order = 1001;
    LedgerEntry second = a_write(5, "d2");
    second.order = 1002;
    book.add(HostId{"h1"}, second);
    book.add(HostId{"h1"}, first);
    book.add(HostId{"h1"}, second);
    promoted(book, "d1");
    EXPECT_EQ(book.counts().present, 1U);
    EXPECT_EQ(book.counts().at_risk, 1U);
    const auto& writes = book.chains().begin()->second.writes();
    ASSERT_EQ(writes.size(), 2U);
    EXPECT_EQ(writes.back().entry.hash, "d2");
    EXPECT_EQ(writes.back().fate, Fate::at_risk);
}

// Its machine became again what a snapshot was that is older than both of its writes: it gives a
// new one, which nothing has replicated, the order of the first.
TEST(LossBook, AWriteUnderAnOrderThatItsHostHadToldLiesOnTopOfTheOthers) {
    const HostId host{"h1"};
    LedgerEntry first = a_write(100, "d1");
    first.order = 1001;
    LedgerEntry second = a_write(101, "d2");
    second.order = 1002;
    LedgerEntry again = a_write(100, "d3");
    again.order = 1001;
    for (const bool behind_a_restart : {false, true}) {
        SCOPED_TRACE(behind_a_restart ? "the controller has restarted" : "in one life");
        LossBook before;
        before.add(host, first);
        before.add(host, second);
        promoted(before, "d2");
        before.note_told(host, 1002);
        LossBook restored;
        restored.restore(before.chains().begin()->second);
        LossBook& book = behind_a_restart ? restored : before;
        book.add(host, again);
        book.add(host, again);  // named twice
        const auto& writes = book.chains().begin()->second.writes();
        ASSERT_EQ(writes.size(), 3U);
        EXPECT_EQ(writes.back().entry.hash, "d3");
        EXPECT_EQ(writes.back().fate, Fate::at_risk);
        EXPECT_EQ(book.counts().present, 2U);
    }
}

TEST(LossBook, AnOperatorDecidesWhatHasNoFateOrAnUnknownOne) {
    LossBook book;
    book.add(HostId{"h"}, a_write(1, "a"));
    book.add(HostId{"h"}, a_write(2, "b"));
    promoted(book, "a");
    change(book, [](KeyChain& chain) {
        EXPECT_EQ(chain.decide(Fate::never_arrived, utc_from_ms(9), "operator:jo: looked"), 1U);
        EXPECT_EQ(chain.decide(Fate::present, utc_from_ms(9), "again"), 0U) << "it has a fate";
        EXPECT_EQ(chain.reason(), "operator:jo: looked");
    });
    EXPECT_TRUE(book.settled());
    EXPECT_EQ(book.open_writes(), 0U);
    EXPECT_EQ(book.counts().present, 1U) << "what is known stays";
    EXPECT_EQ(book.counts().never_arrived, 1U);
}

TEST(LossBook, ALateComerOpensASettledKeyAgain) {
    LossBook book;
    book.add(HostId{"h1"}, a_write(10, "d1"));
    promoted(book, "d1");
    looked(book, {.old_region = std::nullopt, .target = "d1"}, 1);
    ASSERT_TRUE(book.settled());
    book.add(HostId{"h2"}, a_write(20, "d2"));
    EXPECT_FALSE(book.settled());
    EXPECT_EQ(book.counts().present, 1U);
    EXPECT_EQ(book.counts().at_risk, 1U);
}

TEST(LossBook, ALateComerOpensAKeyWhoseWritesWereToldAsLost) {
    LossBook book;
    book.add(HostId{"h1"}, a_write(10, "d1"));
    promoted(book, "old");
    looked(book, {.old_region = "old", .target = "old"}, 1);
    ASSERT_EQ(book.counts().never_arrived, 1U);
    book.add(HostId{"h2"}, a_write(20, "d2"));
    EXPECT_EQ(book.open_writes(), 2U) << "the whole chain is judged anew";
    EXPECT_EQ(book.counts().never_arrived, 0U);
}

TEST(LossBook, WritesThatNobodyWasToldOfAreNotCounted) {
    LossBook book;
    book.add(HostId{"h1"}, a_write(10, "d1"));
    book.add(HostId{"h1"}, a_write(20, "d2", false));
    promoted(book, "old");
    EXPECT_EQ(book.open_writes(), 1U);
    looked(book, {.old_region = "d2", .target = "d2"}, 1);
    EXPECT_EQ(book.open_writes(), 0U);
    EXPECT_EQ(book.counts().at_risk, 1U);
    EXPECT_EQ(book.counts().applied_late, 1U);
}

TEST(LossBook, IsBounded) {
    LossBook book(2);
    EXPECT_NE(book.add(HostId{"h"}, a_write(1, "a")), nullptr);
    EXPECT_NE(book.add(HostId{"h"}, a_write(2, "b")), nullptr);
    EXPECT_EQ(book.add(HostId{"h"}, a_write(3, "c")), nullptr);
    EXPECT_TRUE(book.truncated());
}

TEST(LossBook, WhatADrainHasProvenIsPresent) {
    LossBook book;
    book.add(HostId{"h"}, a_write(1, "a"));
    change(book, [](KeyChain& chain) { chain.prove(utc_from_ms(9)); });
    EXPECT_TRUE(book.settled());
    EXPECT_EQ(book.counts().present, 1U);
    EXPECT_EQ(book.counts().at_risk, 0U);
}

TEST(LossBook, WhatStaysOpenForTooLongIsUnknown) {
    LossBook book;
    book.add(HostId{"h"}, a_write(1, "a"));
    promoted(book, "old");
    change(book, [](KeyChain& chain) { chain.give_up(utc_from_ms(9), "it cannot be read"); });
    EXPECT_TRUE(book.settled());
    EXPECT_EQ(book.counts().unknown, 1U);
    EXPECT_EQ(book.chains().begin()->second.reason(), "it cannot be read");
}

// A hot key: one host wrote it twenty thousand times in the seconds before.
TEST(LossBook, EntriesThatAreReportedTwiceAreThereOnce) {
    LossBook book;
    for (int again = 0; again < 2; ++again) {
        for (std::int64_t i = 0; i < 20'000; ++i) {
            book.add(HostId{"h"}, a_write(i / 3, "d" + std::to_string(i)));
        }
    }
    EXPECT_EQ(book.chains().begin()->second.writes().size(), 20'000U);
    promoted(book, "old");
    EXPECT_EQ(book.counts().at_risk, 20'000U);
}

TEST(LossBook, AKeyThatEachRegionRefusesWasNeverWritten) {
    LossBook book;
    ASSERT_NE(book.add(HostId{"a"}, a_write(1, "d1", false)), nullptr);
    ASSERT_NE(book.add(HostId{"a"}, a_write(2, "", false)), nullptr);
    change(book, [](KeyChain& chain) { EXPECT_TRUE(chain.refuse(utc_from_ms(9), false)); });
    const KeyChain& chain = book.chains().begin()->second;
    EXPECT_TRUE(chain.settled());
    EXPECT_EQ(chain.writes()[0].fate, Fate::never_arrived);
    EXPECT_EQ(chain.writes()[1].fate, Fate::never_arrived) << "digest or not";
    EXPECT_EQ(chain.reason(), "each Region refuses a key like this");
    EXPECT_EQ(book.counts().never_arrived, 0U) << "no client was told that they had happened";
    EXPECT_TRUE(book.settled());
}

// DynamoDB accepts no such key: what the host told is not what it wrote.
TEST(LossBook, AnAcknowledgedWriteUnderARefusedKeyIsUnknownOnceOtherKeysAreAnswered) {
    LossBook book;
    ASSERT_NE(book.add(HostId{"a"}, a_write(1, "d1")), nullptr);
    change(book, [](KeyChain& chain) { EXPECT_FALSE(chain.refuse(utc_from_ms(9), false)); });
    EXPECT_FALSE(book.settled()) << "it may be the table that cannot be read";
    change(book, [](KeyChain& chain) { EXPECT_TRUE(chain.refuse(utc_from_ms(9), true)); });
    EXPECT_TRUE(book.settled());
    EXPECT_EQ(book.counts().unknown, 1U);
}

// One after the other they are judged as if all had been there at the promotion; so are the sums.
TEST(LossBook, LateComersOfAKeyAreJudgedLikeThoseThatCameInTime) {
    const std::vector<std::string> digests{"d1", "", "d2", "d1", "d3", "d2", "d4"};
    for (const std::string& found : {"d1", "d2", "d4", "none", ""}) {
        LossBook in_time;
        for (std::size_t i = 0; i < digests.size(); ++i) {
            in_time.add(HostId{"h"}, a_write(static_cast<std::int64_t>(i), digests[i]));
        }
        promoted(in_time, found);
        // From the newest to the oldest, from the oldest to the newest, and from the middle.
        for (const std::size_t first : {digests.size() - 1, std::size_t{0}, std::size_t{3}}) {
            LossBook late;
            late.add(HostId{"h"}, a_write(static_cast<std::int64_t>(first), digests[first]));
            promoted(late, found);
            for (std::size_t i = 0; i < digests.size(); ++i) {
                const std::size_t each = first == 0 ? i : digests.size() - 1 - i;
                late.add(HostId{"h"}, a_write(static_cast<std::int64_t>(each), digests[each]));
            }
            EXPECT_EQ(late.counts(), in_time.counts()) << found << " from " << first;
            const auto& expected = in_time.chains().begin()->second.writes();
            const auto& judged = late.chains().begin()->second.writes();
            ASSERT_EQ(judged.size(), expected.size());
            for (std::size_t i = 0; i < judged.size(); ++i) {
                EXPECT_EQ(judged[i].fate, expected[i].fate) << found << ", write " << i;
            }
        }
    }
}

}  // namespace
}  // namespace farshore::core
