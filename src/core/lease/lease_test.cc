#include "core/lease/lease.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "core/failover/fence_proof.h"

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant at(Duration since) {
    return Instant{since};
}

constexpr Duration kLength = 3s;
constexpr Duration kClockError = 200ms;

// The side that must know when a holder has surely stopped: what a controller keeps of one agent,
// and the proof that it makes of it.
class Granter {
  public:
    void granted(Instant now) {
        standing_.granted_until =
            std::max(standing_.granted_until.value_or(now + kLength), now + kLength);
    }

    [[nodiscard]] bool surely_ended(Instant now) const {
        const FenceSituation situation{
            .new_epoch = Epoch{2},
            .on_controller_loss = OnControllerLoss::fence,
            .raised_at = Instant{-1h},
            .lease = kLength,
            .clock_error = kClockError,
            .accept_unfenced = false,
            .strangers_until = {},
            .agents = {standing_}
        };
        return prove_fenced(situation, now).has_value();
    }

  private:
    AgentStanding standing_;
};

TEST(LeaseHolder, CountsFromTheStartOfTheRequest) {
    LeaseHolder lease;
    EXPECT_FALSE(lease.valid(at(0s)));
    EXPECT_TRUE(lease.confirm(at(10s), 3s));
    EXPECT_TRUE(lease.valid(at(13s) - 1ns));
    EXPECT_FALSE(lease.valid(at(13s)));
    EXPECT_EQ(lease.remaining(at(12s)), 1s);
    EXPECT_EQ(lease.remaining(at(20s)), 0s);
}

TEST(LeaseHolder, IsNotShortenedByALateAnswer) {
    LeaseHolder lease;
    EXPECT_TRUE(lease.confirm(at(10s), 3s));
    EXPECT_FALSE(lease.confirm(at(9s), 3s));
    EXPECT_EQ(lease.until(), at(13s));
}

TEST(LeaseHolder, GivesUpWhatLiesBeyondAHold) {
    LeaseHolder lease;
    (void)lease.confirm(at(10s), 3s);
    lease.forfeit_beyond(at(11s));
    EXPECT_EQ(lease.until(), at(11s));
    lease.require_begun_after(at(11s));
    EXPECT_FALSE(lease.confirm(at(11s) - 1ns, 3s))
        << "a confirmation begun during the hold came through";
    EXPECT_TRUE(lease.confirm(at(11s), 3s));
    EXPECT_EQ(lease.until(), at(14s));
}

TEST(LeaseHolder, TheFloorNeverMovesBack) {
    LeaseHolder lease;
    lease.require_begun_after(at(11s));
    lease.require_begun_after(at(5s));
    EXPECT_FALSE(lease.confirm(at(10s), 3s));
}

TEST(LeaseHolder, AnEndlessLeaseDoesNotOverflow) {
    LeaseHolder lease;
    EXPECT_TRUE(lease.confirm(at(10s), Duration::max()));
    EXPECT_EQ(lease.until(), Instant::max());
    EXPECT_TRUE(lease.valid(at(24h * 365 * 100)));
}

TEST(Lease, TheGranterIsCertainOnlyAfterLengthAndClockError) {
    Granter granter;
    EXPECT_TRUE(granter.surely_ended(at(0s))) << "nothing was granted";
    granter.granted(at(10s));
    EXPECT_FALSE(granter.surely_ended(at(13s)));
    EXPECT_FALSE(granter.surely_ended(at(13200ms)));
    EXPECT_TRUE(granter.surely_ended(at(13200ms) + 1ns));
}

// How a holder could count; the second is the planted bug.
enum class CountFrom { start_of_request, arrival_of_answer };

// One holder and one granter with drifting clocks and answers that are under way for up to five
// seconds. Counts the moments at which the granter is certain while the holder still acts.
int moments_of_overlap(CountFrom count_from, std::uint64_t seed) {
    Rng rng(seed);
    LeaseHolder holder;
    Granter granter;
    // The holder's clock runs fast or slow by up to 3 %, which is 90 ms over one lease.
    const auto holder_rate = 970 + static_cast<std::int64_t>(rng.below(61));
    const auto on_holder = [&](Duration true_time) {
        return Instant{true_time / 1000 * holder_rate};
    };
    int overlap = 0;
    Duration now = 0s;
    for (int round = 0; round < 200; ++round) {
        const Duration started = now;
        const Duration granted = started + std::chrono::milliseconds{rng.below(2500)};
        const Duration arrived = granted + std::chrono::milliseconds{rng.below(2500)};
        granter.granted(Instant{granted});
        const Duration counted = count_from == CountFrom::start_of_request ? started : arrived;
        (void)holder.confirm(on_holder(counted), kLength);
        for (Duration t = arrived; t < arrived + 4s; t += 10ms) {
            const bool acts = holder.valid(on_holder(t));
            const bool granter_is_certain = granter.surely_ended(Instant{t});
            overlap += acts && granter_is_certain ? 1 : 0;
        }
        now = arrived + std::chrono::milliseconds{rng.below(6000)};
    }
    return overlap;
}

TEST(Lease, TheGranterIsNeverEarly) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        ASSERT_EQ(moments_of_overlap(CountFrom::start_of_request, seed), 0) << "seed " << seed;
    }
}

TEST(Lease, PlantedBugALeaseCountedFromItsArrivalIsFound) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        ASSERT_GT(moments_of_overlap(CountFrom::arrival_of_answer, seed), 0) << "seed " << seed;
    }
}

}  // namespace
}  // namespace farshore::core
