#pragma once

#include <string>
#include <string_view>

#include "adapters/net/http_message.h"

#include "http1/rule.h"

namespace farshore::net {

// How an answer is delimited and whether the connection lives on after it.
struct AnswerFraming {
    bool close = false;
    bool chunked = false;       // a streamed body to an HTTP/1.1 client
    bool without_body = false;  // HEAD: the head tells the length, the body is not sent
};

// Status line and headers up to the empty line. Control characters in header values become blanks,
// so that no value can end its line.
[[nodiscard]] std::string answer_head(const HttpResponse& response, AnswerFraming framing);

// A piece of a chunked body; never the last one, so an empty piece gives nothing.
[[nodiscard]] std::string chunk_of(std::string_view bytes);

// The JSON answer for a request whose framing was refused.
[[nodiscard]] HttpResponse refusal_answer(http1::Rule rule);

}  // namespace farshore::net
