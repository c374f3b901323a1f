#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace farshore::net {

// A Farshore installation's own certificate authority (ECDSA P-256, self-signed, ten years).
struct CaFiles {
    std::string certificate_file;
    std::string key_file;
};

// Writes ca.pem and ca.key (0600) into `directory`, which exists. Errors: exhausted, denied.
[[nodiscard]] Result<CaFiles> create_ca(const std::string& directory, const std::string& name);

// Renews the CA: its certificate for ten years more, of the same key, which certificates issued
// before still lead to. `new_key`: a new key, and the old certificate stays in the file behind the
// new one, so that a client with the file trusts certificates of both; the next renewal leaves the
// old one out. Errors: denied and malformed (the CA's files), exhausted.
[[nodiscard]] Status renew_ca(const CaFiles& ca, bool new_key);

// The DNS names and IP addresses that a certificate is for. Errors: denied, malformed.
[[nodiscard]] Result<std::vector<std::string>> certificate_names(const std::string& file);

// Issues a server certificate for DNS names and IP addresses; writes NAME.pem and NAME.key (0600).
[[nodiscard]] Result<CaFiles> issue_certificate(
    const CaFiles& ca,
    const std::string& directory,
    const std::string& name,
    const std::vector<std::string>& names_and_addresses
);

}  // namespace farshore::net
