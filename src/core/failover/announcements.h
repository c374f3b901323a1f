#pragma once

#include "core/failover/action.h"

// What people are told from more than one place.
namespace farshore::core {

// The epoch items name another store's register.
[[nodiscard]] inline Announce other_register_of(const AppId& app) {
    return {
        "the epoch items of " + app.value() +
        " name another store's register: another controller with a store of its own serves this "
        "app, or did; fences wait for its leases"
    };
}

}  // namespace farshore::core
