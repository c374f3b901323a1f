// modules: adapters/net
#include "adapters/net/dns_message.h"
#include "base/assert.h"

// Any bytes decode or give an error; what has been decoded can be sent and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace farshore::net::dns;
    const farshore::Result<Message> message = decode({data, size});
    if (!message) {
        return 0;
    }
    const std::vector<std::uint8_t> bytes = encode(*message);
    const farshore::Result<Message> again = decode(bytes);
    FARSHORE_ASSERT(again.has_value(), "our own encoding is well formed");
    FARSHORE_ASSERT(encode(*again) == bytes, "decoding loses nothing of what we write");
    return 0;
}
