#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "core/recording/replay.h"

// The lines of a recording behind its head, one for each input (docs/recordings.md). Kinds of which
// there are many are packed: an array of values, where other lines are an object with their names.
// So each line is read behind all others of its file. Pure; one owner, one thread.
namespace farshore::wire {

// A name that stands in many lines is spelled in the first of them. Room for each host of a large
// register; what comes later is spelled each time.
inline constexpr std::size_t kRecordedNamesMax = 30'000;

// Writes the lines of one file.
class RecordedWriter {
  public:
    // Adds a line, with its end.
    void write(
        std::string& out, core::Now now, const core::Input& input, const core::Decided& decided
    );

  private:
    class Packing;

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    using Names = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;

    Names names_;
    core::Now before_{};  // of the line before
};

// Reads the lines of one file, in their order.
class RecordedReader {
  public:
    // The line without its end. Errors: malformed, with the field's place.
    [[nodiscard]] Result<core::Recorded> read(std::string_view line);

  private:
    class Unpacking;

    std::vector<std::string> names_;
    core::Now before_{};
};

}  // namespace farshore::wire
