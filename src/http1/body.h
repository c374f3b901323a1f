#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http1/head.h"

namespace farshore::http1 {

// Takes a body off the wire, piece by piece. Chunk extensions and trailers are refused: no client
// or Region here needs them, and parsers disagree about them.
class BodyReader {
  public:
    // More than `bytes_max` is refused: at once when the head tells the length, else with the size
    // of the chunk that goes beyond.
    void start(BodyFraming framing, std::uint64_t bytes_max);

    // Appends decoded bytes to `out` and returns how many of `bytes` it has used. Bytes after the
    // end of the body are not touched.
    std::size_t feed(std::string_view bytes, std::string& out);

    [[nodiscard]] bool done() const { return state_ == State::done; }

    [[nodiscard]] std::optional<Rule> refused() const { return refused_; }

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

    void refuse(Rule rule);
    void take_size_digit(char c);
    // One byte of chunk framing.
    void step(char c);

    State state_ = State::done;
    std::uint64_t left_ = 0;   // of the body, or of the chunk
    std::uint64_t total_ = 0;  // decoded so far
    std::uint64_t bytes_max_ = 0;
    int digits_ = 0;
    std::optional<Rule> refused_;
};

// How a chunk of that many bytes begins; it ends with CRLF. Zero would end the body.
[[nodiscard]] std::string chunk_size_line(std::size_t size);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace farshore::http1
