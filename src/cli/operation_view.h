#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "wire/answer_documents.h"
#include "wire/operation_document.h"

// Operations, plans and loss books as a person reads them. Pure.
namespace farshore::cli {

// "op-7 failover us-east-1 -> eu-west-1: done"
[[nodiscard]] std::string operation_line(const wire::OperationDocument& operation);
[[nodiscard]] std::string operations_table(const wire::OperationsDocument& document);
[[nodiscard]] std::string operation_table(const wire::OperationDocument& operation);
[[nodiscard]] std::string losses_table(const wire::LossesDocument& book);
[[nodiscard]] std::string plan_table(const wire::PlanDocument& document);

// What a failover at this moment could lose: the same words wherever it is asked.
[[nodiscard]] std::string loss_forecast(const wire::LossForecast& loss);

// What the guards say, and what would lower each that refuses. Nothing was asked of those of a
// plan: they would refuse.
enum class Asked { yes, no };
[[nodiscard]] std::string guards_table(const std::vector<wire::GuardDocument>& guards, Asked asked);

// One line of an operation's journal.
[[nodiscard]] std::string journal_line(const wire::EntryDocument& entry);

// A write's key in one line: its attribute map as JSON, or the text that stands for it.
[[nodiscard]] std::string key_text(const wire::LossEntryDocument& entry);

[[nodiscard]] std::string or_dash(std::string text);
[[nodiscard]] std::string utc_text(const std::optional<UtcTime>& at);  // "-": none

}  // namespace farshore::cli
