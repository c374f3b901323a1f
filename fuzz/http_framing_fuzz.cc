// modules: http1
//
// Whatever the framer accepts, Beast reads in the same way: a second opinion besides llhttp's
// (request_framing_fuzz.cc).
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "framed_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace farshore::fuzz;
    namespace http = boost::beast::http;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const FramedRequest ours = read_request_in_pieces(input, 1);
    if (!ours.complete) {
        return 0;
    }
    http::request_parser<http::string_body> parser;
    parser.eager(true);
    parser.header_limit(2 * kHeadBytesMax);
    parser.body_limit(kBodyBytesMax);
    boost::system::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(input), error);
    if (error) {
        return 0;  // Beast may be the stricter one
    }
    FARSHORE_ASSERT(parser.is_done(), "both parsers find the request complete");
    FARSHORE_ASSERT(used == ours.size, "both parsers end the request at the same byte");
    FARSHORE_ASSERT(parser.get().body() == ours.body, "both parsers read the same body");
    FARSHORE_ASSERT(
        std::string_view(parser.get().method_string()) == ours.method,
        "both parsers read the same method"
    );
    FARSHORE_ASSERT(
        std::string_view(parser.get().target()) == ours.target, "both parsers read the same target"
    );
    return 0;
}
