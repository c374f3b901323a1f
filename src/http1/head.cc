#include "http1/head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace farshore::http1 {

namespace {

// Enough for what SDKs send, so that a head costs one allocation.
constexpr std::size_t kFieldsUsual = 16;

// RFC 9110 tchar.
constexpr std::array<bool, 256> kTokenCharacters = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view{
             "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
         }) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}();

std::size_t token_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size() && kTokenCharacters[static_cast<unsigned char>(text[length])]) {
        ++length;
    }
    return length;
}

// Printable, blank, tab or above ASCII: no control character, so no CR, LF or NUL.
bool is_field_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

bool is_target_char(char c) {
    return c > 0x20 && c < 0x7F && c != '#';
}

bool is_host_char(char c) {
    return is_target_char(c) && !std::string_view{",/@\\?<>\"{}|^`"}.contains(c);
}

std::optional<std::uint64_t> decimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

// Every line feed in a head has its carriage return: find_head_end has looked.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end - 1);
    rest.remove_prefix(end + 1);
    return line;
}

enum class Side { request, response };

// What the lines of a head have said about framing so far.
struct Said {
    Side side;
    bool http_1_0 = false;
    std::optional<std::uint64_t> length;
    bool chunked = false;
    bool host = false;
    bool close = false;
    bool keep_alive = false;
    bool expects_continue = false;

    [[nodiscard]] BodyFraming body() const {
        return {.chunked = chunked, .length = length.value_or(0)};
    }

    [[nodiscard]] bool stays() const { return http_1_0 ? keep_alive && !close : !close; }
};

enum class Meaning { none, content_length, transfer_encoding, host, connection, expect };

Meaning meaning_of(std::string_view name, Side side) {
    const auto when = [name](std::string_view full, Meaning meaning) {
        return equals_ignoring_case(name, full) ? meaning : Meaning::none;
    };
    // No two of them are of one length, so that most fields cost no comparison.
    switch (name.size()) {
        case 14: return when("content-length", Meaning::content_length);
        case 17: return when("transfer-encoding", Meaning::transfer_encoding);
        case 10: return when("connection", Meaning::connection);
        case 4: return side == Side::request ? when("host", Meaning::host) : Meaning::none;
        case 6: return side == Side::request ? when("expect", Meaning::expect) : Meaning::none;
        default: return Meaning::none;
    }
}

std::optional<Rule> note_length(Said& said, std::string_view value) {
    if (said.length) {
        return Rule::duplicate_content_length;
    }
    said.length = decimal(value);
    return said.length ? std::nullopt : std::optional{Rule::bad_content_length};
}

std::optional<Rule> note_encoding(Said& said, std::string_view value) {
    if (said.chunked) {
        return Rule::duplicate_transfer_encoding;
    }
    if (said.http_1_0) {
        return Rule::transfer_encoding_in_http_1_0;
    }
    said.chunked = equals_ignoring_case(value, "chunked");
    return said.chunked ? std::nullopt : std::optional{Rule::unknown_transfer_encoding};
}

std::optional<Rule> note_host(Said& said, std::string_view value) {
    if (said.host) {
        return Rule::duplicate_host;
    }
    said.host = true;
    return std::ranges::all_of(value, is_host_char) ? std::nullopt : std::optional{Rule::bad_host};
}

std::optional<Rule> note(Said& said, Meaning meaning, std::string_view value) {
    switch (meaning) {
        case Meaning::none: return std::nullopt;
        case Meaning::content_length: return note_length(said, value);
        case Meaning::transfer_encoding: return note_encoding(said, value);
        case Meaning::host: return note_host(said, value);
        case Meaning::connection:
            said.close |= has_token(value, "close");
            said.keep_alive |= has_token(value, "keep-alive");
            return std::nullopt;
        case Meaning::expect:
            said.expects_continue = equals_ignoring_case(value, "100-continue");
            return said.expects_continue ? std::nullopt : std::optional{Rule::unknown_expectation};
    }
    std::unreachable();
}

