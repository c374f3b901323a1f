#pragma once

#include <array>
#include <string_view>

#include "base/enum_names.h"

namespace farshore::dataplane {

enum class OperationClass {
    read,    // follows the active Region at any time
    write,   // changes items: needs permission, is noted in the ledger
    other,   // changes tables or is not known: needs permission like a write
    refused  // not DynamoDB's own protocol
};
inline constexpr std::array<std::string_view, 4> kOperationClassNames{
    "read", "write", "other", "refused"
};

constexpr const auto& names_of(OperationClass) {
    return kOperationClassNames;
}

[[nodiscard]] constexpr bool needs_permission(OperationClass kind) {
    return kind == OperationClass::write || kind == OperationClass::other;
}

struct Operation {
    OperationClass kind = OperationClass::refused;
    std::string_view name;  // "PutItem", a part of the target
};

// `target` is the X-Amz-Target header. PartiQL is judged by its statement in `body`. What is not
// known to be a read counts as a change: a new operation of DynamoDB must not slip past a fence.
[[nodiscard]] Operation classify(std::string_view target, std::string_view body);

}  // namespace farshore::dataplane
