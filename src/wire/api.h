#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/result.h"
#include "core/failover/policy.h"
#include "core/failover/record.h"

// The documents that people's programs get from a controller. schema/status.schema.json and
// schema/operation.schema.json describe them.
namespace farshore::wire {

inline constexpr int kApiSchemaVersion = 1;
// The `code` of a refusal because the world is not as the request expects.
inline constexpr std::string_view kMovedCode = "moved";

// {"error":{"kind","text","remedy","code"}}, with "guards" when they refused.
[[nodiscard]] std::string error_document(const Error& error);
[[nodiscard]] std::string error_document(
    const Error& error, const std::vector<core::GuardAnswer>& guards
);
// Reads an error document back. Whatever is not one becomes an error that quotes its beginning.
[[nodiscard]] Error error_from(int status, std::string_view body);

// The status of an error as an answer: 404 for not_found, 409 for conflict, …
[[nodiscard]] int http_status_of(const Error& error);

[[nodiscard]] boost::json::array guards_document(const std::vector<core::GuardAnswer>& guards);

// What became of acknowledged writes that were not proven in the target at its promotion. `at_risk`
// is their number; the others but `present` add up to it.
struct LossCounts {
    std::uint64_t at_risk = 0;
    std::uint64_t present = 0;  // unproven, but found in the target before it took writes
    std::uint64_t applied_late = 0;
    std::uint64_t suppressed = 0;
    std::uint64_t never_arrived = 0;
    std::uint64_t unknown = 0;  // not settled yet, or not decidable
    bool whole = true;          // false: a host could not name every write that it had not proven

    friend bool operator==(const LossCounts&, const LossCounts&) = default;
};

[[nodiscard]] boost::json::object loss_document(const LossCounts& counts);

// The steps of a plan, as `plan` and `op show` print them; with what became of each, where `runs`
// says it.
[[nodiscard]] boost::json::array plan_steps_document(
    const core::Plan& plan, const std::vector<core::StepRun>& runs
);

struct NumberedEntry {
    std::uint64_t sequence = 0;
    core::JournalEntry entry;
};

[[nodiscard]] boost::json::object entry_document(const NumberedEntry& entry);

struct OperationParts {
    const core::OperationRecord& record;
    RegionId users;  // where users are now
    LossCounts loss;
    std::vector<NumberedEntry> steps;
};

[[nodiscard]] boost::json::object operation_document(const OperationParts& parts);

}  // namespace farshore::wire
