#include <algorithm>

#include "lab/route53/api.h"
#include "lab/route53/api_error.h"
#include "lab/route53/api_parts.h"
#include "lab/route53/xml_answers.h"
#include "lab/route53/xml_requests.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kTagsMax = 50;

}  // namespace

Api::Answered Api::route_check(const Call& call) {
    const std::string& method = call.request.method;
    const std::size_t parts = call.path.size();
    if (parts == 1) {
        if (method == "POST") {
            return create_check(call);
        }
        return method == "GET" ? list_checks(call) : Answered{unknown_operation(call.request)};
    }
    if (parts == 3 && call.path[2] == "status" && method == "GET") {
        return check_status(call);
    }
    if (parts != 2) {
        return unknown_operation(call.request);
    }
    if (method == "GET") {
        const auto check = checks_.check(call.path[1]);
        if (!check) {
            return std::unexpected(check.error());
        }
        return xml(200, check_xml("GetHealthCheck", *check));
    }
    if (method == "POST") {
        const auto update = check_update_from_xml(call.request.body);
        if (!update) {
            return std::unexpected(update.error());
        }
        const auto check = checks_.update(call.path[1], *update);
        if (!check) {
            return std::unexpected(check.error());
        }
        return xml(200, check_xml("UpdateHealthCheck", *check));
    }
    if (method == "DELETE") {
        if (const Status erased = checks_.erase(call.path[1]); !erased) {
            return std::unexpected(erased.error());
        }
        tags_.erase({"healthcheck", call.path[1]});
        return xml(200, delete_check_xml());
    }
    return unknown_operation(call.request);
}

Api::Answered Api::create_check(const Call& call) {
    auto request = create_check_from_xml(call.request.body);
    if (!request) {
        return std::unexpected(request.error());
    }
    const auto check =
        checks_.create(std::move(request->caller_reference), std::move(request->config));
    if (!check) {
        return std::unexpected(check.error());
    }
    auto response = xml(201, check_xml("CreateHealthCheck", *check));
    response.headers.push_back({"Location", std::string{kEndpoint} + "healthcheck/" + check->id});
    return response;
}

Api::Answered Api::list_checks(const Call& call) const {
    const auto size = page_size(call.request, kPageMax);
    if (!size) {
        return std::unexpected(size.error());
    }
    ChecksPage page{.marker = call.request.query_value("marker").value_or(""), .items_max = *size};
    for (Check& check : checks_.checks()) {
        if (check.id < page.marker) {
            continue;
        }
        if (page.checks.size() == *size) {
            page.next_marker = check.id;
            break;
        }
        page.checks.push_back(std::move(check));
    }
    return xml(200, list_checks_xml(page));
}

Api::Answered Api::check_status(const Call& call) const {
    const auto check = checks_.check(call.path[1]);
    if (!check) {
        return std::unexpected(check.error());
    }
    if (!calls_an_endpoint(check->config.type)) {
        return api_error(
            "InvalidInput",
            "No checker observes a health check of type " +
                std::string{to_string(check->config.type)}
        );
    }
    return xml(200, check_status_xml(checks_.observations(call.path[1])));
}

Api::Answered Api::tags(const Call& call) {
    const std::string& type = call.path[1];
    const std::string& id = call.path[2];
    if (type != "hostedzone" && type != "healthcheck") {
        return api_error("InvalidInput", "Invalid value '" + type + "' of resourceType");
    }
    if (type == "healthcheck" && !checks_.has(id)) {
        return std::unexpected(checks_.check(id).error());
    }
    if (type == "hostedzone") {
        if (const auto zone = zones_.zone(id); !zone) {
            return std::unexpected(zone.error());
        }
    }
    auto& tags = tags_[{type, id}];
    if (call.request.method == "GET") {
        return xml(200, tags_xml(type, id, tags));
    }
    if (call.request.method != "POST") {
        return unknown_operation(call.request);
    }
    const auto request = change_tags_from_xml(call.request.body);
    if (!request) {
        return std::unexpected(request.error());
    }
    auto after = tags;
    for (const std::string& key : request->remove) {
        std::erase_if(after, [&key](const Tag& tag) { return tag.key == key; });
    }
    for (const Tag& added : request->add) {
        std::erase_if(after, [&added](const Tag& tag) { return tag.key == added.key; });
        after.push_back(added);
    }
    if (after.size() > kTagsMax) {
        return api_error("InvalidInput", "A resource has at most 50 tags");
    }
    tags = std::move(after);
    return xml(200, change_tags_xml());
}

}  // namespace farshore::lab::route53
