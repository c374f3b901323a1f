#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "core/lint/client_lint.h"
#include "wire/config.h"

// The programs of this host, looked at for DynamoDB past the agent: `farshore-agent check`.
namespace farshore::agent {

// What several programs of one name do alike is told once.
struct ClientTrouble {
    std::string program;    // "php-fpm"
    std::vector<int> pids;  // not empty
    core::ClientFinding finding;
};

struct ClientReport {
    std::vector<ClientTrouble> troubles;  // what is broken first
    std::size_t programs = 0;             // that were looked at
    std::size_t hidden = 0;               // of other users: not looked at
    std::vector<std::string> unresolved;  // DynamoDB's names that have no address now, and why

    [[nodiscard]] bool is_broken() const;

    [[nodiscard]] bool is_whole() const { return hidden == 0 && unresolved.empty(); }
};

// `ranges_file` is AWS's ip-ranges.json; empty: only addresses that DynamoDB's names have at this
// moment are known. Farshore's own programs are left out. Blocking, for seconds at most. Errors:
// those of reading that file.
[[nodiscard]] Result<ClientReport> check_clients(
    const config::AgentConfig& config, const std::string& ranges_file
);

[[nodiscard]] std::string report_text(const ClientReport& report);
[[nodiscard]] boost::json::object report_document(const ClientReport& report);

}  // namespace farshore::agent
