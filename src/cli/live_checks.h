#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>

#include "cli/exit_codes.h"
#include "wire/config.h"
#include "wire/status_document.h"

// What a configuration names, looked up where it is said to be. Reads only; each call has a bound,
// so that a Region that is down costs seconds. Blocking.
namespace farshore::cli {

struct LiveCheck {
    // Advice: it works, and should be otherwise.
    enum class State { good, wrong, unchecked, advice };

    std::string what;  // "table carts", "record shop.example.com", "controller"
    State state = State::good;
    std::string text;
    std::string remedy;
    std::string code;  // of the linter: "shared_check"; empty for what has none
};

inline constexpr std::array<std::string_view, 4> kLiveStateNames{
    "good", "wrong", "unchecked", "advice"
};

constexpr const auto& names_of(LiveCheck::State) {
    return kLiveStateNames;
}

// Whether AWS takes this principal's keys at all; nullopt: it does, or does not answer. Without
// them nothing else can be looked up, and each look would say the same.
[[nodiscard]] std::optional<LiveCheck> refused_keys(
    const config::Config& config, const RegionId& without = {}
);

// The tables in every Region they belong to: there, of one key, replicated (or apart, for the epoch
// records), of one set of indexes and settings; and the record with its health checks, when users
// are moved by one. Nothing is asked of the Region `without`.
[[nodiscard]] std::vector<LiveCheck> look_up_names(
    const config::Config& config, const RegionId& without = {}
);

// Whether this principal may read the application's tables as the controller has to.
[[nodiscard]] std::vector<LiveCheck> try_rights(
    const config::Config& config, const RegionId& without = {}
);

// What the controller's status document says: its readiness with each finding, and the tables whose
// writes its hosts cannot prove. Pure.
[[nodiscard]] std::vector<LiveCheck> controller_checks(const wire::StatusDocument& status);

// What all checks come to. What could not be looked at is not known to be good.
enum class LiveVerdict { ready, not_ready, unchecked };

inline constexpr std::array<std::string_view, 3> kLiveVerdictNames{
    "ready", "not_ready", "unchecked"
};

constexpr const auto& names_of(LiveVerdict) {
    return kLiveVerdictNames;
}

[[nodiscard]] LiveVerdict verdict_of(const std::vector<LiveCheck>& checks);
[[nodiscard]] ExitCode exit_code_of(LiveVerdict verdict);
// One line per check, and the remedy below what is not good.
[[nodiscard]] std::string checks_text(const std::vector<LiveCheck>& checks);
[[nodiscard]] boost::json::array checks_document(const std::vector<LiveCheck>& checks);

}  // namespace farshore::cli
