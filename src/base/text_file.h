#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// The one way in which a program reads a small file of text that an operator named: configuration,
// credentials, tokens, certificates. What is wrong with the file is said with a remedy for that.
// Blocking.
namespace farshore {

struct TextFile {
    std::string_view what;  // "token file", for error texts
    // What belongs into it, or how it is made: the remedy when it is not there or holds nothing.
    std::string_view remedy;
    std::size_t bytes_max = std::size_t{1} << 20U;
    bool may_be_empty = false;
    // False: another program reads the file too, and does not skip a byte order mark.
    bool may_begin_with_mark = true;
};

// The file's text without a byte order mark. A pipe is read only as /dev/stdin or /dev/fd/N: one
// that stands in a directory may have no writer.
//
// Errors, each naming the file: not_found; denied (not readable for this user); malformed (a
// directory, pipe, socket or device; empty; longer than allowed; UTF-16; binary; a mark that may
// not be).
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, const TextFile& file);

// The same of a file that holds one word: a token. Blanks and line ends around it are taken off.
// Errors: further malformed (several words or lines, characters that are not printable ASCII); the
// word itself is in no error.
[[nodiscard]] Result<std::string> read_word_file(const std::string& path, const TextFile& file);

}  // namespace farshore
