#include "base/standard_output.h"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

namespace farshore {

Status flush_output() {
    const bool failed_before = std::ferror(stdout) != 0;
    errno = 0;
    if (std::fflush(stdout) == 0 && !failed_before) {
        return {};
    }
    const std::string why = errno == 0 ? "" : ": " + std::generic_category().message(errno);
    return fail(
        ErrorKind::unavailable,
        "standard output could not be written" + why,
        std::string{kOutputRemedy}
    );
}

}  // namespace farshore
