#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "lab/route53/model.h"

// Which of several record sets of one name and type answers: pure.
namespace farshore::lab::route53 {

enum class RecordHealth { healthy, unhealthy, no_check };
inline constexpr std::array<std::string_view, 3> kRecordHealthNames{
    "healthy", "unhealthy", "no_check"
};

constexpr const auto& names_of(RecordHealth) {
    return kRecordHealthNames;
}

struct FailoverRow {
    RecordHealth primary;
    RecordHealth secondary;
    FailoverRole answer;
    std::string_view why;
};

// clang-format off
inline constexpr std::array<FailoverRow, 9> kFailoverTable{{
    {RecordHealth::healthy,   RecordHealth::healthy,   FailoverRole::primary,   "the primary is healthy"},
    {RecordHealth::healthy,   RecordHealth::unhealthy, FailoverRole::primary,   "the primary is healthy"},
    {RecordHealth::healthy,   RecordHealth::no_check,  FailoverRole::primary,   "the primary is healthy"},
    {RecordHealth::unhealthy, RecordHealth::healthy,   FailoverRole::secondary, "only the secondary is healthy"},
    {RecordHealth::unhealthy, RecordHealth::unhealthy, FailoverRole::primary,   "neither is healthy: the primary is the last resort"},
    {RecordHealth::unhealthy, RecordHealth::no_check,  FailoverRole::secondary, "a secondary without a health check counts as healthy"},
    {RecordHealth::no_check,  RecordHealth::healthy,   FailoverRole::primary,   "a primary without a health check counts as healthy"},
    {RecordHealth::no_check,  RecordHealth::unhealthy, FailoverRole::primary,   "a primary without a health check counts as healthy"},
    {RecordHealth::no_check,  RecordHealth::no_check,  FailoverRole::primary,   "a primary without a health check counts as healthy"},
}};
// clang-format on

[[nodiscard]] consteval bool every_cell_has_one_row() {
    for (std::size_t p = 0; p < kRecordHealthNames.size(); ++p) {
        for (std::size_t s = 0; s < kRecordHealthNames.size(); ++s) {
            int rows = 0;
            for (const FailoverRow& row : kFailoverTable) {
                rows += static_cast<std::size_t>(row.primary) == p &&
                                static_cast<std::size_t>(row.secondary) == s
                            ? 1
                            : 0;
            }
            if (rows != 1) {
                return false;
            }
        }
    }
    return true;
}

static_assert(every_cell_has_one_row(), "a case was forgotten or written twice");

[[nodiscard]] const FailoverRow& failover_row(RecordHealth primary, RecordHealth secondary);

using HealthOf = std::function<RecordHealth(const RecordSet&)>;

// The record set that answers, or null when `candidates` is empty. All have one name, type and
// routing policy. `draw`: any number, for weighted routing.
[[nodiscard]] const RecordSet* choose(
    std::span<const RecordSet* const> candidates, const HealthOf& health_of, std::uint64_t draw
);

}  // namespace farshore::lab::route53
