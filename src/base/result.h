#pragma once

#include <array>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/enum_names.h"

namespace farshore {

// A kind exists only if a caller reacts differently to it.
enum class ErrorKind {
    throttled,    // the same request may succeed later; slow down
    unavailable,  // the other side did not answer, or its answer says "not now"
    timed_out,    // the deadline passed
    not_found,
    conflict,   // a condition did not hold, or another writer was first
    malformed,  // the input is wrong and stays wrong
    denied,     // credentials, token or policy
    cancelled,  // we gave it up ourselves
    exhausted,  // disk full, too many files, a bound of ours reached
};
inline constexpr std::array<std::string_view, 9> kErrorKindNames{
    "throttled",
    "unavailable",
    "timed_out",
    "not_found",
    "conflict",
    "malformed",
    "denied",
    "cancelled",
    "exhausted"
};

constexpr const auto& names_of(ErrorKind) {
    return kErrorKindNames;
}

// May the failed request have changed the world all the same? Unsure means possible: a timeout, a
// connection cut after sending, a 5xx. A possible effect is never repeated blindly.
enum class Effect { none, possible };
inline constexpr std::array<std::string_view, 2> kEffectNames{"none", "possible"};

constexpr const auto& names_of(Effect) {
    return kEffectNames;
}

struct Error {
    ErrorKind kind{};
    Effect effect = Effect::none;
    std::string text;    // for people; never compared
    std::string remedy;  // what the reader can do about it; may be empty
    std::string code;  // the service's or our own code ("ConditionalCheckFailedException", "C104")

    friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(
    ErrorKind kind, std::string text, std::string remedy = {}
) {
    return std::unexpected(Error{
        .kind = kind,
        .effect = Effect::none,
        .text = std::move(text),
        .remedy = std::move(remedy),
        .code = {}
    });
}

// Context is added where it is known, once: "GetItem in us-east-1: " before the text.
[[nodiscard]] inline Error in_context(std::string_view context, Error error) {
    error.text.insert(0, std::string{context} + ": ");
    return error;
}

}  // namespace farshore
