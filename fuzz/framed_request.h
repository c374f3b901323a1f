#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.h"

#include "http1/body.h"

// A request as the framer reads it from bytes that arrive in pieces, as they do at a listener.
namespace farshore::fuzz {

inline constexpr std::size_t kHeadBytesMax = 4096;
inline constexpr std::size_t kBodyBytesMax = 4096;

struct FramedRequest {
    bool complete = false;  // neither complete nor refused: more bytes are needed
    std::optional<http1::Rule> refused;
    std::size_t size = 0;
    std::string method;
    std::string target;
    std::string body;
    http1::Fields fields;  // into the bytes
    bool keep_alive = false;
};

inline FramedRequest read_request(std::string_view bytes, std::size_t piece) {
    FramedRequest request;
    std::size_t arrived = 0;
    std::size_t searched = 0;
    http1::HeadEnd end;
    do {
        arrived = std::min(arrived + piece, bytes.size());
        end = http1::find_head_end(bytes.substr(0, arrived), searched, kHeadBytesMax);
    } while (!end.size && !end.refused && arrived < bytes.size());
    request.refused = end.refused;
    if (!end.size) {
        return request;
    }
    http1::RequestHead head;
    request.refused = http1::parse_request_head(bytes.substr(0, *end.size), head);
    if (request.refused) {
        return request;
    }
    request.size = *end.size;
    http1::BodyReader body;
    body.start(head.body, kBodyBytesMax);
    while (true) {
        const std::string_view there = bytes.substr(request.size, arrived - request.size);
        const std::size_t used = body.feed(there, request.body);
        FARSHORE_ASSERT(used <= there.size(), "no more is taken than there is");
        FARSHORE_ASSERT(request.body.size() <= kBodyBytesMax, "a body stays within its bound");
        request.size += used;
        if (body.done() || body.refused() || arrived == bytes.size()) {
            break;
        }
        FARSHORE_ASSERT(used == there.size(), "a reader that wants more takes what comes");
        arrived = std::min(arrived + piece, bytes.size());
    }
    request.refused = body.refused();
    request.complete = body.done();
    request.method = head.method;
    request.target = head.target;
    request.fields = head.fields;
    request.keep_alive = head.keep_alive;
    return request;
}

// The verdict does not depend on the pieces.
inline FramedRequest read_request_in_pieces(std::string_view bytes, std::size_t piece) {
    FramedRequest whole = read_request(bytes, std::max<std::size_t>(bytes.size(), 1));
    const FramedRequest pieces = read_request(bytes, piece);
    FARSHORE_ASSERT(
        whole.complete == pieces.complete && whole.refused == pieces.refused,
        "pieces change no verdict"
    );
    FARSHORE_ASSERT(
        !whole.complete || (whole.size == pieces.size && whole.body == pieces.body),
        "pieces change no request"
    );
    return whole;
}

}  // namespace farshore::fuzz
