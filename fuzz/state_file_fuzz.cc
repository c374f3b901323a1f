// modules: adapters/host
//
// Whatever stands in a state file, it is refused with a reason, or it says something that this host
// can follow.

#include <cstdint>
#include <string_view>

#include "adapters/host/host_files.h"
#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace farshore;
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    const Result<host::StoredState> state = host::parse_state(AppId{"magento"}, text);
    if (!state) {
        FARSHORE_ASSERT(!state.error().text.empty(), "a refusal has its reason");
        return 0;
    }
    const auto again = host::parse_state(
        AppId{"magento"}, host::serialize_state(AppId{"magento"}, *state, utc_from_ms(0))
    );
    FARSHORE_ASSERT(again.has_value() && *again == *state, "what is written is read back");
    const bool routed = state->route.epoch != Epoch{};
    FARSHORE_ASSERT(!routed || state->route.active != RegionId{}, "an epoch belongs to a Region");
    return 0;
}
