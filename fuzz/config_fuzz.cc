// modules: wire
//
// Whatever stands in a configuration file, it is read or every mistake has its code and its place.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "wire/config_loader.h"

namespace {

template <class Loaded>
void check(const Loaded& loaded) {
    for (const auto& diagnostic : loaded.diagnostics) {
        FARSHORE_ASSERT(diagnostic.code.starts_with('C'), "a mistake has its code");
        FARSHORE_ASSERT(!diagnostic.message.empty(), "and its words");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    // Values may name files and variables, which a fuzzer must not read.
    if (text.find("${") != std::string_view::npos) {
        return 0;
    }
    check(farshore::config::parse_config(text));
    check(farshore::config::parse_agent_config(text));
    return 0;
}
