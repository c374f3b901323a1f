#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "base/enum_names.h"
#include "base/result.h"
#include "base/time.h"

// How the command speaks: data to stdout, messages to stderr. What other programs and their clients
// wrote reaches a terminal only through this file, which lets no character pass that the terminal
// acts on.
namespace farshore::cli {

// `wide` is the table with everything in it; where nothing is left out, it is the table.
enum class Format { table, wide, json, yaml };
inline constexpr std::array<std::string_view, 4> kFormatNames{"table", "wide", "json", "yaml"};

constexpr const auto& names_of(Format) {
    return kFormatNames;
}

// Is it for people, who get tables and sentences, and not for programs?
constexpr bool is_table(Format format) {
    return format == Format::table || format == Format::wide;
}

// Columns as wide as their widest cell, two blanks apart.
class TextTable {
  public:
    explicit TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

    void add(std::vector<std::string> row);

    [[nodiscard]] bool empty() const { return rows_.size() < 2; }

    [[nodiscard]] std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

[[nodiscard]] std::string to_yaml(const boost::json::value& document);
[[nodiscard]] std::string to_pretty_json(const boost::json::value& document);

// Prints a document that has no table form of its own, or any document as JSON or YAML.
void print_document(Format format, const boost::json::value& document);

// "error: TEXT", then its remedy, to stderr. Neither this nor a message that cannot be written ends
// the command: what it does matters more than what it says about it.
void print_error(const Error& error);
void print_message(std::string_view text);  // to stderr
// One line of something that goes on, to stdout at once. One that cannot be written does not end
// what it tells of; the exit status says so (kCannotWrite).
void print_progress(std::string_view line);

// Colours and cursor movement are for terminals, and not wanted where NO_COLOR is set.
[[nodiscard]] bool stdout_is_terminal();
[[nodiscard]] bool colours_wanted();
[[nodiscard]] std::string bold(std::string_view text);

// How wide lines may be: COLUMNS, or the terminal's width; nullopt: neither, so that nothing is
// folded for programs that read them.
[[nodiscard]] std::optional<std::size_t> line_width();
// The text in lines of at most `width` characters, broken between words; all but the first begin
// with `indent` blanks. A word that is longer stands alone. Lines in the text are folded each.
[[nodiscard]] std::string folded(std::string_view text, std::size_t width, std::size_t indent);
// The same for lines that people get, as wide as they may be there.
[[nodiscard]] std::string folded_for_people(std::string_view text, std::size_t indent);

// Readers of documents that other programs wrote: an absent or odd member is empty, never an error.
// Text is as printable() (base/printable.h) makes it.
[[nodiscard]] std::string text_at(const boost::json::value& document, std::string_view path);
[[nodiscard]] std::int64_t number_at(
    const boost::json::value& document, std::string_view path, std::int64_t otherwise = 0
);
[[nodiscard]] bool flag_at(const boost::json::value& document, std::string_view path);
// nullptr: not there, or null. Path members are divided by '/'.
[[nodiscard]] const boost::json::value* value_at(
    const boost::json::value& document, std::string_view path
);
[[nodiscard]] const boost::json::array& list_at(
    const boost::json::value& document, std::string_view path
);
[[nodiscard]] const boost::json::object& members_at(
    const boost::json::value& document, std::string_view path
);
// An object would become a value that ends before what is found in it is used.
const boost::json::value* value_at(const boost::json::object&, std::string_view) = delete;
const boost::json::array& list_at(const boost::json::object&, std::string_view) = delete;
const boost::json::object& members_at(const boost::json::object&, std::string_view) = delete;

[[nodiscard]] std::string age_text(Duration age);                        // "1.2s", "-" below zero
[[nodiscard]] std::string age_text(const std::optional<Duration>& age);  // "-": none
[[nodiscard]] std::string clock_text(std::int64_t wall_ms);              // "13:05:09.123"

}  // namespace farshore::cli
