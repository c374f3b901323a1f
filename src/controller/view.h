#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "controller/agent_link.h"
#include "controller/credentials.h"
#include "controller/epoch_records.h"
#include "controller/joining.h"
#include "controller/loss_keeper.h"
#include "controller/table_watch.h"
#include "ports/store.h"
#include "runtime/pump.h"
#include "wire/config.h"
#include "wire/status_document.h"

namespace farshore::controller {

// Everything a document about the app is made of. Read at one moment, on the controller's thread.
struct View {
    const config::Config& config;
    const runtime::Pump& pump;
    const AgentLink& link;
    LossKeeper& losses;
    const TableWatch& tables;
    const EpochRecords& epochs;
    ports::Stored& stored;
    const Credentials& credentials;
    const Joining& joining;
    std::uint64_t guesses = 0;  // wrong tokens
};

// The documents of the API, as schema/*.schema.json describe them.
[[nodiscard]] wire::StatusDocument status_of(const View& view);
[[nodiscard]] wire::WhyDocument why_of(const View& view);
[[nodiscard]] boost::json::object plan_document(
    const View& view, const core::ChangeRequest& request
);
// With its journal when `with_steps`. Errors: not_found, and those of the store.
[[nodiscard]] Result<wire::OperationDocument> operation_of(
    const View& view, const OperationId& id, bool with_steps
);
// The same as it is sent.
[[nodiscard]] Result<boost::json::object> operation_document(
    const View& view, const OperationId& id, bool with_steps
);
[[nodiscard]] wire::RegionDocuments regions_of(const View& view, core::Now now);
// The newest measurement of each way, with its age, and what the lag is at least by now.
[[nodiscard]] std::vector<wire::LagDocument> lags_of(const View& view, Instant now);
// Could an operator fail over now, and what would be lost?
[[nodiscard]] core::Readiness readiness_of(const View& view);
[[nodiscard]] wire::ReadinessDocument readiness_document(const core::Readiness& readiness);
// The same in one line for people, and whether automation would act.
[[nodiscard]] std::string first_line(const View& view);
// Prometheus's text format, version 0.0.4.
[[nodiscard]] std::string metrics_text(const View& view);

}  // namespace farshore::controller
