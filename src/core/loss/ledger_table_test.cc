#include "core/loss/ledger_table.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

LedgerTable table_of(std::initializer_list<std::uint64_t> numbers) {
    LedgerTable table;
    for (const std::uint64_t number : numbers) {
        table.append({.number = number});
    }
    return table;
}

TEST(LedgerTable, FindsEntriesAlsoWhenOtherTablesTookNumbersInBetween) {
    for (const auto numbers : {std::initializer_list<std::uint64_t>{3, 4, 5}, {3, 7, 8, 20}}) {
        LedgerTable table = table_of(numbers);
        for (const std::uint64_t number : numbers) {
            ASSERT_NE(table.find(number), nullptr) << number;
            EXPECT_EQ(table.find(number)->number, number);
        }
        for (const std::uint64_t number : {1U, 2U, 6U, 19U, 21U}) {
            EXPECT_EQ(table.find(number), nullptr) << number;
        }
    }
}

TEST(LedgerTable, FindsEntriesBehindThoseThatHaveGone) {
    LedgerTable table = table_of({3, 4, 7});
    table.drop_oldest();
    EXPECT_EQ(table.find(3), nullptr);
    ASSERT_NE(table.find(7), nullptr);
    table.drop_oldest();
    table.drop_oldest();
    EXPECT_EQ(table.find(7), nullptr);
}

}  // namespace
}  // namespace farshore::core
