#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "core/recording/replay.h"

// The lines of a recording (docs/recordings.md): JSON, one document in each. The first one is its
// head, each other one an input of the core with what came of it, as it stands here or packed
// (recorded_lines.h). Pure.
namespace farshore::wire {

inline constexpr int kRecordingVersion = 2;
inline constexpr std::size_t kRecordingLineBytesMax = std::size_t{64} << 20U;

struct RecordingHead {
    std::string program;  // the version of the farshored that wrote it
    // As `farshore config view` shows it. The opening's policy, quorum and hysteresis come from it:
    // they are written nowhere else.
    boost::json::object configuration;
    core::Opening opening;
};

[[nodiscard]] std::string serialize(const RecordingHead& head);
[[nodiscard]] std::string serialize(const core::Recorded& recorded);

// Errors: malformed, with the field's place.
[[nodiscard]] Result<RecordingHead> parse_recording_head(std::string_view line);
[[nodiscard]] Result<core::Recorded> recorded_from(const boost::json::object& line);

// "observation": the word under which an input stands in its line.
[[nodiscard]] std::string_view name_of(const core::Input& input);

}  // namespace farshore::wire
