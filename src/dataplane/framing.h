#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Where does an HTTP/1.1 message begin and end? One strict reading, for both sides of the endpoint.
// Whatever leaves room for a second reading (two lengths, a folded line, a bare line feed) is
// refused: two programs that disagree about an end are how requests are smuggled.
namespace farshore::dataplane {

// A header line; the views point into the message's own bytes. `value` has no blanks at its ends.
struct Field {
    std::string_view name;
    std::string_view value;
};

using Fields = std::vector<Field>;

// The value of the only field of that name, ignoring case; nullopt when there is none.
[[nodiscard]] std::optional<std::string_view> find_field(
    const Fields& fields, std::string_view name
);
// Does a comma-separated field value hold this token, ignoring case?
[[nodiscard]] bool has_token(std::string_view list, std::string_view token);

// Why a message is refused; `text` is for people.
struct FramingError {
    int status = 400;  // what a server answers to it
    std::string_view text;
};

// How the body after a head is delimited.
struct BodyFraming {
    bool chunked = false;
    std::uint64_t length = 0;  // when not chunked

    [[nodiscard]] bool empty() const { return !chunked && length == 0; }
};

struct RequestHead {
    std::string_view method;
    std::string_view target;
    Fields fields;
    BodyFraming body;
    bool keep_alive = true;
    bool expects_continue = false;
    bool http_1_0 = false;
};

struct ResponseHead {
    int status = 0;
    std::string_view reason;
    Fields fields;
    BodyFraming body;
    bool keep_alive = true;
};

// The number of bytes of a complete head at the start of `bytes`, blank line included; nullopt:
// more bytes are needed. `searched` remembers how far earlier calls have looked. The error covers
// what can be told before the head is complete, so that a stray line feed is not waited out.
struct HeadEnd {
    std::optional<std::size_t> size;
    std::optional<FramingError> error;
};

[[nodiscard]] HeadEnd find_head_end(
    std::string_view bytes, std::size_t& searched, std::size_t bytes_max
);

// `head` is exactly one head as delimited by find_head_end.
[[nodiscard]] std::optional<FramingError> parse_request_head(
    std::string_view head, RequestHead& into
);
[[nodiscard]] std::optional<FramingError> parse_response_head(
    std::string_view head, ResponseHead& into
);

// Takes a body off the wire, piece by piece.
class BodyReader {
  public:
    void start(BodyFraming framing, std::uint64_t bytes_max);

    // Appends decoded bytes to `out` and returns how many of `bytes` it has used. Bytes after the
    // end of the body are not touched.
    std::size_t feed(std::string_view bytes, std::string& out);

    [[nodiscard]] bool done() const { return state_ == State::done; }

    [[nodiscard]] const std::optional<FramingError>& error() const { return error_; }

  private:
    enum class State {
        plain,
        size,
        size_lf,
        data,
        data_cr,
        data_lf,
        last_cr,
        last_lf,
        done,
        failed
    };

    void refuse(int status, std::string_view text);
    void take_size_digit(char c);
    // One byte of chunk framing.
    void step(char c);

    State state_ = State::done;
    std::uint64_t left_ = 0;   // of the body, or of the chunk
    std::uint64_t total_ = 0;  // decoded so far
    std::uint64_t bytes_max_ = 0;
    int digits_ = 0;
    std::optional<FramingError> error_;
};

}  // namespace farshore::dataplane
