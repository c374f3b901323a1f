#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sigv4/signer.h"

// The parts of a canonical request. Pure.
namespace farshore::sigv4 {

// Dot segments removed (RFC 3986 5.2.4, and runs of slashes joined) and every byte of the sent path
// that is not unreserved or '/' encoded. S3 (`double_encode` false) signs its path as it is sent:
// no segments removed, escapes kept.
[[nodiscard]] std::string canonical_path(std::string_view path, bool double_encode);

// Sorted by encoded name, then encoded value; "key" becomes "key=".
[[nodiscard]] std::string canonical_query(std::string_view query);

struct CanonicalHeaders {
    std::string lines;         // "host:example.com\n" each
    std::string signed_names;  // "host;x-amz-date"
};

// Sorted by lower-case name; equal names joined by commas in the order received; values trimmed and
// runs of blanks folded.
[[nodiscard]] CanonicalHeaders canonical_headers(std::span<const Header> headers);

// The canonical request from parts that are made already.
[[nodiscard]] std::string assemble(
    const Request& request, const CanonicalHeaders& headers, bool double_encode
);

}  // namespace farshore::sigv4
