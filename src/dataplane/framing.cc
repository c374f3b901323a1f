#include "dataplane/framing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include "base/text.h"

namespace farshore::dataplane {

namespace {

constexpr std::size_t kFieldsMax = 128;

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

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return kTokenCharacters[static_cast<unsigned char>(c)];
    });
}

bool is_visible(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

// Printable, blank, tab or above ASCII: no control character, so no CR, LF or NUL.
bool is_field_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

std::optional<std::uint64_t> decimal(std::string_view text) {
    std::uint64_t value = 0;
    if (text.empty() || text.size() > 18) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    return line;
}

bool frames_a_message(std::string_view name) {
    return equals_ignoring_case(name, "content-length") ||
           equals_ignoring_case(name, "transfer-encoding") ||
           equals_ignoring_case(name, "connection");
}

std::optional<FramingError> parse_fields(std::string_view rest, Fields& fields) {
    fields.clear();
    while (rest != "\r\n") {
        const std::string_view line = take_line(rest);
        if (line.front() == ' ' || line.front() == '\t') {
            return FramingError{.text = "a folded header line"};
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
            return FramingError{.text = "a header line without a proper name"};
        }
        // Parsers disagree about tabs around a length; whoever disagrees can be made to smuggle.
        if (line.contains('\t') && frames_a_message(line.substr(0, colon))) {
            return FramingError{.text = "a tab in a header that frames the message"};
        }
        const std::string_view value = trim(line.substr(colon + 1));
        if (!is_field_text(value)) {
            return FramingError{.text = "a control character in a header"};
        }
        if (fields.size() == kFieldsMax) {
            return FramingError{.status = 431, .text = "too many headers"};
        }
        fields.push_back({.name = line.substr(0, colon), .value = value});
    }
    return std::nullopt;
}

std::optional<FramingError> find_body(const Fields& fields, BodyFraming& body, bool& has_length) {
    bool has_encoding = false;
    has_length = false;
    body = {};
    for (const Field& field : fields) {
        if (equals_ignoring_case(field.name, "content-length")) {
            const auto length = decimal(field.value);
            if (has_length || !length) {
                return FramingError{.text = "Content-Length is not one number"};
            }
            has_length = true;
            body.length = *length;
        } else if (equals_ignoring_case(field.name, "transfer-encoding")) {
            if (has_encoding || !equals_ignoring_case(field.value, "chunked")) {
                return FramingError{
                    .status = 501, .text = "Transfer-Encoding is not exactly chunked"
                };
            }
            has_encoding = true;
            body.chunked = true;
        }
    }
    if (has_encoding && has_length) {
        return FramingError{.text = "both Content-Length and Transfer-Encoding"};
    }
    return std::nullopt;
}

bool wants_close(const Fields& fields) {
    return std::ranges::any_of(fields, [](const Field& field) {
        return equals_ignoring_case(field.name, "connection") && has_token(field.value, "close");
    });
}

std::optional<FramingError> parse_request_line(std::string_view line, RequestHead& into) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return FramingError{.text = "not a request line"};
    }
    into.method = line.substr(0, first);
    into.target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(into.method) || !is_visible(into.target)) {
        return FramingError{.text = "not a request line"};
    }
    if (into.method != "POST" && into.method != "GET") {
        return FramingError{.status = 405, .text = "DynamoDB takes POST"};
    }
    if (into.target.front() != '/') {
        return FramingError{.text = "the request target is not a path"};
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return FramingError{.status = 505, .text = "not HTTP/1.1"};
    }
    into.http_1_0 = version == "HTTP/1.0";
    return std::nullopt;
}

}  // namespace

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) {
    for (const Field& field : fields) {
        if (equals_ignoring_case(field.name, name)) {
            return field.value;
        }
    }
    return std::nullopt;
}

bool has_token(std::string_view list, std::string_view token) {
    return std::ranges::any_of(split(list, ','), [token](std::string_view part) {
        return equals_ignoring_case(trim(part), token);
    });
}

HeadEnd find_head_end(std::string_view bytes, std::size_t& searched, std::size_t bytes_max) {
    // The end may have begun in what was searched before.
    std::size_t at = searched < 3 ? 0 : searched - 3;
    while (true) {
        at = bytes.find('\n', at);
        if (at == std::string_view::npos) {
            break;
        }
        if (at == 0 || bytes[at - 1] != '\r') {
            return {
                .size = std::nullopt,
                .error = FramingError{.text = "a line feed without a carriage return"}
            };
        }
        if (at == 1) {
            return {
                .size = std::nullopt,
                .error = FramingError{.text = "an empty line before the message"}
            };
        }
        if (at >= 3 && bytes.substr(at - 3, 4) == "\r\n\r\n") {
            if (at + 1 > bytes_max) {
                break;
            }
            return {.size = at + 1, .error = std::nullopt};
        }
        ++at;
    }
    searched = bytes.size();
    if (bytes.size() > bytes_max || at != std::string_view::npos) {
        return {
            .size = std::nullopt,
            .error = FramingError{.status = 431, .text = "the headers are too large"}
        };
    }
    return {};
}

