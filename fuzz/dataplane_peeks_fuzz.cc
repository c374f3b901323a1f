// modules: dataplane
//
// Whatever an application sends as its body is looked at without harm, and what is rewritten stays
// JSON when it was: one member more, or one value another.

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/assert.h"

#include "dataplane/json_members.h"
#include "dataplane/operation.h"
#include "dataplane/service_code.h"
#include "dataplane/update_learning.h"

namespace {

using namespace farshore;

bool is_object(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(text, error, {}, options);
    return !error && value.is_object();
}

void check_members(std::string_view body) {
    const auto members = dataplane::json_members(body);
    if (!members) {
        return;
    }
    for (const dataplane::JsonMember& member : *members) {
        FARSHORE_ASSERT(
            member.whole.data() >= body.data() &&
                member.whole.data() + member.whole.size() <= body.data() + body.size(),
            "a member lies in the text"
        );
        FARSHORE_ASSERT(member.whole.ends_with(member.value), "and ends with its value");
        (void)dataplane::json_elements(member.value);
    }
}

void check_learning(std::string_view body) {
    const dataplane::LearningPlan plan = dataplane::plan_learning(body);
    if (plan.learning == dataplane::Learning::asked_by_us && is_object(body)) {
        FARSHORE_ASSERT(is_object(plan.asked_body), "a rewritten request stays an object");
    }
    const auto plain = dataplane::without_attributes(body);
    if (plain && is_object(body)) {
        FARSHORE_ASSERT(is_object(*plain), "a shortened answer stays an object");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    // The first line is the target, the rest the body.
    const std::size_t end = text.find('\n');
    const std::string_view target = text.substr(0, end);
    const std::string_view body =
        end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    for (const std::string_view name :
         {"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"}) {
        const dataplane::Operation operation =
            dataplane::classify("DynamoDB_20120810." + std::string{name}, body);
        FARSHORE_ASSERT(
            operation.kind == dataplane::OperationClass::write ||
                (operation.kind == dataplane::OperationClass::read && is_object(body)),
            "what is no JSON is no read"
        );
    }
    (void)dataplane::classify(target, body);
    check_members(body);
    check_learning(body);
    (void)dataplane::service_code(400, body);
    return 0;
}
