#pragma once

#include <string_view>

#include "base/result.h"
#include "base/standard_output.h"

// How a program that runs on (farshored, farshore-agent) ends: the numbers of sysexits.h, the same
// in each, so that one line of a service manager's configuration (`RestartPreventExitStatus=`)
// holds for all. The command has more to say: cli/exit_codes.h. Thread-safe.
namespace farshore {

inline constexpr int kEndUsage = 64;
inline constexpr int kEndUnavailable = 69;  // a port, a file or a service is in use or not there
inline constexpr int kEndBug = 70;
inline constexpr int kEndDenied = 77;
inline constexpr int kEndConfiguration = 78;

inline constexpr std::string_view kEndsOfADaemon =
    "Exit codes: 0 stopped by a signal, 64 usage, 69 a port, file or service is in use or not "
    "there, or another process leads, 70 a bug, 74 the output could not be written, 77 denied, 78 "
    "configuration. With 69 alone it helps to start the program again.";

[[nodiscard]] int exit_status_of(ErrorKind kind);

// Prints the error and its remedy to standard error, and gives the status to end with.
int end_with(std::string_view program, const Error& error);

// From here on another SIGTERM or SIGINT no longer changes how this process ends. To be called when
// the order to stop has been obeyed, before the handlers of signals go: a service manager or a
// person that asks twice would kill the process in its last moments, and its status would tell of a
// bad end. Of the calling thread; the process's other threads must have ended when the handlers go.
void end_as_ordered();

// The status for a run that has printed all it had to say: kOutputFailed when that did not arrive.
[[nodiscard]] int end_printed(std::string_view program, int status);

}  // namespace farshore
