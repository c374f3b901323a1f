#pragma once

#include <string_view>

#include "dataplane/operation.h"

namespace farshore::dataplane {

// Does a request that is carried out twice leave what it leaves once? Asked when nobody knows
// whether it was carried out: SDKs may repeat it by themselves only if it does. Other writes that
// come in between are not considered: those the application has to expect from its SDK anyway.
//
// Whatever is not known to do no harm counts as harmful: ADD, arithmetic, list_append, a value made
// of other attributes (`SET a = b, b = a`), an element of a list (after REMOVE x[0] another one
// stands there; SET x[9] appends), transactions, changes of tables, operations that DynamoDB may
// get. A transaction's ClientRequestToken does not help: it is known in one Region only, and the
// repetition may go to the other one.
[[nodiscard]] bool may_be_repeated(const Operation& operation, std::string_view body);

}  // namespace farshore::dataplane
