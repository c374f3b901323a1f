// modules: wire
//
// Whatever bytes arrive at an agent or a controller either parse or give an error; what parses is
// written and read back to the same value.

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

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

// What the parser has left out is not written again.
farshore::Result<farshore::wire::Ack> parse_ack(std::string_view text) {
    auto ack = farshore::wire::parse_ack(text);
    if (auto* fence = ack ? std::get_if<farshore::wire::FenceAck>(&ack->body) : nullptr) {
        fence->not_understood = 0;
    }
    return ack;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    check(text, farshore::wire::parse_agent_hello);
    check(text, farshore::wire::parse_report);
    check(text, farshore::wire::parse_report_again);
    check(text, farshore::wire::parse_report_answer);
    check(text, farshore::wire::parse_ack_answer);
    check(text, parse_ack);
    check(text, farshore::wire::parse_stream_line);
    check(text, farshore::wire::parse_ledger_entry);
    check(text, farshore::wire::parse_challenge);
    check(text, farshore::wire::parse_join_request);
    check(text, farshore::wire::parse_joined);
    return 0;
}
