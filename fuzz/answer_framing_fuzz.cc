// modules: http1
//
// Whatever a Region answers, its head is understood or refused, and its body comes out the same in
// one piece or byte by byte. An answer that we take, llhttp reads in the same way.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"

#include "http1/body.h"
#include "llhttp_reading.h"

namespace {

using namespace farshore::http1;

struct Read {
    std::string body;
    std::size_t size = 0;
    bool done = false;
    std::optional<Rule> refused;
};

Read read_body(const BodyFraming& framing, std::string_view bytes, std::size_t piece) {
    BodyReader reader;
    reader.start(framing, std::uint64_t{1} << 20U);
    Read out;
    while (!bytes.empty() && !reader.done() && !reader.refused()) {
        const std::string_view some = bytes.substr(0, piece);
        const std::size_t used = reader.feed(some, out.body);
        FARSHORE_ASSERT(used <= some.size(), "no more is taken than there is");
        FARSHORE_ASSERT(
            used > 0 || reader.done() || reader.refused(),
            "a reader that wants more takes what comes"
        );
        bytes.remove_prefix(used);
        out.size += used;
    }
    out.done = reader.done();
    out.refused = reader.refused();
    return out;
}

void compare(const ResponseHead& head, const Read& body, std::size_t size, std::string_view text) {
    const auto theirs = farshore::fuzz::read_llhttp(text, HTTP_RESPONSE);
    FARSHORE_ASSERT(theirs.complete, "llhttp takes what we take");
    FARSHORE_ASSERT(theirs.status == head.status, "the same status");
    FARSHORE_ASSERT(theirs.fields == head.fields.size(), "the same number of headers");
    FARSHORE_ASSERT(theirs.size == size, "the same end");
    FARSHORE_ASSERT(theirs.body == body.body, "the same body");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    std::size_t searched = 0;
    const HeadEnd end = find_head_end(text, searched, std::size_t{64} << 10U);
    if (end.refused || !end.size) {
        return 0;
    }
    ResponseHead head;
    const std::string head_bytes{text.substr(0, *end.size)};
    if (parse_response_head(head_bytes, head)) {
        return 0;
    }
    const std::string_view rest = text.substr(*end.size);
    const Read whole = read_body(head.body, rest, rest.size());
    const Read single = read_body(head.body, rest, 1);
    FARSHORE_ASSERT(whole.done == single.done, "its end does not depend on the pieces");
    FARSHORE_ASSERT(whole.refused == single.refused, "nor does its being refused");
    FARSHORE_ASSERT(whole.refused || whole.body == single.body, "nor do its bytes");
    if (whole.done) {
        compare(head, whole, *end.size + whole.size, text);
    }
    return 0;
}
