#include <deque>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "core/failover/fence_proof.h"
#include "core/host/host_machine.h"

// A small world of hosts, one controller and the epoch records, with messages that are late, lost
// and reordered: INV-S1 must hold at every moment, for hundreds of seeds.
namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const std::array<RegionId, 2> kRegions{RegionId{"us-east-1"}, RegionId{"eu-west-1"}};
constexpr Duration kLease = 3s;
constexpr Duration kClockError = 200ms;

enum class Bug {
    none,
    lease_from_arrival,
    route_without_proof,
    release_after_the_hold,
    lease_as_configured,  // records confirm for as long as the host's own configuration says
};

// One host's configuration is older, or wrong: a longer lease than the controllers'.
constexpr Duration kLeaseOfTheOdd = 9s;

struct Message {
    Instant due;
    HostInput input;
};

class World {
  public:
    World(std::uint64_t seed, Bug bug) : rng_(seed), bug_(bug) {
        hosts_.front().lease = kLeaseOfTheOdd;
        for (Host& host : hosts_) {
            host.machine = HostMachine({.lease = host.lease});
            (void)host.machine.step(now_, HostLoaded{.route = route(), .fenced = {}});
        }
    }

    // The number of moments at which writes could reach two Regions.
    int run(Duration length) {
        int broken = 0;
        const Instant end = now_ + length;
        while (now_ < end) {
            now_ += std::chrono::milliseconds{10 + static_cast<int>(rng_.below(40))};
            for (Host& host : hosts_) {
                talk(host);
            }
            control();
            std::array<bool, 2> written{};
            for (Host& host : hosts_) {
                deliver(host);
                if (host.machine.may_write(now_)) {
                    written[host.machine.route()->active == kRegions[0] ? 0 : 1] = true;
                    ++writes_;
                }
            }
            broken += written[0] && written[1] ? 1 : 0;
        }
        return broken;
    }

    [[nodiscard]] int writes() const { return writes_; }

    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

  private:
    struct Host {
        Duration lease = kLease;
        HostMachine machine{{}};
        std::optional<Instant> granted_until;
        std::vector<Message> inbox;
        bool fence_acked = false;
        Instant cut_off_until{};  // nothing comes or goes; what was sent arrives afterwards
        Epoch seen;
    };

    [[nodiscard]] HostRoute route() const {
        return {
            .epoch = Epoch{epoch_}, .active = kRegions[epoch_ % 2], .users = kRegions[epoch_ % 2]
        };
    }

    Duration delay() {
        // Most messages are quick; one in five is stuck for seconds.
        return rng_.chance(1, 5) ? std::chrono::milliseconds{rng_.below(9000)}
                                 : std::chrono::milliseconds{rng_.below(60)};
    }

    void send(Host& host, HostInput input) {
        if (!rng_.chance(2, 5)) {
            host.inbox.push_back(
                {.due = std::max(now_ + delay(), host.cut_off_until), .input = std::move(input)}
            );
        }
    }

    // The process ends and starts again with what is on its disk: leases and answers are gone.
    void restart(Host& host) {
        const HostLoaded loaded{.route = host.machine.route(), .fenced = host.machine.fenced()};
        host.machine = HostMachine({.lease = host.lease});
        (void)host.machine.step(now_, loaded);
        host.inbox.clear();
    }

