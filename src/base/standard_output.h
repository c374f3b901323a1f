#pragma once

#include <string_view>

#include "base/result.h"

// What a program prints counts once the system has taken it: a script must not take a part of a
// list for the whole one.
namespace farshore {

// EX_IOERR of sysexits.h: the exit status of a program whose output could not be written.
inline constexpr int kOutputFailed = 74;

// The remedy for that; what a program did before it printed is not taken back.
inline constexpr std::string_view kOutputRemedy =
    "send the output to another place; what was done before it was printed stays done";

// Prints to standard output; flush_output() tells whether it arrived.
void write_output(std::string_view text);

// Gives the system what was printed to standard output and is still kept in this process. Errors:
// unavailable, for that or for an earlier part (a full disk, a closed or broken output).
[[nodiscard]] Status flush_output();

}  // namespace farshore
