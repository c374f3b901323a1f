#include "core/records/copy_answer.h"

namespace farshore::core {

CopyAnswer failed_write(const Error& error) {
    // A controller that was refused has been answered: what the copy says now can be read.
    const bool answered = error.kind == ErrorKind::conflict || error.kind == ErrorKind::denied ||
                          error.kind == ErrorKind::malformed || error.kind == ErrorKind::throttled;
    if (answered && error.effect == Effect::none) {
        return {.word = CopyWord::refused, .why = error.text};
    }
    return {
        .word = error.effect == Effect::none ? CopyWord::not_done : CopyWord::lost,
        .why = error.text
    };
}

CopyAnswer failed_read(const Error& error) {
    return {
        .word = error.kind == ErrorKind::malformed ? CopyWord::damaged : CopyWord::not_done,
        .why = error.text
    };
}

}  // namespace farshore::core
