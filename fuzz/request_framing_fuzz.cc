// modules: http1
//
// Our strict reading of a request against llhttp's: two readings of one message are how requests
// are smuggled. What we take, llhttp must take too, and see the same request in the same bytes.
// What llhttp takes, we take or refuse by a rule that goes beyond it on purpose.

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"

#include "framed_request.h"
#include "llhttp_reading.h"

namespace {

using namespace farshore::fuzz;
using farshore::http1::Rule;

// Each with its reason in docs/decisions/0016-one-framer.md.
constexpr auto kBeyondLlhttp = std::to_array<Rule>({
    Rule::bare_line_feed,
    Rule::empty_line_first,
    Rule::head_too_large,
    Rule::bad_request_line,
    Rule::bad_method,
    Rule::bad_target,
    Rule::unsupported_version,
    Rule::folded_header,
    Rule::bad_header_name,
    Rule::tab_in_framing,
    Rule::unknown_transfer_encoding,
    Rule::transfer_encoding_in_http_1_0,
    Rule::missing_host,
    Rule::duplicate_host,
    Rule::bad_host,
    Rule::unknown_expectation,
    Rule::body_too_large,
    Rule::bad_chunk_size,
    Rule::trailer,
});

// llhttp knows a list of methods, some of them of other protocols only. A method frames nothing
// where we take it, so that the others are shown to llhttp as POST.
constexpr std::array<std::string_view, 9> kMethodsShown{
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"
};

bool has(const auto& list, const auto& wanted) {
    return std::ranges::find(list, wanted) != list.end();
}

bool is_of_a_proxy(const farshore::http1::Field& field) {
    return farshore::equals_ignoring_case(field.name, "proxy-connection");
}

void compare(const FramedRequest& ours, std::string_view bytes) {
    const bool shown = has(kMethodsShown, ours.method);
    const std::string method = shown ? ours.method : "POST";
    const std::string as_shown = method + std::string{bytes.substr(ours.method.size())};
    const LlhttpReading theirs = read_llhttp(as_shown, HTTP_REQUEST);
    FARSHORE_ASSERT(theirs.complete, "llhttp takes what we take");
    FARSHORE_ASSERT(theirs.method == method, "the same method");
    FARSHORE_ASSERT(theirs.target == ours.target, "the same target");
    FARSHORE_ASSERT(theirs.fields == ours.fields.size(), "the same number of headers");
    FARSHORE_ASSERT(theirs.size + ours.method.size() == ours.size + method.size(), "the same end");
    FARSHORE_ASSERT(theirs.body == ours.body, "the same body");
    // llhttp takes Proxy-Connection, which no standard has, for Connection.
    FARSHORE_ASSERT(
        theirs.keep_alive == ours.keep_alive || std::ranges::any_of(ours.fields, is_of_a_proxy),
        "the same opinion of the connection"
    );
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const FramedRequest ours = read_request_in_pieces(bytes, std::size_t{1} + data[0]);
    if (ours.complete) {
        compare(ours, bytes);
    } else if (read_llhttp(bytes, HTTP_REQUEST).complete) {
        FARSHORE_ASSERT(ours.refused, "what llhttp finds complete, we do not wait for");
        FARSHORE_ASSERT(
            has(kBeyondLlhttp, *ours.refused), "what we refuse beyond llhttp is refused on purpose"
        );
    }
    return 0;
}
