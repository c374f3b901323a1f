#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/app_agent.h"

// What an agent tells about itself: /metrics for Prometheus and /v1/state for people and programs.
namespace farshore::agent {

using Apps = std::vector<std::unique_ptr<AppAgent>>;

[[nodiscard]] std::string metrics_text(const Apps& apps, const Shared& shared);
[[nodiscard]] std::string state_document(const Apps& apps, const Shared& shared);

}  // namespace farshore::agent
