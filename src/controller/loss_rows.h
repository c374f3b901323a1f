#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "controller/loss_book.h"
#include "ports/stored_rows.h"

// A loss book as the rows of the store and as the document of the API. Pure.
namespace farshore::controller {

// The row that tells of the book as a whole; no table and no key is called so.
inline const LossBook::At kBookRow{};

[[nodiscard]] ports::LossRow row_of(const KeyChain& chain);
[[nodiscard]] ports::LossRow book_row(const LossBook& book);

// Errors: malformed.
[[nodiscard]] Result<LossBook> book_of(const std::vector<ports::LossRow>& rows);

// From a book's own row; nullopt: it was written without them.
[[nodiscard]] std::optional<wire::LossCounts> counts_of(const ports::LossRow& row);

// The book of which this is the row has no write without a fate.
[[nodiscard]] bool is_settled(const ports::LossRow& row);

// `next`, when it is not null, is the `after` of the next page.
[[nodiscard]] boost::json::object losses_document(
    const OperationId& operation, const LossBook& book, LossPage page = {}
);

}  // namespace farshore::controller
