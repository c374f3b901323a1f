#include "sim/random_author.h"

// The world's shape, and how its controllers are configured.
namespace farshore::sim {

namespace {

using core::Lever;

constexpr Duration kFirstEpisode = 40s;
// After the last fault the world has this long to end what it has begun.
constexpr Duration kLastCalm = 260s;

}  // namespace

Script Author::write() {
    draw_world();
    draw_configurations();
    Duration at = kFirstEpisode + seconds(0, 30);
    while (at < script_.length - kLastCalm - 200s) {
        begin_ = at;
        last_ = at;
        draw_episode();
        at = last_ + seconds(120, 1300);
    }
    return std::move(script_);
}

void Author::draw_world() {
    script_.tables = one_in(10) ? 3 : 2;
    const bool big = one_in(25);
    for (Place place = 0; place < script_.tables; ++place) {
        script_.hosts[place] = big ? 8 + below(18) : 1 + below(3);
    }
    if (script_.tables == 2) {
        script_.hosts[2] = 0;
    }
    script_.lag = milliseconds(20, one_in(4) ? 160 : 70);
    script_.control_targets = !one_in(5);
    script_.slow_checks = one_in(6);
    constexpr std::array kLeases{Duration{3s}, Duration{3s}, Duration{6s}, Duration{2400ms}};
    script_.agents_lease = one_of(kLeases);
    const std::uint64_t rule = below(7);
    script_.agents_rule = rule == 0   ? core::OnControllerLoss::keep
                          : rule == 1 ? core::OnControllerLoss::fence
                                      : core::OnControllerLoss::verify;
}

void Author::draw_configurations() {
    Configuration& first = script_.configuration;
    first.on_controller_loss = script_.agents_rule;
    first.lease = script_.agents_lease;
    first.mode = one_in(7) ? core::Mode::observe : core::Mode::automatic;
    first.early = one_in(3);
    first.register_closed = one_in(3);
    first.users_can_be_shifted = !one_in(6);
    first.drills_required = one_in(5);
    constexpr std::array kCooldowns{
        Duration{20s}, Duration{60s}, Duration{60s}, Duration{600s}, Duration{3600s}
    };
    first.cooldown = one_of(kCooldowns);
    constexpr std::array kLosses{Duration{1s}, Duration{5s}, Duration{5s}, Duration{30s}};
    first.max_loss = one_of(kLosses);
    first.data_impaired = levers();
    first.region_lost = one_in(2) ? std::vector{Lever::shift} : levers();
    if (!first.users_can_be_shifted && one_in(2)) {
        first.data_impaired = {Lever::repoint};
        first.region_lost = {Lever::repoint};
    }
    for (int i = 0; i < 2; ++i) {
        Configuration other = first;
        other.mode = one_in(3) ? core::Mode::observe : core::Mode::automatic;
        other.early = one_in(2);
        other.data_impaired = levers();
        other.max_loss = one_of(kLosses);
        other.cooldown = one_of(kCooldowns);
        constexpr std::array kLeases{Duration{3s}, Duration{6s}, Duration{2400ms}};
        other.lease = one_of(kLeases);
        script_.others.push_back(std::move(other));
    }
}

std::vector<Lever> Author::levers() {
    constexpr std::array kRepoint{Lever::repoint};
    const std::uint64_t which = below(4);
    if (which == 0) {
        return {kRepoint.begin(), kRepoint.end()};
    }
    return which == 1 ? std::vector{Lever::shift} : std::vector{Lever::repoint, Lever::shift};
}

Script random_script(std::uint64_t seed, Duration length) {
    return Author(seed, length).write();
}

}  // namespace farshore::sim
