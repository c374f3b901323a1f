#pragma once

#include <string>
#include <vector>

#include "adapters/aws/route53.h"
#include "core/lint/traffic_seen.h"

namespace farshore::aws {

// The records of that name and every health check that they follow, one call after the other, each
// within `patience`. Single-threaded; `route53` must outlive the task. Errors: those of the calls,
// in the context of what was asked; a check that does not exist is none.
[[nodiscard]] net::Task<Result<core::TrafficSeen>> survey_traffic(
    Route53& route53, std::string zone, std::string record, Duration patience
);

// Pure.
[[nodiscard]] core::SeenRecord seen_record(const RecordSet& record);
[[nodiscard]] core::SeenCheck seen_check(const HealthCheck& check);

}  // namespace farshore::aws
