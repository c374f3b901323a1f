#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/route53/health.h"
#include "lab/route53/model.h"

// Answers of Route 53's API, 2013-04-01, from values: pure.
namespace farshore::lab::route53 {

[[nodiscard]] std::string error_xml(const Error& error, std::string_view request_id);

[[nodiscard]] std::string create_zone_xml(const Zone& zone, const ChangeState& change);
[[nodiscard]] std::string get_zone_xml(const Zone& zone);
[[nodiscard]] std::string zone_count_xml(std::size_t count);

struct ZonePage {
    std::vector<Zone> zones;
    std::string marker;       // as asked
    std::string next_marker;  // empty: the last page
    std::size_t items_max = 100;
};

[[nodiscard]] std::string list_zones_xml(const ZonePage& page);

struct ZonesByNamePage {
    std::vector<Zone> zones;
    std::string dns_name;  // as asked
    std::string zone_id;
    std::string next_name;  // empty: the last page
    std::string next_id;
    std::size_t items_max = 100;
};

[[nodiscard]] std::string list_zones_by_name_xml(const ZonesByNamePage& page);

struct RecordsPage {
    std::vector<RecordSet> records;
    const RecordSet* next = nullptr;  // null: the last page
    std::size_t items_max = 300;
};

[[nodiscard]] std::string list_records_xml(const RecordsPage& page);
// `operation`: "ChangeResourceRecordSets", "DeleteHostedZone" or "GetChange".
[[nodiscard]] std::string change_xml(std::string_view operation, const ChangeState& change);

// `operation`: "CreateHealthCheck", "GetHealthCheck" or "UpdateHealthCheck".
[[nodiscard]] std::string check_xml(std::string_view operation, const Check& check);

struct ChecksPage {
    std::vector<Check> checks;
    std::string marker;
    std::string next_marker;
    std::size_t items_max = 100;
};

[[nodiscard]] std::string list_checks_xml(const ChecksPage& page);
[[nodiscard]] std::string check_count_xml(std::size_t count);
[[nodiscard]] std::string check_status_xml(const std::vector<Observation>& observations);
[[nodiscard]] std::string delete_check_xml();

[[nodiscard]] std::string tags_xml(
    std::string_view type, std::string_view id, const std::vector<Tag>& tags
);
[[nodiscard]] std::string change_tags_xml();

}  // namespace farshore::lab::route53
