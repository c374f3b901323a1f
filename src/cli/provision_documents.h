#pragma once

#include <vector>

#include <boost/json/object.hpp>

#include "core/provision/rights.h"
#include "core/provision/stack_plan.h"

// What `farshore provision export` writes, in AWS's own forms. The same input gives the same bytes.
namespace farshore::cli {

// An identity policy of IAM.
[[nodiscard]] boost::json::object policy_document(const std::vector<core::Right>& rights);

// A template of CloudFormation. A table or health check stays when its stack goes. The zones of AWS
// load balancers are parameters of it: an alias answer's `alias_zone` names its parameter.
[[nodiscard]] boost::json::object stack_template(const core::Stack& stack);

}  // namespace farshore::cli