    // A report and its answer, or a read of the epoch records.
    void talk(Host& host) {
        if (rng_.chance(1, 2000)) {
            restart(host);
        }
        if (now_ >= host.cut_off_until && rng_.chance(1, 400)) {
            host.cut_off_until = now_ + std::chrono::milliseconds{rng_.below(12'000)};
        }
        if (now_ < host.cut_off_until || !rng_.chance(1, 12)) {
            return;
        }
        const Instant started = now_;
        const Duration there = delay();
        if (rng_.chance(1, 2)) {
            send(
                host,
                RecordsAgree{
                    .epoch = Epoch{records_},
                    .active = kRegions[records_ % 2],
                    .started = started,
                    .controllers_silent = rng_.chance(1, 4),
                    .terms = {.lease = bug_ == Bug::lease_as_configured ? host.lease : kLease}
                }
            );
            return;
        }
        if (host.machine.epoch() == Epoch{epoch_} && records_ == epoch_) {
            const Instant granted = now_ + there;
            host.granted_until = std::max(host.granted_until.value_or(granted), granted + kLease);
            const Instant arrived = granted + delay();
            const Instant counted = bug_ == Bug::lease_from_arrival ? arrived : started;
            host.inbox.push_back(
                {.due = arrived,
                 .input = Confirmation{.epoch = Epoch{epoch_}, .started = counted, .length = kLease}
                }
            );
        }
    }

    // Raise, fence, wait for acknowledgement or lease, route; sometimes a hold that is called off.
    void control() {
        if (records_ == epoch_) {
            if (rng_.chance(1, 120)) {
                ++records_;
                raised_at_ = now_;
                for (Host& host : hosts_) {
                    host.fence_acked = false;
                    send(host, FenceOrder{Epoch{records_}});
                }
            } else if (rng_.chance(1, 60)) {
                for (Host& host : hosts_) {
                    send(host, HoldOrder{.epoch = Epoch{epoch_}, .length = 1s});
                    send(host, ReleaseOrder{.epoch = Epoch{epoch_}});
                }
            }
            return;
        }
        FenceSituation situation{
            .new_epoch = Epoch{records_},
            .on_controller_loss = OnControllerLoss::verify,
            .raised_at = raised_at_,
            .lease = kLease,
            .clock_error = kClockError,
            .accept_unfenced = false,
            .strangers_until = {},
            .agents = {}
        };
        for (const Host& host : hosts_) {
            situation.agents.push_back(
                {.host = HostId{std::to_string(situation.agents.size())},
                 .fence_acknowledged = host.fence_acked,
                 .granted_until = host.granted_until}
            );
        }
        if (!prove_fenced(situation, now_)) {
            return;
        }
        epoch_ = records_;
        for (Host& host : hosts_) {
            send(host, RouteOrder{route()});
            send(host, RouteOrder{route()});
        }
    }

    void deliver(Host& host) {
        std::vector<Message> later;
        for (Message& message : host.inbox) {
            if (message.due > now_) {
                later.push_back(std::move(message));
                continue;
            }
            const HostStep step = host.machine.step(now_, message.input);
            if (const auto* fence = std::get_if<FenceOrder>(&message.input)) {
                host.fence_acked = host.fence_acked || fence->epoch == Epoch{records_};
            }
            if (bug_ == Bug::route_without_proof && step.answer.action == HostAction::adopt) {
                (void)host.machine.step(
                    now_, Confirmation{.epoch = host.machine.epoch(), .started = now_, .length = 3s}
                );
            }
            if (bug_ == Bug::release_after_the_hold && step.answer.on == HostEvent::release &&
                host.machine.state() == HostState::lapsed) {
                (void)host.machine.step(
                    now_, Confirmation{.epoch = host.machine.epoch(), .started = now_, .length = 3s}
                );
            }
        }
        host.inbox = std::move(later);
        (void)host.machine.step(now_, Wake{});
        EXPECT_GE(host.machine.epoch(), host.seen) << "INV-S2: epochs never decrease";
        host.seen = host.machine.epoch();
    }

    Rng rng_;
    Bug bug_;
    Instant now_ = Instant{1h};
    Instant raised_at_{};
    std::uint64_t epoch_ = 1;
    std::uint64_t records_ = 1;
    std::array<Host, 3> hosts_;
    int writes_ = 0;
};

TEST(HostWorld, NeverWritesToTwoRegions) {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        World world(seed, Bug::none);
        ASSERT_EQ(world.run(5min), 0) << "seed " << seed;
        ASSERT_GT(world.writes(), 100) << "seed " << seed << " tested nothing";
        ASSERT_GT(world.epoch(), 2U) << "seed " << seed << " never switched";
    }
}

int seeds_that_break(Bug bug) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        World world(seed, bug);
        found += world.run(5min) > 0 ? 1 : 0;
    }
    return found;
}

TEST(HostWorld, PlantedBugALeaseCountedFromItsArrivalIsFound) {
    EXPECT_GT(seeds_that_break(Bug::lease_from_arrival), 0);
}

TEST(HostWorld, PlantedBugARouteThatIsItsOwnPermissionIsFound) {
    EXPECT_GT(seeds_that_break(Bug::route_without_proof), 0);
}

TEST(HostWorld, PlantedBugALateReleaseThatIsAPermissionIsFound) {
    EXPECT_GT(seeds_that_break(Bug::release_after_the_hold), 0);
}

TEST(HostWorld, PlantedBugALeaseThatOnlyTheHostKnowsIsFound) {
    EXPECT_GT(seeds_that_break(Bug::lease_as_configured), 0);
}

}  // namespace
}  // namespace farshore::core
