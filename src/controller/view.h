#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <boost/json.hpp>

#include "controller/agent_link.h"
#include "controller/credentials.h"
#include "controller/epoch_records.h"
#include "controller/joining.h"
#include "controller/loss_keeper.h"
#include "controller/table_watch.h"
#include "ports/store.h"
#include "runtime/pump.h"
#include "wire/config.h"

namespace farshore::controller {

// The newest measurement of replication from one Region to another.
struct LagSeen {
    Duration lag{};
    Instant at{};
};

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
    const std::map<std::pair<RegionId, RegionId>, LagSeen>& lags;
};

// The documents of the API, as schema/*.schema.json describe them.
[[nodiscard]] boost::json::object status_document(const View& view);
[[nodiscard]] boost::json::object why_document(const View& view);
[[nodiscard]] boost::json::object plan_document(
    const View& view, const core::ChangeRequest& request
);
// With its journal when `with_steps`. Errors: not_found, and those of the store.
[[nodiscard]] Result<boost::json::object> operation_document(
    const View& view, const OperationId& id, bool with_steps
);
[[nodiscard]] bool is_paused(const core::AppRecord& record, UtcTime now);
// Why a request changes nothing, in words; nullopt: it would change something.
[[nodiscard]] std::optional<std::string> nothing_to_do(
    const View& view, const core::ChangeRequest& request
);
[[nodiscard]] boost::json::object regions_document(const View& view, core::Now now);
// The newest measurement of each way, with its age, and what the lag is at least by now.
[[nodiscard]] boost::json::array lag_document(const View& view, Instant now);
// Could an operator fail over now, and what would be lost?
[[nodiscard]] core::Readiness readiness_of(const View& view);
[[nodiscard]] boost::json::object readiness_document(const core::Readiness& readiness);
// The same in one line for people, and whether automation would act.
[[nodiscard]] std::string first_line(const View& view);
// Prometheus's text format, version 0.0.4.
[[nodiscard]] std::string metrics_text(const View& view);

}  // namespace farshore::controller
