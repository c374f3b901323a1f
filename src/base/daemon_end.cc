#include "base/daemon_end.h"

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

namespace farshore {

int exit_status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::denied: return kEndDenied;
        case ErrorKind::malformed:
        case ErrorKind::not_found: return kEndConfiguration;
        case ErrorKind::conflict:
        case ErrorKind::exhausted:
        case ErrorKind::throttled:
        case ErrorKind::unavailable:
        case ErrorKind::timed_out:
        case ErrorKind::cancelled: return kEndUnavailable;
    }
    std::unreachable();
}

int end_with(std::string_view program, const Error& error) {
    std::string text = std::string{program} + ": " + error.text + "\n";
    if (!error.remedy.empty()) {
        text += "  remedy: " + error.remedy + "\n";
    }
    (void)std::fwrite(text.data(), 1, text.size(), stderr);
    return exit_status_of(error.kind);
}

void end_as_ordered() {
    sigset_t orders{};
    sigemptyset(&orders);
    sigaddset(&orders, SIGTERM);
    sigaddset(&orders, SIGINT);
    (void)::pthread_sigmask(SIG_BLOCK, &orders, nullptr);
}

int end_printed(std::string_view program, int status) {
    const Status written = flush_output();
    if (!written) {
        (void)end_with(program, written.error());
        return kOutputFailed;
    }
    return status;
}

}  // namespace farshore
