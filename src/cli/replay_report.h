#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "adapters/recording/recording_files.h"
#include "core/recording/other_policy.h"
#include "wire/config.h"

// Recorded decisions, made again (docs/recordings.md). Reads files; changes nothing.
namespace farshore::cli {

struct ReplayedFile {
    std::string path;
    recording::Found found;
};

struct ReplayLine {
    UtcTime at{};
    std::string text;
};

struct ReplayReport {
    AppId app;
    std::string recorded_by;  // the version of the last file's farshored
    std::vector<ReplayedFile> files;
    std::optional<UtcTime> from;
    UtcTime until{};
    std::uint64_t inputs = 0;
    std::uint64_t judged = 0;  // of them: those behind the beginning of a continued file
    std::optional<core::Comparison::Difference> difference;  // the first one
    std::deque<ReplayLine> timeline;                         // verdicts and decisions, the newest
    std::uint64_t lines_left_out = 0;
    std::optional<std::vector<core::Incident>>
        incidents;  // under the other policy, if one was given

    [[nodiscard]] bool is_damaged() const;
};

// `other`: whose policy is asked what it would have decided; nullptr: none. Files in the order in
// which they were written. Errors: those of read_lines(); malformed (a file is of another app than
// `other`, or of other Regions, or no file has a head that can be read).
[[nodiscard]] Result<ReplayReport> replay_files(
    const std::vector<std::string>& files, const config::Config* other
);

[[nodiscard]] std::string replay_text(const ReplayReport& report);
[[nodiscard]] boost::json::object replay_document(const ReplayReport& report);

}  // namespace farshore::cli
