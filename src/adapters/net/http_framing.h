#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/http_message.h"

// Where an HTTP/1 request begins and ends, decided strictly: two parsers that disagree about it are
// how requests are smuggled, so whatever could be read in two ways is refused. Pure and fuzzed.
namespace farshore::net {

// An answer instead of a request. Status zero: no answer, the connection only ends.
struct FramingRefusal {
    int status = 400;
    std::string rule;  // "duplicate_host": the error's code
    std::string text;  // for people
};

struct FramingLimits {
    std::size_t header_bytes_max = 32 * 1024;
    std::size_t headers_max = 128;
    std::size_t body_bytes_max = 16 * 1024 * 1024;
};

struct RequestHead {
    std::string method;
    std::string target;
    HttpHeaders headers;
    std::size_t content_length = 0;  // of a body that is not chunked
    bool chunked = false;
    bool http_1_0 = false;
    bool keep_alive = true;
    bool expects_continue = false;
};

// Length of the head in `bytes` including its empty line; nullopt: not complete yet. A bare line
// feed, or a carriage return without one, is refused as soon as it is seen. `scanned` is the length
// that an earlier call has already looked at.
[[nodiscard]] std::expected<std::optional<std::size_t>, FramingRefusal> find_head_end(
    std::string_view bytes, std::size_t scanned, const FramingLimits& limits
);

// `block` is a head as found by find_head_end.
[[nodiscard]] std::expected<RequestHead, FramingRefusal> parse_request_head(
    std::string_view block, const FramingLimits& limits
);

// Decodes a chunked body. Chunk extensions and trailers are refused: nobody here needs them, and
// parsers disagree about them.
class ChunkedBody {
  public:
    explicit ChunkedBody(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // Appends to `body`; returns how many bytes of `input` were used. Fewer than all: done().
    [[nodiscard]] std::expected<std::size_t, FramingRefusal> feed(
        std::string_view input, std::string& body
    );

    [[nodiscard]] bool done() const { return state_ == State::done; }

  private:
    enum class State { size_first, size, size_lf, bytes, bytes_cr, bytes_lf, end_cr, end_lf, done };

    [[nodiscard]] std::optional<FramingRefusal> step(char c, std::size_t body_bytes);
    [[nodiscard]] std::optional<FramingRefusal> step_size(char c, std::size_t body_bytes);

    std::size_t bytes_max_;
    State state_ = State::size_first;
    std::size_t left_ = 0;
    int digits_ = 0;
};

}  // namespace farshore::net
