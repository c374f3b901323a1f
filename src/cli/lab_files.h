#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/lab_layout.h"

#include "sigv4/signer.h"

// The files of a lab world: keys, certificates, tokens, and the configuration files with which
// farshored and the agents start, by the supervisor or by hand.
namespace farshore::cli {

// One AWS key per role; all are known to the lab's endpoints.
struct LabKey {
    std::string profile;  // "default", "controller", "agent", "shop"
    sigv4::Credentials credentials;
};

// Fills a claimed directory (0700) with everything that needs no zone id: credentials, CA, the
// controller's certificate, tokens. What an earlier world left there is removed. Errors: conflict
// (not claimed), denied, exhausted.
[[nodiscard]] Result<std::vector<LabKey>> make_lab_directory(const LabLayout& layout);

// etc/farshore.yaml and etc/agent-<host>.yaml.
[[nodiscard]] Status write_configurations(const LabLayout& layout);

}  // namespace farshore::cli
