#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "core/host/host_account.h"
#include "core/loss/fence_list.h"
#include "ports/clock.h"
#include "wire/agent_protocol.h"

#include "dataplane/endpoint.h"

namespace farshore::agent {

using core::kUnknownMatters;

// Of one app: writes that this host has sent and given up without an answer, those of the process
// before this one included. Control thread only.
class UnknownOutcomes {
  public:
    // `lived_before`: an earlier process may have had writes under way when it ended, whatever it
    // has written down. What it has, in `state_directory`, goes into the endpoint's ledger, and
    // the file is removed.
    UnknownOutcomes(
        const ports::Clock& clock,
        dataplane::Endpoint& endpoint,
        AppId app,
        const std::string& state_directory,
        bool lived_before
    );

    [[nodiscard]] wire::UnknownOutcomes now() const;
    [[nodiscard]] core::NewestUnknown newest() const;

    // What the process before this one had written down.
    [[nodiscard]] std::uint64_t inherited() const { return inherited_; }

    // What was given up lately, for the next process.
    struct Left {
        std::uint64_t writes = 0;
        std::string text;  // to be stored by store_unknown(), when there are any
    };

    [[nodiscard]] Left left() const;

  private:
    void take_over(const std::string& text);

    const ports::Clock* clock_;
    dataplane::Endpoint* endpoint_;
    AppId app_;
    std::optional<Instant> began_at_;
    std::uint64_t inherited_ = 0;
};

[[nodiscard]] std::string unknown_path(const std::string& state_directory, const AppId& app);

// Blocking. Errors as replace_file.
[[nodiscard]] Status store_unknown(
    const std::string& state_directory, const AppId& app, const std::string& text
);

}  // namespace farshore::agent
