#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/enum_names.h"

// What an HTTP/1 message is refused for. One table for every listener, so that the same bytes meet
// the same rule wherever they arrive. Which RFC each rule goes beyond, and why, stands in
// docs/decisions/0016-one-framer.md.
namespace farshore::http1 {

// The spelling is the error's code in the answers of the controller and the lab.
enum class Rule : std::uint8_t {
    bare_line_feed,
    bare_carriage_return,
    empty_line_first,
    head_too_large,
    bad_request_line,
    bad_method,
    bad_target,
    bad_version,
    unsupported_version,
    bad_status_line,
    folded_header,
    bad_header_name,
    control_character,
    tab_in_framing,
    bad_content_length,
    duplicate_content_length,
    unknown_transfer_encoding,
    duplicate_transfer_encoding,
    transfer_encoding_in_http_1_0,
    two_lengths,
    no_length,
    missing_host,
    duplicate_host,
    bad_host,
    unknown_expectation,
    body_too_large,
    bad_chunk_size,
    bad_chunk_end,
    trailer,
    stalled,
};

struct RuleRow {
    Rule rule;
    std::string_view name;
    int status;             // what a server answers to it
    std::string_view text;  // for people; the middle of a sentence
};

namespace rule_rows {

using enum Rule;

// clang-format off
inline constexpr auto kRows = std::to_array<RuleRow>({
    {bare_line_feed, "bare_line_feed", 400, "a line ends with a bare line feed"},
    {bare_carriage_return, "bare_carriage_return", 400, "a carriage return without a line feed"},
    {empty_line_first, "empty_line_first", 400, "an empty line before the message"},
    {head_too_large, "head_too_large", 431, "the head is longer, or has more headers, than is taken here"},
    {bad_request_line, "bad_request_line", 400, "the request line is not METHOD TARGET VERSION"},
    {bad_method, "bad_method", 400, "the method is not a token"},
    {bad_target, "bad_target", 400, "the request target is not a path of printable characters"},
    {bad_version, "bad_version", 400, "what stands for the version is not HTTP"},
    {unsupported_version, "unsupported_version", 505, "the version is not HTTP/1.1 or HTTP/1.0"},
    {bad_status_line, "bad_status_line", 400, "not the status line of an HTTP/1.1 answer"},
    {folded_header, "folded_header", 400, "a header line begins with a blank"},
    {bad_header_name, "bad_header_name", 400, "a header has no name that is a token directly before a colon"},
    {control_character, "control_character", 400, "a header value holds a control character"},
    {tab_in_framing, "tab_in_framing", 400, "a header that frames the message holds a tab"},
    {bad_content_length, "bad_content_length", 400, "Content-Length is not a plain decimal number"},
    {duplicate_content_length, "duplicate_content_length", 400, "more than one Content-Length"},
    {unknown_transfer_encoding, "unknown_transfer_encoding", 501, "Transfer-Encoding is not exactly \"chunked\""},
    {duplicate_transfer_encoding, "duplicate_transfer_encoding", 400, "more than one Transfer-Encoding"},
    {transfer_encoding_in_http_1_0, "transfer_encoding_in_http_1_0", 400, "Transfer-Encoding does not exist in HTTP/1.0"},
    {two_lengths, "two_lengths", 400, "both Content-Length and Transfer-Encoding"},
    {no_length, "no_length", 400, "an answer without a length"},
    {missing_host, "missing_host", 400, "there is no Host"},
    {duplicate_host, "duplicate_host", 400, "more than one Host"},
    {bad_host, "bad_host", 400, "Host holds characters that no host name has"},
    {unknown_expectation, "unknown_expectation", 417, "Expect is not exactly \"100-continue\""},
    {body_too_large, "body_too_large", 413, "the body is longer than is taken here"},
    {bad_chunk_size, "bad_chunk_size", 400, "a chunk size is not a plain hexadecimal number"},
    {bad_chunk_end, "bad_chunk_end", 400, "a chunk does not end with CRLF"},
    {trailer, "trailer", 400, "trailers are not accepted"},
    {stalled, "stalled", 408, "the request did not arrive in time"},
});
// clang-format on

static_assert([] {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (kRows[i].rule != static_cast<Rule>(i)) {
            return false;
        }
    }
    return kRows.back().rule == stalled;
}());

}  // namespace rule_rows

inline constexpr auto kRuleNames = [] {
    std::array<std::string_view, rule_rows::kRows.size()> names;
    for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = rule_rows::kRows[i].name;
    }
    return names;
}();

constexpr const auto& names_of(Rule) {
    return kRuleNames;
}

[[nodiscard]] constexpr const RuleRow& row_of(Rule rule) {
    return rule_rows::kRows[std::to_underlying(rule)];
}

}  // namespace farshore::http1
