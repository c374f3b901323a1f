// modules: adapters/aws
#include <string_view>

#include "adapters/aws/caller_identity.h"
#include "adapters/aws/client.h"
#include "adapters/aws/credentials.h"
#include "adapters/aws/dynamodb.h"
#include "adapters/aws/route53.h"

#include "aws_model/decode.h"
#include "aws_model/encode.h"

namespace {

using namespace farshore::aws;
using namespace farshore;

// The operation that the first two bytes choose reads the rest.
void read_any(std::string_view bytes) {
    if (bytes.size() < 2) {
        return;
    }
    const aws_model::Model& model = aws_model::model();
    const auto byte = [&](std::size_t at) {
        return static_cast<unsigned char>(bytes[at]);
    };
    const aws_model::Service& service = model.services[byte(0) % model.services.size()];
    const aws_model::Operation& operation =
        model.operations[service.first_operation + byte(1) % service.operations];
    const aws_model::Answer answer{.status = 200, .headers = {}, .body = bytes.substr(2)};
    (void)aws_model::decode(model, service, operation, answer);
    (void)to_error(400, aws_model::decode_error(model, service, answer));
}

// A record that was read can be written.
void write_again(std::string_view body) {
    const aws_model::Model& model = aws_model::model();
    const aws_model::Service& route53 = *model.find_service("route53");
    const auto members = aws_model::decode(
        model,
        route53,
        *model.find_operation(route53, "ListResourceRecordSets"),
        {.status = 200, .headers = {}, .body = body}
    );
    const auto records =
        members ? route53_members::record_sets(*members) : Result<RecordPage>{RecordPage{}};
    if (records && !records->records.empty()) {
        (void)aws_model::encode(
            model,
            route53,
            *model.find_operation(route53, "ChangeResourceRecordSets"),
            route53_members::change_record_sets(
                "Z", {{ChangeAction::upsert, records->records.front()}}, ""
            ),
            ""
        );
    }
}

}  // namespace

// Whatever AWS, a test server or a proxy between us may answer is either understood or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    read_any(body);
    write_again(body);
    (void)sigv4::time_from_http_date(body);
    (void)credentials_from_json(body);
    (void)credentials_from_sts("AssumeRole", body);
    if (const auto identity = parse_caller_identity(body)) {
        (void)assumed_role_of(*identity);
    }
    if (const auto values = find_profile(body, "default")) {
        (void)credentials_from(*values);
    }
    (void)service_urls(body, "local");
    return 0;
}
