#include "sim/check/losses.h"

#include <algorithm>
#include <optional>

namespace farshore::sim {

void LossChecks::kept(const core::Plan& plan, const core::KeyChain& chain) {
    const std::size_t key = std::stoull(chain.key());
    const bool of_several = std::ranges::any_of(chain.writes(), [&](const core::RiskyWrite& write) {
        return write.host != chain.writes().front().host;
    });
    const bool stepped = std::ranges::any_of(scene_.script.faults, [](const Fault& fault) {
        return fault.kind == FaultKind::host_wall_step || fault.kind == FaultKind::host_stopped ||
               fault.kind == FaultKind::host_restored;
    });
    if ((of_several && stepped) || scene_.script.may_pass_agents(key)) {
        return;
    }
    for (const core::RiskyWrite& write : chain.writes()) {
        const std::optional<WriteId> id = scene_.tables.write_behind(write.entry.hash);
        if (!write.entry.acknowledged || !id) {
            continue;
        }
        const std::pair at{plan.id, *id};
        const bool in_target = scene_.tables.holds(place_of(plan.to), key, *id);
        const std::string told{to_string(write.fate)};
        const bool is_lost =
            write.fate == core::Fate::suppressed || write.fate == core::Fate::never_arrived;
        const bool is_there =
            write.fate == core::Fate::present || write.fate == core::Fate::applied_late;
        if (is_lost) {
            lost_.try_emplace(at, Lost{.key = key, .id = *id, .told = told, .excused = in_target});
        } else {
            lost_.erase(at);
        }
        if (is_there && arrived_.insert(at).second && !in_target) {
            violations_.add(
                "INV-S16",
                "write " + std::to_string(*id) + " is told as " + told + ", and is not in " +
                    plan.to.value()
            );
        }
    }
}

void LossChecks::account(const std::set<std::size_t>& late_keys) {
    for (const auto& [at, lost] : lost_) {
        if (lost.excused || late_keys.contains(lost.key)) {
            continue;
        }
        for (const Tables::Version* version = scene_.tables.newest(lost.key); version != nullptr;
             version = version->before) {
            if (version->id == lost.id) {
                violations_.add(
                    "INV-S16",
                    "write " + std::to_string(lost.id) + " is told as " + lost.told +
                        ", and has arrived"
                );
            }
        }
    }
}

}  // namespace farshore::sim
