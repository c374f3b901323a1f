#pragma once

#include <limits>
#include <optional>
#include <string_view>

#include <boost/json.hpp>

#include "base/time.h"
#include "wire/journal.h"
#include "wire/json_reader.h"

// What the controller's stored documents have in common.
namespace farshore::wire::journal {

inline constexpr std::size_t kDocumentBytesMax = 1024 * 1024;
inline constexpr std::size_t kLongTextBytesMax = 64 * 1024;
inline constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

template <class Enum>
[[nodiscard]] boost::json::string word(Enum value) {
    const std::string_view text = to_string(value);
    return boost::json::string{text.data(), text.size()};
}

[[nodiscard]] inline boost::json::value optional_ms(const std::optional<UtcTime>& time) {
    return time ? boost::json::value(to_ms(*time)) : boost::json::value(nullptr);
}

[[nodiscard]] inline std::optional<UtcTime> optional_time(ObjectReader& in, std::string_view name) {
    if (!in.has(name)) {
        return std::nullopt;
    }
    return utc_from_ms(in.number(name, kMin, kMax));
}

// The version that wrote the document; one from the future is an error.
inline std::int64_t version_of(ObjectReader& in) {
    const std::int64_t version = in.number("schema_version", 1, kMax);
    if (version > kJournalSchemaVersion) {
        in.wrong("schema_version", "written by a newer farshored");
    }
    return version;
}

}  // namespace farshore::wire::journal
