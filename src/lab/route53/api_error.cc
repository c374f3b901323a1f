#include "lab/route53/api_error.h"

#include <algorithm>

#include "base/assert.h"

namespace farshore::lab::route53 {

const ApiErrorRow& row_of(std::string_view code) {
    const auto found = std::ranges::find(kApiErrors, code, &ApiErrorRow::code);
    FARSHORE_ASSERT(found != kApiErrors.end(), "each error of the API has a row");
    return *found;
}

std::unexpected<Error> api_error(std::string_view code, std::string text) {
    return std::unexpected(Error{
        .kind = row_of(code).kind,
        .effect = Effect::none,
        .text = std::move(text),
        .remedy = {},
        .code = std::string{code}
    });
}

}  // namespace farshore::lab::route53
