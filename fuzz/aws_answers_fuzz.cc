// modules: adapters/aws
#include <string_view>

#include "adapters/aws/caller_identity.h"
#include "adapters/aws/client.h"
#include "adapters/aws/credentials.h"
#include "adapters/aws/dynamodb.h"
#include "adapters/aws/route53.h"

// Whatever AWS, a test server or a proxy between us may answer is either understood or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace farshore::aws;
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    (void)parse_json_error(body);
    (void)parse_xml_error(body);
    (void)farshore::sigv4::time_from_http_date(body);
    (void)credentials_from_json(body);
    (void)credentials_from_sts(body);
    if (const auto identity = parse_caller_identity(body)) {
        (void)assumed_role_of(*identity);
    }
    (void)dynamodb_json::table_description(body);
    (void)dynamodb_json::item(body, "Item");
    (void)dynamodb_json::page(body);
    (void)route53_xml::hosted_zone(body);
    (void)route53_xml::hosted_zones(body);
    (void)route53_xml::change(body);
    (void)route53_xml::health_check(body);
    (void)route53_xml::health_checks(body);
    (void)route53_xml::health_check_status(body);
    const auto records = route53_xml::record_sets(body);
    if (records && !records->records.empty()) {
        // What was read can be written.
        (void
        )route53_xml::change_record_sets({{ChangeAction::upsert, records->records.front()}}, "");
    }
    if (const auto values = find_profile(body, "default")) {
        (void)credentials_from(*values);
    }
    return 0;
}
