#include "adapters/net/http_framing.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace farshore::net {

namespace {

using Refused = std::unexpected<FramingRefusal>;

Refused refuse(int status, std::string rule, std::string text) {
    return Refused(
        FramingRefusal{.status = status, .rule = std::move(rule), .text = std::move(text)}
    );
}

bool is_token_char(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
        return true;
    }
    return c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.contains(c);
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

bool is_target_char(char c) {
    return c > 0x20 && c < 0x7F && c != '#';
}

bool is_host_char(char c) {
    return is_target_char(c) && !std::string_view{",/@\\?<>\"{}|^`"}.contains(c);
}

// What the headers have said about framing so far.
struct Seen {
    std::optional<std::size_t> content_length;
    bool transfer_encoding = false;
    bool host = false;
    bool close = false;
    bool keep_alive = false;
};

std::optional<std::size_t> length_from(std::string_view digits) {
    // Nineteen digits cannot overflow 64 bits.
    if (digits.empty() || digits.size() > 19 ||
        !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (const char c : digits) {
        length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    return length;
}

std::expected<void, FramingRefusal> note_length(Seen& seen, std::string_view value) {
    if (seen.content_length) {
        return refuse(400, "duplicate_content_length", "more than one Content-Length");
    }
    seen.content_length = length_from(value);
    if (!seen.content_length) {
        return refuse(400, "bad_content_length", "Content-Length is not a plain decimal number");
    }
    return {};
}

std::expected<void, FramingRefusal> note_encoding(
    Seen& seen, RequestHead& head, std::string_view value
) {
    if (seen.transfer_encoding) {
        return refuse(400, "duplicate_transfer_encoding", "more than one Transfer-Encoding");
    }
    if (head.http_1_0) {
        return refuse(
            400, "transfer_encoding_in_http_1_0", "Transfer-Encoding does not exist in HTTP/1.0"
        );
    }
    if (!equals_ignoring_case(value, "chunked")) {
        return refuse(
            400, "unknown_transfer_encoding", "Transfer-Encoding is not exactly \"chunked\""
        );
    }
    seen.transfer_encoding = true;
    head.chunked = true;
    return {};
}

std::expected<void, FramingRefusal> note_host(Seen& seen, std::string_view value) {
    if (seen.host) {
        return refuse(400, "duplicate_host", "more than one Host");
    }
    if (!std::ranges::all_of(value, is_host_char)) {
        return refuse(400, "bad_host", "Host holds characters that no host name has");
    }
    seen.host = true;
    return {};
}

void note_connection(Seen& seen, std::string_view value) {
    for (const std::string_view option : split(value, ',')) {
        seen.close |= equals_ignoring_case(trim(option), "close");
        seen.keep_alive |= equals_ignoring_case(trim(option), "keep-alive");
    }
}

std::expected<void, FramingRefusal> note_header(
    Seen& seen, RequestHead& head, const HttpHeader& header
) {
    const std::string name = to_lower(header.name);
    if (name == "content-length") {
        return note_length(seen, header.value);
    }
    if (name == "transfer-encoding") {
        return note_encoding(seen, head, header.value);
    }
    if (name == "host") {
        return note_host(seen, header.value);
    }
    if (name == "connection") {
        note_connection(seen, header.value);
    } else if (name == "expect") {
        if (!equals_ignoring_case(header.value, "100-continue")) {
            return refuse(417, "unknown_expectation", "Expect is not exactly \"100-continue\"");
        }
        head.expects_continue = !head.http_1_0;
    }
    return {};
}

std::expected<void, FramingRefusal> parse_request_line(std::string_view line, RequestHead& head) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return refuse(400, "bad_request_line", "the request line is not METHOD TARGET VERSION");
    }
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method)) {
        return refuse(400, "bad_method", "the method is not a token");
    }
    const bool whole_server = target == "*" && method == "OPTIONS";
    if (!whole_server &&
        (!target.starts_with('/') || !std::ranges::all_of(target, is_target_char))) {
        return refuse(
            400, "bad_target", "the request target is not a path of printable characters"
        );
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return refuse(
            version.starts_with("HTTP/") ? 505 : 400,
            "bad_version",
            "the version is not HTTP/1.1 or HTTP/1.0"
        );
    }
    head.method = method;
    head.target = target;
    head.http_1_0 = version == "HTTP/1.0";
    return {};
}

std::expected<HttpHeader, FramingRefusal> parse_header_line(std::string_view line) {
    if (line.front() == ' ' || line.front() == '\t') {
        return refuse(400, "folded_header", "a header line begins with a blank");
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return refuse(
            400, "bad_header_name", "a header has no name that is a token directly before a colon"
        );
    }
    const std::string_view value = trim(line.substr(colon + 1));
    if (std::ranges::any_of(value, is_control)) {
        return refuse(400, "control_character", "a header value holds a control character");
    }
    return HttpHeader{.name = std::string{line.substr(0, colon)}, .value = std::string{value}};
}

std::expected<void, FramingRefusal> conclude(
    const Seen& seen, RequestHead& head, const FramingLimits& limits
) {
    // HTTP/1.0 has no Host; health checkers still speak it.
    if (!seen.host && !head.http_1_0) {
        return refuse(400, "missing_host", "there is no Host");
    }
    if (seen.content_length && seen.transfer_encoding) {
        return refuse(400, "two_lengths", "both Content-Length and Transfer-Encoding");
    }
    head.content_length = seen.content_length.value_or(0);
    if (head.content_length > limits.body_bytes_max) {
        return refuse(
            413,
            "body_too_large",
            "the body is longer than " + std::to_string(limits.body_bytes_max) + " bytes"
        );
    }
    head.keep_alive = head.http_1_0 ? seen.keep_alive && !seen.close : !seen.close;
    return {};
}

