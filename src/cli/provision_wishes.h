#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/provision/table_plan.h"
#include "core/provision/traffic_plan.h"
#include "wire/config.h"

// What a configuration needs in AWS, for `farshore provision`: no look at AWS.
namespace farshore::cli {

struct Context;

// The configuration that `farshore provision` cannot do without. Errors: malformed (none is named),
// load_config's.
[[nodiscard]] Result<config::Config> needed_configuration(const Context& context);

// The application's tables, then Farshore's own; the preferred Region first.
[[nodiscard]] std::vector<core::TableWish> wishes_of(const config::Config& config);

// "shop-1.us-east-1.elb.amazonaws.com", "shop-2.elb.eu-west-1.amazonaws.com".
[[nodiscard]] bool is_aws_balancer(std::string_view name);

// Of a configuration that names a record. Without the zones of load balancers, which AWS has to
// tell.
[[nodiscard]] core::TrafficWish traffic_wish(const config::Config& config);

}  // namespace farshore::cli
