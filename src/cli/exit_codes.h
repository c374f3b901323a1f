#pragma once

#include <array>
#include <string_view>

#include "base/result.h"
#include "base/standard_output.h"

// What the command's exit status says; `farshore --help` prints this table.
namespace farshore::cli {

// NOLINTBEGIN(readability-identifier-naming): constants that carry the numbers of a table
enum ExitCode : int {
    kDone = 0,
    kFailed = 1,
    kChanges = 2,
    kNotReady = 3,
    kGuardRefused = 4,
    kMoved = 5,
    kStillRunning = 6,
    kPartlyDone = 7,
    kObjectiveMissed = 8,
    kInconclusive = 9,
    kDeclined = 10,
    kUsage = 64,
    kUnreachable = 69,
    kCannotWrite = kOutputFailed,
    kDenied = 77,
    kConfigurationInvalid = 78,
    kInterrupted = 130,
};

// NOLINTEND(readability-identifier-naming)

struct ExitCodeRow {
    ExitCode code;
    std::string_view meaning;
};

inline constexpr std::array<ExitCodeRow, 17> kExitCodes{{
    {kDone, "done, or already so"},
    {kFailed, "failed; unchanged or rolled back"},
    {kChanges, "there is something to make (`provision plan --detailed-exitcode`)"},
    {kNotReady, "degraded, not ready"},
    {kGuardRefused, "a guard refused, or it is too late"},
    {kMoved,
     "Region, epoch or plan differs from --expect-active, --expect-epoch or --plan: nothing done"},
    {kStillRunning, "timed out or detached, the operation still runs (its id is printed)"},
    {kPartlyDone, "partly done: `farshore op show ID` says what is not"},
    {kObjectiveMissed, "an objective was missed"},
    {kInconclusive, "stopped, or inconclusive"},
    {kDeclined, "the operator declined"},
    {kUsage, "usage"},
    {kUnreachable, "unreachable"},
    {kCannotWrite, "the output could not be written; what was done stays done"},
    {kDenied, "denied"},
    {kConfigurationInvalid, "configuration invalid"},
    {kInterrupted, "interrupted by Ctrl-C"},
}};

// The status for an error that ended the command.
[[nodiscard]] constexpr ExitCode exit_code_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::unavailable:
        case ErrorKind::timed_out: return kUnreachable;
        case ErrorKind::denied: return kDenied;
        case ErrorKind::conflict: return kGuardRefused;
        // What was asked for does not exist, or cannot be asked for: the words are to be changed.
        case ErrorKind::not_found:
        case ErrorKind::malformed: return kUsage;
        case ErrorKind::throttled:
        case ErrorKind::cancelled:
        case ErrorKind::exhausted: return kFailed;
    }
    std::unreachable();
}

}  // namespace farshore::cli
