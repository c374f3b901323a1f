#pragma once

#include <vector>

#include "adapters/aws/dynamodb.h"
#include "core/provision/table_plan.h"

// The tables of an installation: what is there, and what a plan makes of it.
namespace farshore::aws {

// Asks each Region of the wish, one after the other. A Region that does not answer is told as such.
[[nodiscard]] net::Task<std::vector<core::TableSeen>> see_table(
    DynamoDb& tables, core::TableWish wish
);

// Makes one change and waits until it has taken effect in each Region that it concerns. What is
// there already counts as made, so a change whose answer was lost may be made again. Errors:
// timed_out (the service is still at it: apply again later), those of the calls.
[[nodiscard]] net::Task<Status> make_change(DynamoDb& tables, core::TableChange change);

}  // namespace farshore::aws
