#include "controller/closed_register.h"

#include <algorithm>

#include "adapters/system/log.h"
#include "base/text.h"

#include "sigv4/signer.h"

namespace farshore::controller {

namespace {

constexpr Duration kLookEvery = std::chrono::seconds{1};
constexpr Duration kCallTimeout = std::chrono::milliseconds{800};
constexpr std::size_t kNameHex = 16;

}  // namespace

std::string ClosedRegister::name_of(const std::string& store, std::vector<HostId> listed) {
    if (listed.empty()) {
        return store;
    }
    std::ranges::sort(listed);
    return store + "-" + sigv4::sha256_hex(joined(listed)).substr(0, kNameHex);
}

net::Task<bool> ClosedRegister::majority_is_ours() {
    std::size_t ours = 0;
    for (const RegionId& region : parts_.regions) {
        aws::GetItem get;
        get.table = parts_.edge.config.fence.epoch_table;
        get.key["app"] = aws::string_attribute(parts_.edge.config.app.value());
        get.consistent = true;
        const aws::CallOptions options{
            .connect_timeout = kCallTimeout, .total_timeout = kCallTimeout, .attempts_max = 1
        };
        const Result<std::optional<aws::Item>> item =
            co_await parts_.edge.tables.get_item(region, get, options);
        const bool named =
            item && *item && aws::string_of(**item, "register").value_or("") == parts_.register_id;
        ours += named ? 1 : 0;
    }
    co_return ours > parts_.regions.size() / 2;
}

net::Task<> ClosedRegister::run() {
    const bool by_records =
        parts_.edge.config.fence.on_controller_loss == config::OnControllerLoss::verify;
    while (by_records) {
        const bool ours = co_await majority_is_ours();
        if (ours) {
            break;
        }
        const bool slept = co_await net::sleep_for(parts_.edge.io, kLookEvery);
        if (!slept) {
            co_return;
        }
    }
    // A host that was confirmed until now may go on for a lease.
    const Duration rest = parts_.longest_lease() + parts_.edge.config.fence.clock_error;
    const bool slept = co_await net::sleep_for(parts_.edge.io, rest);
    if (!slept) {
        co_return;
    }
    alone_ = true;
    std::vector<HostId> left = parts_.unlisted();
    while (!left.empty()) {
        std::erase_if(left, [this](const HostId& host) { return parts_.drop(host); });
        if (left.empty()) {
            co_return;
        }
        const bool waited = co_await net::sleep_for(parts_.edge.io, kLookEvery);
        if (!waited) {
            co_return;
        }
    }
}

}  // namespace farshore::controller