std::optional<FramingError> parse_request_head(std::string_view head, RequestHead& into) {
    std::string_view rest = head;
    if (auto error = parse_request_line(take_line(rest), into)) {
        return error;
    }
    if (auto error = parse_fields(rest, into.fields)) {
        return error;
    }
    bool has_length = false;
    if (auto error = find_body(into.fields, into.body, has_length)) {
        return error;
    }
    const auto hosts = std::ranges::count_if(into.fields, [](const Field& field) {
        return equals_ignoring_case(field.name, "host");
    });
    if (hosts != 1) {
        return FramingError{.text = "not exactly one Host header"};
    }
    if (into.http_1_0 && into.body.chunked) {
        return FramingError{.text = "chunked in HTTP/1.0"};
    }
    into.keep_alive = !into.http_1_0 && !wants_close(into.fields);
    into.expects_continue = false;
    if (const auto expect = find_field(into.fields, "expect")) {
        if (!equals_ignoring_case(*expect, "100-continue")) {
            return FramingError{.status = 417, .text = "an expectation other than 100-continue"};
        }
        into.expects_continue = !into.http_1_0 && !into.body.empty();
    }
    return std::nullopt;
}

std::optional<FramingError> parse_response_head(std::string_view head, ResponseHead& into) {
    std::string_view rest = head;
    const std::string_view line = take_line(rest);
    const bool http_1_0 = line.starts_with("HTTP/1.0 ");
    if ((!http_1_0 && !line.starts_with("HTTP/1.1 ")) || line.size() < 12 || !is_field_text(line)) {
        return FramingError{.text = "not an HTTP/1.1 status line"};
    }
    const auto status = decimal(line.substr(9, 3));
    if (!status || *status < 100 || *status > 599 || (line.size() > 12 && line[12] != ' ')) {
        return FramingError{.text = "not an HTTP status"};
    }
    into.status = static_cast<int>(*status);
    into.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
    if (auto error = parse_fields(rest, into.fields)) {
        return error;
    }
    bool has_length = false;
    if (auto error = find_body(into.fields, into.body, has_length)) {
        return error;
    }
    const bool bodiless = into.status < 200 || into.status == 204 || into.status == 304;
    if (bodiless) {
        into.body = {};
    } else if (!has_length && !into.body.chunked) {
        // Delimited by the end of the connection: a cut answer could not be told from a whole one.
        return FramingError{.text = "an answer without a length"};
    }
    into.keep_alive = !http_1_0 && !wants_close(into.fields);
    return std::nullopt;
}

void BodyReader::start(BodyFraming framing, std::uint64_t bytes_max) {
    error_.reset();
    total_ = 0;
    digits_ = 0;
    bytes_max_ = bytes_max;
    left_ = framing.chunked ? 0 : framing.length;
    if (framing.chunked) {
        state_ = State::size;
    } else {
        state_ = framing.length == 0 ? State::done : State::plain;
    }
    if (left_ > bytes_max_) {
        refuse(413, "the body is too large");
    }
}

void BodyReader::refuse(int status, std::string_view text) {
    state_ = State::failed;
    error_ = FramingError{.status = status, .text = text};
}

std::size_t BodyReader::feed(std::string_view bytes, std::string& out) {
    std::size_t used = 0;
    while (used < bytes.size() && state_ != State::done && state_ != State::failed) {
        if (state_ != State::plain && state_ != State::data) {
            step(bytes[used]);
            ++used;
            continue;
        }
        const auto take =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
        out.append(bytes.substr(used, take));
        used += take;
        left_ -= take;
        total_ += take;
        if (left_ == 0) {
            state_ = state_ == State::plain ? State::done : State::data_cr;
        }
    }
    return used;
}

void BodyReader::take_size_digit(char c) {
    int digit = -1;
    if (c >= '0' && c <= '9') {
        digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
        digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
        digit = c - 'A' + 10;
    }
    // Eight digits are 4 GB, and far from overflowing.
    if (digit < 0 || digits_ == 8) {
        refuse(400, "not a chunk size");
        return;
    }
    ++digits_;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
}

void BodyReader::step(char c) {
    const auto expect = [&](char wanted, State next) {
        if (c == wanted) {
            state_ = next;
        } else {
            refuse(400, "chunks are not framed properly");
        }
    };
    switch (state_) {
        case State::size:
            if (c != '\r') {
                take_size_digit(c);
            } else if (digits_ == 0) {
                refuse(400, "not a chunk size");
            } else {
                state_ = State::size_lf;
            }
            return;
        case State::size_lf:
            expect('\n', left_ == 0 ? State::last_cr : State::data);
            if (total_ + left_ > bytes_max_) {
                refuse(413, "the body is too large");
            }
            return;
        case State::data_cr: expect('\r', State::data_lf); return;
        case State::data_lf:
            expect('\n', State::size);
            left_ = 0;
            digits_ = 0;
            return;
        // A trailer section would begin here; we take none.
        case State::last_cr: expect('\r', State::last_lf); return;
        case State::last_lf: expect('\n', State::done); return;
        case State::plain:
        case State::data:
        case State::done:
        case State::failed: return;
    }
}

}  // namespace farshore::dataplane
