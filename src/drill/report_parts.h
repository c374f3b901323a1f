#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "drill/report.h"

// What the files that make a report share.
namespace farshore::drill {

[[nodiscard]] std::int64_t number_at(const boost::json::object& object, std::string_view name);
[[nodiscard]] std::string text_at(const boost::json::object& object, std::string_view name);

[[nodiscard]] Span steady_span(const StoryRecord& story);
[[nodiscard]] Span failover_span(const StoryRecord& story);
[[nodiscard]] Span switchover_span(const StoryRecord& story);

// How long writes were lost: from the first to the last that was acknowledged and is gone.
// nullopt: none is.
[[nodiscard]] std::optional<Duration> lost_for(const Books& books);

// What a reader of the verdict has to know, in sentences.
[[nodiscard]] boost::json::array remarks_of(const StoryRecord& story);

// What keeps the story from having passed, in words.
[[nodiscard]] boost::json::array find_faults(
    const StoryRecord& story, const std::optional<Outage>& outage
);

}  // namespace farshore::drill
