#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http1/fields.h"
#include "http1/rule.h"

// Where does an HTTP/1 message begin and end? One strict reading for every listener, and for the
// answers that the agent reads. Whatever leaves room for a second reading is refused: two programs
// that disagree about an end are how requests are smuggled. RFC 9110 and 9112. Pure: no state
// besides the arguments, so any thread; allocates only when a head has more fields than any before
// it in the same object.
namespace farshore::http1 {

inline constexpr std::size_t kFieldsMax = 128;

// How the body after a head is delimited.
struct BodyFraming {
    bool chunked = false;
    std::uint64_t length = 0;  // bytes, when not chunked

    [[nodiscard]] bool empty() const { return !chunked && length == 0; }
};

// The views point into the head's bytes.
struct RequestHead {
    std::string_view method;
    std::string_view target;
    Fields fields;
    BodyFraming body;
    bool keep_alive = true;         // the client expects the connection to stay
    bool expects_continue = false;  // it may wait for "100 Continue" before it sends the body
    bool http_1_0 = false;
};

struct ResponseHead {
    int status = 0;
    std::string_view reason;
    Fields fields;
    BodyFraming body;
    bool keep_alive = true;
};

// `size`: number of bytes of a complete head at the start of `bytes`, its empty line included. When
// neither is set, more bytes are needed.
struct HeadEnd {
    std::optional<std::size_t> size;
    std::optional<Rule> refused;
};

// `searched` begins at zero for each message and remembers how far earlier calls have looked. What
// can be refused before the head is complete is: a client whose lines end with a bare line feed
// would wait for an answer.
[[nodiscard]] HeadEnd find_head_end(
    std::string_view bytes, std::size_t& searched, std::size_t bytes_max
);

// `head` is exactly one head as delimited by find_head_end. nullopt: `into` is filled; otherwise it
// holds nothing of use.
[[nodiscard]] std::optional<Rule> parse_request_head(std::string_view head, RequestHead& into);
[[nodiscard]] std::optional<Rule> parse_response_head(std::string_view head, ResponseHead& into);

}  // namespace farshore::http1
