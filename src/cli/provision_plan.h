#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/provision/table_plan.h"
#include "wire/config.h"
#include "wire/document_forms.h"

// `farshore provision plan` and `apply`: what an installation lacks in AWS, and making it.
// Blocking.
namespace farshore::cli {

// All tables together: the file of `provision plan --out`.
struct ProvisionPlan {
    std::string app;
    std::vector<core::TableChange> changes;
    std::vector<core::Obstacle> obstacles;
    std::vector<std::string> notes;
};

// Looks at every Region of the configuration; changes nothing.
[[nodiscard]] ProvisionPlan look_at_installation(const config::Config& config);

// For people; `wide` has the reasons.
[[nodiscard]] std::string text_of(const ProvisionPlan& plan);

struct Applied {
    std::size_t made = 0;
    bool interrupted = false;  // by SIGINT or SIGTERM, between two changes
    Status status;             // of the change that failed
};

// Makes the changes one after the other. `begins` is told of each before it is made.
[[nodiscard]] Applied apply_changes(
    const config::Config& config,
    const std::vector<core::TableChange>& changes,
    const std::function<void(const core::TableChange&)>& begins
);

}  // namespace farshore::cli

template <>
inline constexpr auto farshore::wire::kFields<farshore::core::TableChange> = std::tuple{
    required("change", &farshore::core::TableChange::kind, Word{}),
    required("table", &farshore::core::TableChange::table, Id{}),
    required("region", &farshore::core::TableChange::region, Id{}),
    optional("replica", &farshore::core::TableChange::replica, Id{}),
    optional("key", &farshore::core::TableChange::key, Text{255}),
    optional("stream", &farshore::core::TableChange::stream, Flag{}),
    optional("why", &farshore::core::TableChange::why, Text{500})
};

template <>
inline constexpr auto farshore::wire::kFields<farshore::core::Obstacle> = std::tuple{
    required("table", &farshore::core::Obstacle::table, Id{}),
    required("text", &farshore::core::Obstacle::text, Text{2000}),
    required("remedy", &farshore::core::Obstacle::remedy, Text{2000})
};

template <>
inline constexpr auto farshore::wire::kFields<farshore::cli::ProvisionPlan> = std::tuple{
    required("app", &farshore::cli::ProvisionPlan::app, Text{64}),
    required("changes", &farshore::cli::ProvisionPlan::changes, List{1000, Inside{}}),
    required("obstacles", &farshore::cli::ProvisionPlan::obstacles, List{1000, Inside{}}),
    required("notes", &farshore::cli::ProvisionPlan::notes, List{1000, Text{2000}})
};
