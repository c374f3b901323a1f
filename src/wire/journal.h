#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "core/failover/record.h"

// The documents a controller keeps in its store: JSON with a schema version, so that a later
// controller can read what an earlier one wrote. What cannot be read is an error, never a default.
namespace farshore::wire {

inline constexpr int kJournalSchemaVersion = 2;

[[nodiscard]] std::string serialize(const core::OperationRecord& record);
// Errors: malformed, with the field's place.
[[nodiscard]] Result<core::OperationRecord> parse_operation_record(std::string_view text);

// Without the operation, which is a document of its own.
[[nodiscard]] std::string serialize(const core::AppRecord& record);
[[nodiscard]] Result<core::AppRecord> parse_app_record(std::string_view text);

}  // namespace farshore::wire
