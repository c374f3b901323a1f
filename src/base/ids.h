#pragma once

#include <cstdint>
#include <string>

#include "base/strong.h"

namespace farshore {

using AppId = Strong<struct AppIdTag, std::string>;
// An AWS Region name ("us-east-1"), or a lab Region of the same form.
using RegionId = Strong<struct RegionIdTag, std::string>;
using HostId = Strong<struct HostIdTag, std::string>;
// One vantage with one vote: a controller, or the agents of one Region taken together.
using ObserverId = Strong<struct ObserverIdTag, std::string>;
using OperationId = Strong<struct OperationIdTag, std::string>;
using TableName = Strong<struct TableNameTag, std::string>;
// Drawn anew at each start of a process: tells a restarted agent from one that was only silent.
using BootId = Strong<struct BootIdTag, std::string>;

// Grows by one with each change of active Region; every effect carries it (INV-S2).
using Epoch = Strong<struct EpochTag, std::uint64_t>;

// The highest epoch that there can be: an agent keeps epoch, Region and write state in one 64-bit
// word. 48 bits last for nine million years of one change a second, so a higher number is damage,
// wherever it is read, and is taken for no answer there.
inline constexpr Epoch kEpochMax{(std::uint64_t{1} << 48U) - 1};

[[nodiscard]] constexpr bool is_possible(Epoch epoch) {
    return epoch <= kEpochMax;
}

[[nodiscard]] constexpr Epoch next(Epoch epoch) {
    return Epoch{epoch.value() + 1};
}

}  // namespace farshore
