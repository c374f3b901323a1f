// modules: adapters/net
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "adapters/net/http_framing.h"
#include "base/assert.h"
#include "base/text.h"

// Whatever our strict framing accepts, Beast reads in the same way: two parsers that disagree about
// where a request ends are how requests are smuggled.
namespace {

using namespace farshore::net;
namespace http = boost::beast::http;

constexpr FramingLimits kLimits{
    .header_bytes_max = 8 * 1024, .headers_max = 128, .body_bytes_max = 4 * 1024
};

struct Whole {
    RequestHead head;
    std::string body;
    std::size_t bytes = 0;
};

std::optional<Whole> read_strictly(std::string_view input) {
    const auto end = find_head_end(input, 0, kLimits);
    if (!end || !*end) {
        return std::nullopt;
    }
    auto head = parse_request_head(input.substr(0, **end), kLimits);
    if (!head) {
        return std::nullopt;
    }
    const std::string_view rest = input.substr(**end);
    Whole whole{.head = std::move(*head), .body = {}, .bytes = **end};
    if (whole.head.chunked) {
        ChunkedBody chunks(kLimits.body_bytes_max);
        const auto used = chunks.feed(rest, whole.body);
        FARSHORE_ASSERT(
            whole.body.size() <= kLimits.body_bytes_max, "a body stays within its bound"
        );
        if (!used || !chunks.done()) {
            return std::nullopt;
        }
        whole.bytes += *used;
        return whole;
    }
    if (rest.size() < whole.head.content_length) {
        return std::nullopt;
    }
    whole.body = rest.substr(0, whole.head.content_length);
    whole.bytes += whole.head.content_length;
    return whole;
}

// Bytes that come one by one must be read as bytes that come at once.
void check_chunks_by_byte(std::string_view input) {
    ChunkedBody at_once(kLimits.body_bytes_max);
    ChunkedBody by_byte(kLimits.body_bytes_max);
    std::string body;
    std::string body_by_byte;
    const bool good = at_once.feed(input, body).has_value();
    bool good_by_byte = true;
    for (std::size_t i = 0; i < input.size() && good_by_byte && !by_byte.done(); ++i) {
        good_by_byte = by_byte.feed(input.substr(i, 1), body_by_byte).has_value();
    }
    FARSHORE_ASSERT(
        good == good_by_byte && at_once.done() == by_byte.done(), "splitting changes no verdict"
    );
    FARSHORE_ASSERT(body == body_by_byte, "splitting changes no body");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_chunks_by_byte(input);
    const std::optional<Whole> whole = read_strictly(input);
    if (!whole) {
        return 0;
    }
    http::request_parser<http::string_body> parser;
    parser.eager(true);
    parser.header_limit(16 * 1024);
    parser.body_limit(kLimits.body_bytes_max);
    boost::system::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(input), error);
    if (error) {
        return 0;  // Beast may be the stricter one
    }
    FARSHORE_ASSERT(parser.is_done(), "both parsers find the request complete");
    FARSHORE_ASSERT(used == whole->bytes, "both parsers end the request at the same byte");
    FARSHORE_ASSERT(parser.get().body() == whole->body, "both parsers read the same body");
    FARSHORE_ASSERT(
        std::string_view(parser.get().method_string()) == whole->head.method,
        "both parsers read the same method"
    );
    FARSHORE_ASSERT(
        std::string_view(parser.get().target()) == whole->head.target,
        "both parsers read the same target"
    );
    return 0;
}
