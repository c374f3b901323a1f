#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/result.h"
#include "core/loss/loss_book.h"
#include "ports/stored_rows.h"

// A loss book as the rows of the store and as the document of the API. Pure.
namespace farshore::controller {

// The row that tells of the book as a whole; no table and no key is called so.
inline const core::LossBook::At kBookRow{};

// The chain's key: an object, if the text comes out of it again; the key of another form stays the
// text that it is.
[[nodiscard]] boost::json::value key_as_json(const core::KeyChain& chain);
// One chain as the store keeps it.
[[nodiscard]] boost::json::object chain_document(const core::KeyChain& chain);
// Errors: malformed.
[[nodiscard]] Result<core::KeyChain> read_chain(std::string_view text);

[[nodiscard]] ports::LossRow row_of(const core::KeyChain& chain);
[[nodiscard]] ports::LossRow book_row(const core::LossBook& book);

// Errors: malformed.
[[nodiscard]] Result<core::LossBook> book_of(const std::vector<ports::LossRow>& rows);

// From a book's own row; nullopt: it was written without them.
[[nodiscard]] std::optional<core::LossCounts> counts_of(const ports::LossRow& row);

// The book of which this is the row has no write without a fate.
[[nodiscard]] bool is_settled(const ports::LossRow& row);

// Which keys of a book are asked for, in the order of tables and keys.
struct LossPage {
    std::size_t after = 0;  // so many keys come before
    std::size_t limit = 0;  // zero: all
};

// `next`, when it is not null, is the `after` of the next page.
[[nodiscard]] boost::json::object losses_document(
    const OperationId& operation, const core::LossBook& book, LossPage page = {}
);

}  // namespace farshore::controller
