#pragma once

#include <array>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/enum_names.h"
#include "wire/answer_documents.h"

// A loss book as a file for others: spreadsheets, DynamoDB's import, programs. Pure.
namespace farshore::cli {

enum class LossFormat { csv, json, dynamodb_json };
inline constexpr std::array<std::string_view, 3> kLossFormatNames{"csv", "json", "dynamodb-json"};

constexpr const auto& names_of(LossFormat) {
    return kLossFormatNames;
}

// A whole book.
struct LossBookSeen {
    wire::LossesDocument book;
    boost::json::object document;  // as the controller sent it
};

struct LossExport {
    LossFormat format = LossFormat::csv;
    std::string table;  // empty: all
};

// csv: one line per write, quoted so that no cell is a formula in a spreadsheet (a cell that would
// begin one gets an apostrophe before it).
// json: the document, one write per entry.
// dynamodb-json: one line per key, {"Item": …}: its typed key, and what became of its last write in
// attributes named farshore_…; the form of DynamoDB's export and import
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Format.html).
// An import takes one table: name it.
[[nodiscard]] std::string losses_export(const LossBookSeen& seen, const LossExport& wanted);

// "op-7: 21 writes exported, 1 without a fate; an agent did not remember everything".
[[nodiscard]] std::string export_summary(
    const std::string& operation, const wire::LossesDocument& book, const std::string& table
);

}  // namespace farshore::cli
