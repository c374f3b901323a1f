#include "base/standard_output.h"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

namespace farshore {

namespace {

// Of the first failure: a stream that has failed does not say it again. One thread prints.
int reason = 0;

}  // namespace

void write_output(std::string_view text) {
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) < text.size() && reason == 0) {
        reason = errno;
    }
}

Status flush_output() {
    const bool failed_before = std::ferror(stdout) != 0;
    errno = 0;
    if (std::fflush(stdout) == 0 && !failed_before) {
        return {};
    }
    reason = reason == 0 ? errno : reason;
    const std::string why = reason == 0 ? "" : ": " + std::generic_category().message(reason);
    return fail(
        ErrorKind::unavailable,
        "standard output could not be written" + why,
        std::string{kOutputRemedy}
    );
}

}  // namespace farshore