std::optional<Rule> take_field(std::string_view line, Said& said, Fields& fields) {
    if (line.front() == ' ' || line.front() == '\t') {
        return Rule::folded_header;
    }
    const std::size_t colon = token_length(line);
    if (colon == 0 || colon == line.size() || line[colon] != ':') {
        return Rule::bad_header_name;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view after = line.substr(colon + 1);
    const Meaning meaning = meaning_of(name, said.side);
    // Parsers disagree about tabs around a length, and two that disagree can be made to smuggle.
    if ((meaning == Meaning::content_length || meaning == Meaning::transfer_encoding ||
         meaning == Meaning::connection) &&
        after.contains('\t')) {
        return Rule::tab_in_framing;
    }
    const std::string_view value = trim(after);
    if (!is_field_text(value)) {
        return value.contains('\r') ? Rule::bare_carriage_return : Rule::control_character;
    }
    if (fields.size() == kFieldsMax) {
        return Rule::head_too_large;
    }
    fields.push_back({.name = name, .value = value});
    return note(said, meaning, value);
}

std::optional<Rule> take_fields(std::string_view rest, Said& said, Fields& fields) {
    fields.clear();
    fields.reserve(kFieldsUsual);
    while (rest != "\r\n") {
        if (const auto refused = take_field(take_line(rest), said, fields)) {
            return refused;
        }
    }
    return said.chunked && said.length ? std::optional{Rule::two_lengths} : std::nullopt;
}

std::optional<Rule> parse_request_line(std::string_view line, RequestHead& into) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return Rule::bad_request_line;
    }
    into.method = line.substr(0, first);
    into.target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (into.method.empty() || token_length(into.method) != into.method.size()) {
        return Rule::bad_method;
    }
    // CONNECT names a host and no path; a server that takes one reads what follows as a tunnel.
    const bool whole_server = into.target == "*" && into.method == "OPTIONS";
    if (!whole_server && (!into.target.starts_with('/') || into.method == "CONNECT" ||
                          !std::ranges::all_of(into.target, is_target_char))) {
        return Rule::bad_target;
    }
    into.http_1_0 = version == "HTTP/1.0";
    if (version != "HTTP/1.1" && !into.http_1_0) {
        return version.starts_with("HTTP/") ? Rule::unsupported_version : Rule::bad_version;
    }
    return std::nullopt;
}

}  // namespace

HeadEnd find_head_end(std::string_view bytes, std::size_t& searched, std::size_t bytes_max) {
    const auto refuse = [](Rule rule) {
        return HeadEnd{.size = std::nullopt, .refused = rule};
    };
    const std::string_view allowed = bytes.substr(0, bytes_max);
    for (std::size_t at = allowed.find('\n', searched); at != std::string_view::npos;
         at = allowed.find('\n', at + 1)) {
        if (at == 0 || allowed[at - 1] != '\r') {
            return refuse(Rule::bare_line_feed);
        }
        if (at == 1) {
            return refuse(Rule::empty_line_first);
        }
        if (allowed[at - 2] == '\n') {
            return {.size = at + 1, .refused = std::nullopt};
        }
    }
    searched = allowed.size();
    return bytes.size() > bytes_max ? refuse(Rule::head_too_large) : HeadEnd{};
}

std::optional<Rule> parse_request_head(std::string_view head, RequestHead& into) {
    std::string_view rest = head;
    if (const auto refused = parse_request_line(take_line(rest), into)) {
        return refused;
    }
    Said said{.side = Side::request, .http_1_0 = into.http_1_0};
    if (const auto refused = take_fields(rest, said, into.fields)) {
        return refused;
    }
    // HTTP/1.0 has no Host; health checkers still speak it.
    if (!said.host && !into.http_1_0) {
        return Rule::missing_host;
    }
    into.body = said.body();
    into.keep_alive = said.stays();
    into.expects_continue = said.expects_continue && !into.http_1_0 && !into.body.empty();
    return std::nullopt;
}

std::optional<Rule> parse_response_head(std::string_view head, ResponseHead& into) {
    std::string_view rest = head;
    const std::string_view line = take_line(rest);
    const bool http_1_0 = line.starts_with("HTTP/1.0 ");
    if ((!http_1_0 && !line.starts_with("HTTP/1.1 ")) || line.size() < 12 || !is_field_text(line)) {
        return Rule::bad_status_line;
    }
    const auto status = decimal(line.substr(9, 3));
    if (!status || *status < 100 || *status > 599 || (line.size() > 12 && line[12] != ' ')) {
        return Rule::bad_status_line;
    }
    into.status = static_cast<int>(*status);
    into.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
    Said said{.side = Side::response, .http_1_0 = http_1_0};
    if (const auto refused = take_fields(rest, said, into.fields)) {
        return refused;
    }
    into.body = said.body();
    into.keep_alive = said.stays();
    if (into.status < 200 || into.status == 204 || into.status == 304) {
        into.body = {};
    } else if (!said.length && !said.chunked) {
        // Delimited by the end of the connection: a cut answer could not be told from a whole one.
        return Rule::no_length;
    }
    return std::nullopt;
}

}  // namespace farshore::http1
