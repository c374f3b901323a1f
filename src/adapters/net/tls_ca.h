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

// Issues a server certificate for DNS names and IP addresses; writes NAME.pem and NAME.key (0600).
[[nodiscard]] Result<CaFiles> issue_certificate(
    const CaFiles& ca,
    const std::string& directory,
    const std::string& name,
    const std::vector<std::string>& names_and_addresses
);

}  // namespace farshore::net
