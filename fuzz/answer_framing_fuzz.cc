// modules: dataplane
//
// Whatever a Region answers, its head is understood or refused, and its body comes out the same in
// one piece or byte by byte.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"

#include "dataplane/framing.h"

namespace {

using namespace farshore::dataplane;

struct Read {
    std::string body;
    bool done = false;
    bool refused = false;
};

Read read_body(const BodyFraming& framing, std::string_view bytes, std::size_t piece) {
    BodyReader reader;
    reader.start(framing, std::uint64_t{1} << 20U);
    Read out;
    while (!bytes.empty() && !reader.done() && !reader.error()) {
        const std::string_view some = bytes.substr(0, piece);
        const std::size_t used = reader.feed(some, out.body);
        FARSHORE_ASSERT(used <= some.size(), "no more is taken than there is");
        FARSHORE_ASSERT(
            used > 0 || reader.done() || reader.error(), "a reader that wants more takes what comes"
        );
        bytes.remove_prefix(used);
    }
    out.done = reader.done();
    out.refused = reader.error().has_value();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    std::size_t searched = 0;
    const HeadEnd end = find_head_end(text, searched, std::size_t{64} << 10U);
    if (end.error || !end.size) {
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
    return 0;
}
