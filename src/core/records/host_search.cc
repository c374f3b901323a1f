#include "core/records/host_search.h"

#include "base/names.h"
#include "core/records/epoch_items.h"

namespace farshore::core {

namespace {

constexpr std::size_t kPagesMax = 100;  // of a megabyte: far more than the register holds

}  // namespace

HostSearch::HostSearch(StepId step, std::size_t tables, Counts counts)
    : step_(std::move(step)), tables_(tables), counts_(std::move(counts)) {}

// Whose registration it is, is what its key says: a policy can bind the key to its writer, and
// nothing else in the item.
HostSearch::Verdict HostSearch::take(const HostEntry& entry) {
    if (entry.owner != entry.host) {
        return Verdict::of_another_host;
    }
    if (!counts_(entry.register_id)) {
        return Verdict::of_another_register;
    }
    // It may write all the same, wherever it stands: a fence waits for it.
    const bool stands_somewhere = check_name(entry.region).has_value();
    hosts_[entry.host] = stands_somewhere ? entry.region : RegionId{};
    return stands_somewhere ? Verdict::counts : Verdict::counts_without_region;
}

bool HostSearch::page_read(const RegionId& table, bool more) {
    if (more && ++pages_[table] < kPagesMax) {
        return true;
    }
    whole_ += more ? 0 : 1;
    ++ended_;
    return false;
}

void HostSearch::page_failed() {
    ++ended_;
}

std::optional<HostsFound> HostSearch::news() {
    const bool complete = whole_ >= majority_of(tables_);
    if (told_ || (!complete && ended_ < tables_)) {
        return std::nullopt;
    }
    told_ = true;
    HostsFound found{.step = step_, .complete = complete, .hosts = {}};
    found.hosts.assign(hosts_.begin(), hosts_.end());
    return found;
}

std::vector<std::pair<HostId, RegionId>> to_enroll(
    const HostsFound& found,
    const AgentRegister& known,
    const std::set<HostId>& not_stored,
    const std::function<bool(const HostId&)>& listed
) {
    std::vector<std::pair<HostId, RegionId>> hosts;
    for (const auto& [host, region] : found.hosts) {
        const auto at = known.find(host);
        const bool is_new = at == known.end() || not_stored.contains(host) ||
                            (region != RegionId{} && at->second.region != region);
        if (is_new && listed(host)) {
            hosts.emplace_back(host, region);
        }
    }
    return hosts;
}

}  // namespace farshore::core
