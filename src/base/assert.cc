#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace farshore {

void assertion_failed(const char* condition, const char* why, const char* file, int line) {
    (void)std::fprintf(
        stderr, "farshore: assertion failed: %s (%s) at %s:%d\n", why, condition, file, line
    );
    std::abort();
}

}  // namespace farshore
