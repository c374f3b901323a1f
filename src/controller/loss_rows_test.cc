#include "controller/loss_rows.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// Loss books as rows of the store, and as the API shows them.
namespace farshore::controller {
namespace {

using core::KeyChain;
using core::LossBook;

core::LedgerEntry a_write(std::int64_t at, std::string hash) {
    return {
        .table = TableName{"t"},
        .key = R"({"id":{"S":"k"}})",
        .op = "PutItem",
        .at = utc_from_ms(at),
        .epoch = Epoch{7},
        .hash = std::move(hash),
        .acknowledged = true
    };
}

// Of the only chain of a book.
void promoted(LossBook& book, const std::string& digest) {
    const LossBook::At at = book.chains().begin()->first;
    book.change(at, [&](KeyChain& chain) {
        chain.at_promotion(digest);
        return true;
    });
}

void looked(LossBook& book, const core::KeySight& sight, std::int64_t at) {
    const LossBook::At key = book.chains().begin()->first;
    book.change(key, [&](KeyChain& chain) { return chain.look(sight, utc_from_ms(at)); });
}

TEST(LossRows, IsReadInPages) {
    LossBook book;
    for (int i = 0; i < 5; ++i) {
        core::LedgerEntry entry = a_write(i, "d");
        entry.key = R"({"id":{"S":"k)" + std::to_string(i) + R"("}})";
        book.add(HostId{"h"}, entry);
    }
    std::vector<std::size_t> sizes;
    std::size_t after = 0;
    for (int page = 0; page < 10; ++page) {
        const auto document =
            losses_document(OperationId{"op-1"}, book, {.after = after, .limit = 2});
        sizes.push_back(document.at("entries").as_array().size());
        if (document.at("next").is_null()) {
            break;
        }
        after = document.at("next").to_number<std::size_t>();
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 2, 1}));
}

TEST(LossRows, AChainIsReadAsItWasWritten) {
    LossBook book;
    book.add(HostId{"h1"}, a_write(10, "d1"));
    book.add(HostId{"h2"}, a_write(20, ""));
    promoted(book, "old");
    looked(book, {.old_region = std::nullopt, .target = "new"}, 5);
    const std::string text = boost::json::serialize(chain_document(book.chains().begin()->second));
    const auto read = read_chain(text);
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_EQ(boost::json::serialize(chain_document(*read)), text);
    LossBook again;
    again.restore(*read);
    EXPECT_EQ(again.open_writes(), 2U);
    looked(again, {.old_region = "new", .target = "new"}, 6);
    EXPECT_EQ(again.counts().suppressed, 1U) << "what was seen before the restart counts";
    EXPECT_EQ(again.counts().unknown, 1U)
        << "without a digest the items do not tell whether it is lost";
    EXPECT_FALSE(read_chain("{}").has_value());
}

// The book is written and shown, whatever a host names as the key of a write.
TEST(LossRows, AKeyOfAnyFormIsWrittenDownAndReadAgain) {
    std::string deep = R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}";
    for (const std::string& key : {deep, std::string{R"({"a":1e999})"}, std::string{"no object"}}) {
        LossBook book;
        core::LedgerEntry entry = a_write(10, "d1");
        entry.key = key;
        entry.order = 1001;
        entry.left_out = true;
        book.add(HostId{"h1"}, entry);
        EXPECT_EQ(
            losses_document(OperationId{"op-1"}, book, {}).at("entries").as_array().size(), 1U
        );
        const auto again = book_of({book_row(book), row_of(book.chains().begin()->second)});
        ASSERT_TRUE(again.has_value()) << key << again.error().text;
        const core::RiskyWrite& write = again->chains().begin()->second.writes().front();
        EXPECT_EQ(write.entry.order, 1001U);
        EXPECT_TRUE(write.entry.left_out);
        EXPECT_EQ(write.entry.op, "PutItem");
    }
}

TEST(LossRows, ItsRowsBringTheWholeBookBack) {
    LossBook book;
    book.note_waited(std::chrono::minutes{7});
    book.add(HostId{"h1"}, a_write(10, "d1"));
    core::LedgerEntry other = a_write(20, "d2");
    other.key = R"({"id":{"S":"other"}})";
    book.add(HostId{"h2"}, other);
    book.note_truncated();
    book.change({"t", other.key}, [](KeyChain& chain) {
        chain.prove(utc_from_ms(9));
        return true;
    });
    std::vector<ports::LossRow> rows{book_row(book)};
    for (const auto& [at, chain] : book.chains()) {
        rows.push_back(row_of(chain));
    }
    const auto again = book_of(rows);
    ASSERT_TRUE(again.has_value()) << again.error().text;
    EXPECT_EQ(again->counts(), book.counts());
    EXPECT_EQ(again->open_writes(), 1U);
    EXPECT_TRUE(again->truncated());
    EXPECT_EQ(again->waited(), std::chrono::minutes{7});
    EXPECT_EQ(counts_of(rows.front()), book.counts()) << "without reading the chains";
    EXPECT_FALSE(is_settled(rows.front()));
    EXPECT_FALSE(counts_of({.table = "", .key = "", .document = R"({"truncated":true})"}));
}

TEST(LossRows, WhatAHostHadSeenInTheTargetIsNotShownAndIsThereAfterARestart) {
    LossBook book;
    book.add(HostId{"h2"}, a_write(100, "3a4f"));
    book.add_proven(HostId{"h1"}, a_write(117, "a06f"));
    const auto shown = losses_document(OperationId{"op-1"}, book);
    ASSERT_EQ(shown.at("entries").as_array().size(), 1U) << "the other was at no risk";
    EXPECT_EQ(shown.at("entries").as_array()[0].at("host").as_string(), "h2");
    auto again = book_of({book_row(book), row_of(book.chains().begin()->second)});
    ASSERT_TRUE(again.has_value()) << again.error().text;
    EXPECT_EQ(
        chain_document(again->chains().begin()->second),
        chain_document(book.chains().begin()->second)
    );
    EXPECT_EQ(again->counts(), book.counts());
    promoted(*again, "a06f");
    EXPECT_EQ(again->counts(), (core::LossCounts{.present = 1}));
}

}  // namespace
}  // namespace farshore::controller
