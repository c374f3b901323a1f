// modules: wire
//
// Whatever bytes arrive at an agent or a controller either parse or give an error; what parses is
// written and read back to the same value.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/agent_protocol.h"
#include "wire/joining.h"

namespace {

template <class Parse>
void check(std::string_view text, Parse parse) {
    const auto first = parse(text);
    if (!first) {
        return;
    }
    const auto again = parse(farshore::wire::serialize(*first));
    if (!again || !(*again == *first)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    check(text, farshore::wire::parse_agent_hello);
    check(text, farshore::wire::parse_report);
    check(text, farshore::wire::parse_report_answer);
    check(text, farshore::wire::parse_ack);
    check(text, farshore::wire::parse_stream_line);
    check(text, farshore::wire::parse_ledger_entry);
    check(text, farshore::wire::parse_challenge);
    check(text, farshore::wire::parse_join_request);
    check(text, farshore::wire::parse_joined);
    return 0;
}
