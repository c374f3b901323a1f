#include "controller/closed_register.h"

#include <algorithm>

#include "adapters/system/log.h"
#include "base/text.h"

#include "sigv4/signer.h"

namespace farshore::controller {

namespace {

constexpr Duration kLookEvery = std::chrono::seconds{1};
constexpr std::size_t kNameHex = 16;

}  // namespace

std::string ClosedRegister::name_of(const std::string& store, std::vector<HostId> listed) {
    if (listed.empty()) {
        return store;
    }
    std::ranges::sort(listed);
    return store + "-" + sigv4::sha256_hex(joined(listed)).substr(0, kNameHex);
}

ClosedRegister::ClosedRegister(Parts parts)
    : parts_(std::move(parts)),
      closing_(
          {.register_id = parts_.register_id,
           .by_items =
               parts_.edge.config.fence.on_controller_loss == config::OnControllerLoss::verify,
           .clock_error = parts_.edge.config.fence.clock_error}
      ) {}

void ClosedRegister::looked(const core::EpochReading& reading) {
    closing_.looked(parts_.edge.clock.now(), reading, parts_.longest_lease());
}

net::Task<> ClosedRegister::run() {
    closing_.begun(parts_.edge.clock.now(), parts_.longest_lease());
    std::optional<std::vector<HostId>> left;  // once no host of an earlier register may write
    while (!left || !left->empty()) {
        const auto rest =
            closing_.alone_from() ? *closing_.alone_from() - parts_.edge.clock.now() : kLookEvery;
        const bool slept = co_await net::sleep_for(
            parts_.edge.io, left ? kLookEvery : std::clamp(rest, Duration{1}, kLookEvery)
        );
        if (!slept) {
            co_return;
        }
        if (!left && is_alone()) {
            left = parts_.unlisted();
        }
        if (left) {
            std::erase_if(*left, [this](const HostId& host) { return parts_.drop(host); });
        }
    }
}

}  // namespace farshore::controller
