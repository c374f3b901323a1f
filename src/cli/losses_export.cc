#include "cli/losses_export.h"

#include <map>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
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

std::vector<const json::object*> entries_of(const json::object& book, const std::string& table) {
    static const json::array kNone;
    std::vector<const json::object*> entries;
    const json::value* all = book.if_contains("entries");
    for (const json::value& entry : all != nullptr && all->is_array() ? all->get_array() : kNone) {
        if (entry.is_object() && (table.empty() || text_at(entry, "table") == table)) {
            entries.push_back(&entry.get_object());
        }
    }
    return entries;
}

std::string key_text(const json::object& entry) {
    const json::value* key = entry.if_contains("key");
    return key == nullptr     ? std::string{}
           : key->is_string() ? std::string{key->get_string()}
                              : json::serialize(*key);
}

std::string csv_of(const json::object& book, const std::string& table) {
    std::string text = "operation,table,key,op,at,host,epoch,acknowledged,fate,reason\r\n";
    const std::string operation = text_at(book, "operation");
    for (const json::object* entry : entries_of(book, table)) {
        const std::vector<std::string> cells{
            operation,
            text_at(*entry, "table"),
            key_text(*entry),
            text_at(*entry, "op"),
            to_iso8601(utc_from_ms(number_at(*entry, "at_ms"))),
            text_at(*entry, "host"),
            text_at(*entry, "epoch"),
            flag_at(*entry, "acknowledged") ? "yes" : "no",
            text_at(*entry, "fate"),
            text_at(*entry, "reason")
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

std::string items_of(const json::object& book, const std::string& table) {
    struct Last {
        const json::object* entry = nullptr;
        std::size_t writes = 0;
    };

    std::map<std::pair<std::string, std::string>, Last> by_key;
    for (const json::object* entry : entries_of(book, table)) {
        Last& last = by_key[{text_at(*entry, "table"), key_text(*entry)}];
        last.entry = entry;
        ++last.writes;
    }
    std::string text;
    for (const auto& [at, last] : by_key) {
        json::object item;
        if (const json::value* key = last.entry->if_contains("key"); key != nullptr) {
            item = key->is_object() ? key->get_object() : json::object{};
        }
        item["farshore_operation"] = string_value(text_at(book, "operation"));
        item["farshore_table"] = string_value(at.first);
        item["farshore_op"] = string_value(text_at(*last.entry, "op"));
        item["farshore_at"] =
            string_value(to_iso8601(utc_from_ms(number_at(*last.entry, "at_ms"))));
        item["farshore_host"] = string_value(text_at(*last.entry, "host"));
        item["farshore_fate"] = string_value(text_at(*last.entry, "fate"));
        item["farshore_writes"] = json::object{{"N", std::to_string(last.writes)}};
        text += json::serialize(json::object{{"Item", std::move(item)}}) + "\n";
    }
    return text;
}

}  // namespace

std::string losses_export(const json::object& book, const LossExport& wanted) {
    switch (wanted.format) {
        case LossFormat::csv: return csv_of(book, wanted.table);
        case LossFormat::dynamodb_json: return items_of(book, wanted.table);
        case LossFormat::json: break;
    }
    json::object document = book;
    json::array entries;
    for (const json::object* entry : entries_of(book, wanted.table)) {
        entries.emplace_back(*entry);
    }
    document["entries"] = std::move(entries);
    return to_pretty_json(document);
}

std::string export_summary(
    const std::string& operation, const json::object& book, const std::string& table
) {
    std::size_t open = 0;
    const auto entries = entries_of(book, table);
    for (const json::object* entry : entries) {
        open += text_at(*entry, "fate") == "at_risk" ? 1U : 0U;
    }
    return fmt::format(
        "{}: {} writes exported{}{}{}",
        operation,
        entries.size(),
        table.empty() ? "" : " of table " + table,
        open == 0 ? "" : fmt::format(", {} without a fate", open),
        flag_at(book, "truncated") ? "; the book is not whole: a host did not remember every write"
                                   : ""
    );
}

}  // namespace farshore::cli
