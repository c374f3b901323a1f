#include "cli/host_checks.h"

#include <chrono>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "base/version.h"

namespace farshore::cli {

namespace {

using State = LiveCheck::State;

std::optional<LiveCheck> epoch_check(const wire::AgentDocument& agent, Epoch in_force) {
    if (agent.epoch >= in_force) {
        return std::nullopt;
    }
    return LiveCheck{
        .what = "host " + agent.host.value(),
        .state = State::wrong,
        .text = fmt::format(
            "it stands at epoch {}, and {} is in force", agent.epoch.value(), in_force.value()
        ),
        .remedy =
            "its agent's log says what keeps it from the newer one; it writes nothing meanwhile",
        .code = "epoch_behind"
    };
}

std::optional<LiveCheck> version_check(const wire::AgentDocument& agent) {
    if (agent.program == kVersion) {
        return std::nullopt;
    }
    return LiveCheck{
        .what = "host " + agent.host.value(),
        .state = State::advice,
        .text = fmt::format(
            "its agent is of {}, and this command of version {}",
            agent.program ? "version " + *agent.program
                          : std::string{"an older version, which does not say its number"},
            kVersion
        ),
        .remedy = "install one version on all hosts and controllers",
        .code = "other_version"
    };
}

}  // namespace

std::vector<LiveCheck> host_checks(const wire::StatusDocument& status) {
    std::vector<LiveCheck> checks;
    std::size_t heard = 0;
    for (const wire::AgentDocument& agent : status.agents) {
        if (!agent.connected) {
            continue;
        }
        ++heard;
        // A change under way raises the epoch first, and hosts follow.
        const auto behind = status.operation ? std::nullopt : epoch_check(agent, status.epoch);
        for (const auto& check : {behind, version_check(agent)}) {
            if (check) {
                checks.push_back(*check);
            }
        }
    }
    if (checks.empty() && heard > 0) {
        checks.push_back(
            {.what = "hosts",
             .text = fmt::format(
                 "{} at epoch {}, with agents of version {}", heard, status.epoch.value(), kVersion
             )}
        );
    }
    return checks;
}

LiveCheck proof_check(const wire::OperationsDocument& operations, UtcTime now, Duration within) {
    const wire::OperationDocument* last = nullptr;
    for (const wire::OperationDocument& one : operations.operations) {
        const bool counts = one.outcome == core::Outcome::done && one.ended_at;
        if (counts && (last == nullptr || *one.ended_at > *last->ended_at)) {
            last = &one;
        }
    }
    LiveCheck check{.what = "proof"};
    if (last == nullptr) {
        check.state = State::advice;
        check.text = "never proven: no switchover, failover or failback has been carried out";
        check.code = "never_proven";
    } else {
        check.text = fmt::format(
            "the last {} that succeeded, {} -> {}, is from {}",
            to_string(last->verb),
            last->from.value(),
            last->to.value(),
            to_iso8601(*last->ended_at)
        );
        if (now - *last->ended_at > within) {
            check.state = State::advice;
            check.text += ", longer ago than " + to_text(within);
            check.code = "proof_old";
        }
    }
    if (check.state == State::advice) {
        check.remedy =
            "a `farshore switchover` to the standby at a quiet time, and `farshore failback`";
    }
    return check;
}

}  // namespace farshore::cli
