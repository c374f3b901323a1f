#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/route53/model.h"

// Bodies of Route 53's API, 2013-04-01, to values: pure, strict and bounded. An element that the
// API does not have is an error, because a client that sends one believes in an effect.
// Errors: MalformedInput (not XML, unknown element), InvalidInput (a value that cannot be).
namespace farshore::lab::route53 {

struct CreateZoneRequest {
    std::string name;
    std::string caller_reference;
    std::string comment;
};

struct ChangeRequest {
    std::string comment;
    std::vector<RecordChange> changes;
};

struct CreateCheckRequest {
    std::string caller_reference;
    CheckConfig config;
};

struct ChangeTagsRequest {
    std::vector<Tag> add;
    std::vector<std::string> remove;
};

[[nodiscard]] Result<CreateZoneRequest> create_zone_from_xml(std::string_view body);
[[nodiscard]] Result<ChangeRequest> changes_from_xml(std::string_view body);
[[nodiscard]] Result<CreateCheckRequest> create_check_from_xml(std::string_view body);
[[nodiscard]] Result<CheckUpdate> check_update_from_xml(std::string_view body);
[[nodiscard]] Result<ChangeTagsRequest> change_tags_from_xml(std::string_view body);

}  // namespace farshore::lab::route53
