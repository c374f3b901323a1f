#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/evidence/observation.h"

#include "sim/scene.h"

namespace farshore::sim {

// What every observer truly saw, also what it never told the controller. Sources are the hosts by
// index, and the controller behind them.
class TruthBook {
  public:
    explicit TruthBook(const Scene& scene) : scene_(scene) {}

    struct Look {
        Place region = 0;
        core::Component component = core::Component::dynamodb;
        core::Path path = core::Path::fresh;
    };

    void looked(std::size_t source, Look look, bool ok);
    // A request of an application, from hosts of `home`.
    void requested(Place home, Place region, bool ok);
    // The controller has what the source saw until now.
    void told(std::size_t source);

    // What a share of requests is taken from.
    enum class Requests : std::uint8_t {
        fresh_looks,  // probes over new connections alone
        data_at_all,  // and over kept ones, and what applications sent
        stack,
    };

    // The share of requests that were served in the last seconds; nullopt: there was none.
    [[nodiscard]] std::optional<double> share_served(Place vantage, Place region, Requests requests)
        const;

    // A vantage's sources that the controller has heard lately: how many of them saw it fail again
    // and again, and how many saw it work at least once.
    struct Sight {
        // So lately that no controller counts them as silent, and not well again so lately that
        // they have no opinion yet.
        std::size_t surely_heard = 0;
        std::size_t failing = 0;
        std::size_t working = 0;
    };

    [[nodiscard]] Sight sight(Place vantage, Place region, core::Component component) const;

    // The Region of the hosts, or the witness's for the controller.
    [[nodiscard]] std::vector<Place> vantages() const;

  private:
    // The newest look is the lowest bit.
    struct Looks {
        std::uint8_t failed = 0;
        std::uint8_t count = 0;
        std::optional<Instant> failing_at;  // when it was last seen to fail again and again
        bool failing_as_told = false;       // as the controller heard of it last
    };

    // Requests by half seconds, the newest few.
    struct Tally {
        static constexpr std::size_t kBuckets = 16;
        std::array<std::uint32_t, kBuckets> ok{};
        std::array<std::uint32_t, kBuckets> all{};
        std::array<std::int64_t, kBuckets> bucket{};
    };

    struct Source {
        // DynamoDB over new connections, over kept ones, and the stack.
        std::array<std::array<Looks, 3>, kTablesMax> looks{};
        std::optional<Instant> told_at;
    };

    [[nodiscard]] static bool is_failing(const Looks& looks);
    [[nodiscard]] Place vantage_of(std::size_t source) const;
    void count(Place vantage, Place region, Requests requests, bool ok);
    Source& source(std::size_t index);

    const Scene& scene_;
    std::vector<Source> sources_;
    std::array<std::array<std::array<Tally, 3>, kTablesMax>, kPlaces> tallies_{};
};

}  // namespace farshore::sim
