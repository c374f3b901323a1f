#pragma once

#include <array>
#include <string_view>

#include "base/enum_names.h"

namespace farshore::dataplane {

// What DynamoDB's operations are to a fence. docs/decisions/0013-local-clients.md has the reasons.
enum class OperationClass {
    read,       // follows the active Region at any time
    write,      // changes items: needs permission, is noted in the ledger
    admin,      // changes tables or their settings: needs permission like a write
    discovery,  // asks where the endpoint is: the agent answers it, no Region sees it
    refused     // not known, not DynamoDB's, or it would go on in a Region after a fence
};
inline constexpr std::array<std::string_view, 5> kOperationClassNames{
    "read", "write", "admin", "discovery", "refused"
};

constexpr const auto& names_of(OperationClass) {
    return kOperationClassNames;
}

[[nodiscard]] constexpr bool needs_permission(OperationClass kind) {
    return kind == OperationClass::write || kind == OperationClass::admin;
}

struct Operation {
    OperationClass kind = OperationClass::refused;
    std::string_view name;  // "PutItem", a part of the target
    std::string_view why;   // refused: the reason, a sentence for people
};

// `target` is the X-Amz-Target header. PartiQL is judged by its statement in `body`. Names are
// looked up, never guessed: what a new operation does to items is not known, and so neither the
// fence nor the ledger could take account of it.
[[nodiscard]] Operation classify(std::string_view target, std::string_view body);

}  // namespace farshore::dataplane