FramingRefusal head_too_large(const FramingLimits& limits) {
    return {
        .status = 431,
        .rule = "head_too_large",
        .text = "the request's head is longer than " + std::to_string(limits.header_bytes_max) +
                " bytes or has more than " + std::to_string(limits.headers_max) + " headers"
    };
}

}  // namespace

std::expected<std::optional<std::size_t>, FramingRefusal> find_head_end(
    std::string_view bytes, std::size_t scanned, const FramingLimits& limits
) {
    // Two steps back, so that a line end split over two reads is seen whole.
    for (std::size_t i = scanned > 3 ? scanned - 3 : 0; i < bytes.size(); ++i) {
        if (i >= limits.header_bytes_max) {
            return Refused(head_too_large(limits));
        }
        if (bytes[i] == '\n') {
            if (i == 0 || bytes[i - 1] != '\r') {
                return refuse(400, "bare_line_feed", "a line ends with a bare line feed");
            }
            if (i >= 3 && bytes[i - 2] == '\n') {
                return i + 1;
            }
        } else if (i > 0 && bytes[i - 1] == '\r') {
            return refuse(400, "bare_carriage_return", "a carriage return without a line feed");
        }
    }
    return std::nullopt;
}

std::expected<RequestHead, FramingRefusal> parse_request_head(
    std::string_view block, const FramingLimits& limits
) {
    RequestHead head;
    Seen seen;
    const std::size_t first_end = block.find("\r\n");
    if (first_end == std::string_view::npos || !block.ends_with("\r\n\r\n")) {
        return refuse(400, "bad_request_line", "the head is not complete");
    }
    const auto request_line = parse_request_line(block.substr(0, first_end), head);
    if (!request_line) {
        return Refused(request_line.error());
    }
    std::string_view rest = block.substr(first_end + 2);
    while (rest != "\r\n") {
        const std::size_t end = rest.find("\r\n");
        if (end == 0 || end == std::string_view::npos) {
            return refuse(400, "bad_header_name", "an empty line inside the head");
        }
        auto header = parse_header_line(rest.substr(0, end));
        if (!header) {
            return Refused(header.error());
        }
        if (head.headers.size() == limits.headers_max) {
            return Refused(head_too_large(limits));
        }
        const auto noted = note_header(seen, head, *header);
        if (!noted) {
            return Refused(noted.error());
        }
        head.headers.push_back(std::move(*header));
        rest.remove_prefix(end + 2);
    }
    const auto concluded = conclude(seen, head, limits);
    if (!concluded) {
        return Refused(concluded.error());
    }
    return head;
}

std::optional<FramingRefusal> ChunkedBody::step_size(char c, std::size_t body_bytes) {
    if (c == '\r' && state_ == State::size) {
        state_ = State::size_lf;
        return std::nullopt;
    }
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
        digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<unsigned>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<unsigned>(c - 'A' + 10);
    } else {
        return FramingRefusal{
            .status = 400,
            .rule = "bad_chunk_size",
            .text = "a chunk size is not a plain hexadecimal number"
        };
    }
    // Fifteen digits cannot overflow 64 bits.
    if (++digits_ > 15) {
        return FramingRefusal{
            .status = 400, .rule = "bad_chunk_size", .text = "a chunk size is absurd"
        };
    }
    left_ = left_ * 16 + digit;
    if (left_ > bytes_max_ - std::min(bytes_max_, body_bytes)) {
        return FramingRefusal{
            .status = 413,
            .rule = "body_too_large",
            .text = "the body is longer than " + std::to_string(bytes_max_) + " bytes"
        };
    }
    state_ = State::size;
    return std::nullopt;
}

std::optional<FramingRefusal> ChunkedBody::step(char c, std::size_t body_bytes) {
    FramingRefusal bad_end{
        .status = 400, .rule = "bad_chunk_end", .text = "a chunk does not end with CRLF"
    };
    switch (state_) {
        case State::size_first:
        case State::size: return step_size(c, body_bytes);
        case State::size_lf:
            if (c != '\n') {
                return bad_end;
            }
            state_ = left_ == 0 ? State::end_cr : State::bytes;
            return std::nullopt;
        case State::bytes_cr:
            state_ = State::bytes_lf;
            return c == '\r' ? std::nullopt : std::optional{bad_end};
        case State::bytes_lf:
            state_ = State::size_first;
            digits_ = 0;
            return c == '\n' ? std::nullopt : std::optional{bad_end};
        case State::end_cr:
            state_ = State::end_lf;
            return c == '\r'
                       ? std::nullopt
                       : std::optional{FramingRefusal{
                             .status = 400, .rule = "trailer", .text = "trailers are not accepted"
                         }};
        case State::end_lf:
            state_ = State::done;
            return c == '\n' ? std::nullopt : std::optional{bad_end};
        case State::bytes:
        case State::done: return std::nullopt;
    }
    std::unreachable();
}

std::expected<std::size_t, FramingRefusal> ChunkedBody::feed(
    std::string_view input, std::string& body
) {
    std::size_t at = 0;
    while (at < input.size() && state_ != State::done) {
        if (state_ == State::bytes) {
            const std::size_t taken = std::min(left_, input.size() - at);
            body.append(input.substr(at, taken));
            at += taken;
            left_ -= taken;
            if (left_ == 0) {
                state_ = State::bytes_cr;
            }
            continue;
        }
        std::optional<FramingRefusal> refusal = step(input[at], body.size());
        if (refusal) {
            return Refused(std::move(*refusal));
        }
        ++at;
    }
    return at;
}

}  // namespace farshore::net
