#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/failover/policy.h"
#include "core/failover/record.h"
#include "wire/answer_documents.h"
#include "wire/operation_document.h"

// What the documents that people's programs get from a controller are made of. Their forms stand in
// operation_document.h, status_document.h and answer_documents.h.
namespace farshore::wire {

// {"error":{"kind","text","remedy","code"}}, with "guards" when they refused.
[[nodiscard]] std::string error_document(const Error& error);
[[nodiscard]] std::string error_document(
    const Error& error, const std::vector<core::GuardAnswer>& guards
);
// Reads an error document back. Whatever is not one becomes an error that quotes its beginning.
[[nodiscard]] Error error_from(int status, std::string_view body);

// The status of an error as an answer: 404 for not_found, 409 for conflict, …
[[nodiscard]] int http_status_of(const Error& error);

[[nodiscard]] std::vector<GuardDocument> guards_document(
    const std::vector<core::GuardAnswer>& guards
);

// The steps of a plan; with what became of each, where `runs` says it.
[[nodiscard]] std::vector<PlanStepDocument> plan_steps_document(
    const core::Plan& plan, const std::vector<core::StepRun>& runs
);

struct NumberedEntry {
    std::uint64_t sequence = 0;
    core::JournalEntry entry;
};

[[nodiscard]] EntryDocument entry_document(const NumberedEntry& entry);

struct OperationParts {
    const core::OperationRecord& record;
    RegionId users;  // where users are now
    core::LossCounts loss;
    std::vector<NumberedEntry> steps;
};

[[nodiscard]] OperationDocument operation_document(const OperationParts& parts);

}  // namespace farshore::wire
