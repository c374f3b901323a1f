#pragma once

#include <string_view>

#include "dataplane/operation.h"

namespace farshore::dataplane {

// Does a request that is carried out twice leave the same as when it is carried out once, and is
// its application told the same? Asked when its outcome is unknown: only if so may SDKs repeat it
// by themselves. Other writes that come in between are not considered: the application has to
// expect those from its SDK anyway.
//
// Told the same: no condition (an attribute_not_exists() that took effect is refused the second
// time), no values of before the write (ReturnValues other than NONE and ALL_NEW, RETURNING), no
// PartiQL INSERT (a duplicate the second time), no WHERE of more than one term (the second one is
// the sort key or a condition, and the statement does not say which).
//
// Whatever is not known to do no harm counts as harmful: ADD, arithmetic, list_append, a value made
// of other attributes (`SET a = b, b = a`), an element of a list (after REMOVE x[0] another one
// stands there; SET x[9] appends), transactions, changes of tables, operations that DynamoDB may
// get. A transaction's ClientRequestToken does not help: it is known in one Region only, and the
// repetition may go to the other one.
[[nodiscard]] bool may_be_repeated(const Operation& operation, std::string_view body);

}  // namespace farshore::dataplane
