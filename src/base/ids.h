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

[[nodiscard]] constexpr Epoch next(Epoch epoch) {
    return Epoch{epoch.value() + 1};
}

}  // namespace farshore
