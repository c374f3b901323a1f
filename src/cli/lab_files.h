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

// Makes the directory (0700) and everything in it that needs no zone id: credentials, CA, the
// controller's certificate, tokens. Whatever an earlier world left there is removed, if it is one.
// Errors: conflict (not an earlier world's directory), denied, exhausted.
[[nodiscard]] Result<std::vector<LabKey>> make_lab_directory(const LabLayout& layout);

// etc/farshore.yaml and etc/agent-<host>.yaml.
[[nodiscard]] Status write_configurations(const LabLayout& layout);

// Writes beside and renames, so that a reader never sees half a file. Errors: denied, exhausted.
[[nodiscard]] Status write_file(const std::string& path, std::string_view text, unsigned mode);

}  // namespace farshore::cli
