#include "cli/losses_export.h"

#include <map>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/operation_view.h"
#include "cli/output.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

// Spreadsheets take a cell that begins so for a formula, and run it.
// https://owasp.org/www-community/attacks/CSV_Injection
constexpr std::string_view kFormulaBegins = "=+-@\t\r\n";

std::string cell(std::string text) {
    if (!text.empty() && kFormulaBegins.find(text.front()) != std::string_view::npos) {
        text.insert(text.begin(), '\'');
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

std::vector<const wire::LossEntryDocument*> entries_of(
    const wire::LossesDocument& book, const std::string& table
) {
    std::vector<const wire::LossEntryDocument*> entries;
    for (const wire::LossEntryDocument& entry : book.entries) {
        if (table.empty() || entry.table == table) {
            entries.push_back(&entry);
        }
    }
    return entries;
}

std::string csv_of(const wire::LossesDocument& book, const std::string& table) {
    std::string text = "operation,table,key,op,at,host,epoch,acknowledged,fate,reason\r\n";
    for (const wire::LossEntryDocument* entry : entries_of(book, table)) {
        const std::vector<std::string> cells{
            book.operation.value(),
            entry->table,
            key_text(*entry),
            entry->op,
            to_iso8601(entry->at),
            entry->host.value(),
            std::to_string(entry->epoch.value()),
            entry->acknowledged ? "yes" : "no",
            entry->fate,
            entry->reason
        };
        for (std::size_t i = 0; i < cells.size(); ++i) {
            text += (i == 0 ? "" : ",") + cell(cells[i]);
        }
        text += "\r\n";
    }
    return text;
}

json::object string_value(std::string text) {
    return {{"S", std::move(text)}};
}

std::string items_of(const wire::LossesDocument& book, const std::string& table) {
    struct Last {
        const wire::LossEntryDocument* entry = nullptr;
        std::size_t writes = 0;
    };

    std::map<std::pair<std::string, std::string>, Last> by_key;
    for (const wire::LossEntryDocument* entry : entries_of(book, table)) {
        Last& last = by_key[{entry->table, key_text(*entry)}];
        last.entry = entry;
        ++last.writes;
    }
    std::string text;
    for (const auto& [at, last] : by_key) {
        const wire::LossEntryDocument& entry = *last.entry;
        json::object item;
        if (const json::object* key = entry.key.if_object()) {
            item = *key;
        }
        item["farshore_operation"] = string_value(book.operation.value());
        item["farshore_table"] = string_value(at.first);
        item["farshore_op"] = string_value(entry.op);
        item["farshore_at"] = string_value(to_iso8601(entry.at));
        item["farshore_host"] = string_value(entry.host.value());
        item["farshore_fate"] = string_value(entry.fate);
        item["farshore_writes"] = json::object{{"N", std::to_string(last.writes)}};
        text += json::serialize(json::object{{"Item", std::move(item)}}) + "\n";
    }
    return text;
}

}  // namespace

std::string losses_export(const LossBookSeen& seen, const LossExport& wanted) {
    switch (wanted.format) {
        case LossFormat::csv: return csv_of(seen.book, wanted.table);
        case LossFormat::dynamodb_json: return items_of(seen.book, wanted.table);
        case LossFormat::json: break;
    }
    const json::value whole = seen.document;
    json::object document = seen.document;
    json::array entries;
    for (const json::value& entry : list_at(whole, "entries")) {
        if (wanted.table.empty() || text_at(entry, "table") == wanted.table) {
            entries.push_back(entry);
        }
    }
    document["entries"] = std::move(entries);
    return to_pretty_json(document);
}

std::string export_summary(
    const std::string& operation, const wire::LossesDocument& book, const std::string& table
) {
    std::size_t open = 0;
    const auto entries = entries_of(book, table);
    for (const wire::LossEntryDocument* entry : entries) {
        open += entry->fate == "at_risk" ? 1U : 0U;
    }
    return fmt::format(
        "{}: {} writes exported{}{}{}",
        operation,
        entries.size(),
        table.empty() ? "" : " of table " + table,
        open == 0 ? "" : fmt::format(", {} without a fate", open),
        book.truncated ? "; the book is not whole: a host did not remember every write" : ""
    );
}

}  // namespace farshore::cli
