#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// PEM files, looked at before a TLS library does: the library names neither the file nor what is
// wrong with it, and silently skips what it cannot read. Blocking.
namespace farshore::net {

// Does the file hold certificates, and does the TLS library see each of them? `what` names the file
// in errors ("the CA file"). Errors: those of read_text_file; malformed.
[[nodiscard]] Status check_certificates(const std::string& path, std::string_view what);

// The same of a private key without a passphrase.
[[nodiscard]] Status check_private_key(const std::string& path, std::string_view what);

}  // namespace farshore::net
