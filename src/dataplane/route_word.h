#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/enum_names.h"
#include "base/ids.h"

namespace farshore::dataplane {

// May writes be forwarded? Only `open` with an unexpired permission lets one pass.
enum class WriteState {
    open,
    held,         // new writes wait for the release of a planned switch
    fenced,       // a newer epoch exists: no write under this one any more
    unconfirmed,  // the epoch has not been confirmed, or the confirmation has run out
};
inline constexpr std::array<std::string_view, 4> kWriteStateNames{
    "open", "held", "fenced", "unconfirmed"
};

constexpr const auto& names_of(WriteState) {
    return kWriteStateNames;
}

// Position of a Region in Endpoint::Options::regions.
using RegionIndex = std::uint8_t;

// Everything that a request asks about its way, in one 64-bit value that is read once per request:
// a switch of Region is one store, and no request ever sees half of it.
struct RouteWord {
    Epoch epoch;
    RegionIndex active = 0;
    WriteState state = WriteState::unconfirmed;

    friend bool operator==(const RouteWord&, const RouteWord&) = default;
};

static_assert(kEpochMax.value() == (std::uint64_t{1} << 48U) - 1, "the epoch fits the route word");

[[nodiscard]] constexpr std::uint64_t pack(RouteWord word) {
    FARSHORE_ASSERT(is_possible(word.epoch), "the epoch fits the route word");
    return (word.epoch.value() << 16U) | (std::uint64_t{word.active} << 8U) |
           static_cast<std::uint64_t>(word.state);
}

[[nodiscard]] constexpr RouteWord unpack(std::uint64_t bits) {
    return RouteWord{
        .epoch = Epoch{bits >> 16U},
        .active = static_cast<RegionIndex>((bits >> 8U) & 0xFFU),
        .state = static_cast<WriteState>(bits & 0xFFU),
    };
}

}  // namespace farshore::dataplane
