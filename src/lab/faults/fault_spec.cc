#include "lab/faults/fault_spec.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "lab/faults/fault_words.h"

namespace farshore::lab {

namespace {

constexpr Duration kAfterMax = std::chrono::hours{1};
constexpr int kRandomErrorsPercent = 60;

bool is_place(const World& world, const RegionId& place) {
    return world.has(place) || place == world.witness || place == kInternet;
}

// The witness has neither hosts nor replicated tables.
bool needs_tables(FaultKind kind) {
    return kind == FaultKind::hosts || kind == FaultKind::replication;
}

Status check_target(const World& world, const FaultSpec& spec) {
    if (!world.has(spec.region)) {
        return unknown_word("Region", spec.region.value(), region_words(world));
    }
    const std::vector<RegionId> tables = world.table_regions();
    if (!needs_tables(spec.kind) || std::ranges::find(tables, spec.region) != tables.end()) {
        return {};
    }
    const std::string what = spec.kind == FaultKind::hosts ? "no host" : "no replicated table";
    return fail(
        ErrorKind::malformed,
        "there is " + what + " in " + spec.region.value() + ", the witness: nothing would break",
        "one of: " + joined(tables)
    );
}

Status check_times(const FaultSpec& spec) {
    if (spec.lasts <= Duration{} || spec.lasts > kFaultLastsMax) {
        return fail(
            ErrorKind::malformed,
            "a fault lasts more than nothing and at most 24h",
            "give --for a duration such as 2m"
        );
    }
    if (spec.after < Duration{} || spec.after > kAfterMax || spec.within < Duration{} ||
        spec.within > kAfterMax) {
        return fail(ErrorKind::malformed, "a fault starts at most 1h after it was set");
    }
    return {};
}

}  // namespace

std::string to_text(const FaultSpec& spec) {
    const std::string text{to_string(spec.kind)};
    switch (spec.kind) {
        case FaultKind::dynamodb:
            return text + " " + spec.region.value() + " --mode " + mode_text(spec);
        case FaultKind::partition:
            return text + " " + spec.region.value() + " " + spec.other.value() +
                   (spec.one_way ? " --one-way" : "");
        case FaultKind::replication: return text + " " + spec.region.value() + " --pause";
        case FaultKind::region:
        case FaultKind::hosts: return text + " " + spec.region.value();
        case FaultKind::random:
            return text + (spec.seed ? " --seed " + std::to_string(*spec.seed) : "");
    }
    std::unreachable();
}

FaultSpec resolve_random(const World& world, FaultSpec spec) {
    if (spec.kind != FaultKind::random || !spec.seed || world.regions.empty()) {
        return spec;
    }
    Rng rng{*spec.seed};
    FaultSpec drawn{.lasts = spec.lasts};
    drawn.region = world.regions[rng.below(world.regions.size())];
    drawn.kind =
        static_cast<FaultKind>(rng.below(kFaultKindNames.size() - 1));  // random is the last
    if (drawn.kind == FaultKind::hosts && world.started_by_hand) {
        drawn.kind = FaultKind::region;  // the nearest to it that this world can do
    }
    if (const auto tables = world.table_regions();
        needs_tables(drawn.kind) && !tables.empty() && drawn.region == world.witness) {
        drawn.region = tables[rng.below(tables.size())];
    }
    if (drawn.kind == FaultKind::partition) {
        // With a single Region, the rest of the world is the internet.
        drawn.other = kInternet;
        if (world.regions.size() > 1) {
            const auto at = std::ranges::find(world.regions, drawn.region) - world.regions.begin();
            const std::size_t step = 1 + rng.below(world.regions.size() - 1);
            drawn.other =
                world.regions[(static_cast<std::size_t>(at) + step) % world.regions.size()];
        }
        drawn.one_way = rng.chance(1, 4);
    }
    if (drawn.kind == FaultKind::dynamodb) {
        drawn.mode = static_cast<DynamoMode>(rng.below(kDynamoModeNames.size()));
        drawn.percent = drawn.mode == DynamoMode::errors ? kRandomErrorsPercent : 0;
        drawn.latency = drawn.mode == DynamoMode::latency ? Duration{std::chrono::milliseconds{800}}
                                                          : Duration{};
    }
    const auto within = static_cast<std::uint64_t>(to_ms(spec.within));
    drawn.after = spec.after + std::chrono::milliseconds{rng.below(within + 1)};
    return drawn;
}

Status check(const World& world, const FaultSpec& spec) {
    if (const Status times = check_times(spec); !times) {
        return times;
    }
    if (spec.kind == FaultKind::random) {
        return {};
    }
    if (spec.kind == FaultKind::hosts && world.started_by_hand) {
        return fail(
            ErrorKind::malformed,
            "the agents of this world were started by hand, so it cannot kill their hosts",
            "kill the agents yourself, or start a world without --bare"
        );
    }
    if (spec.kind != FaultKind::partition) {
        return check_target(world, spec);
    }
    for (const RegionId& place : {spec.region, spec.other}) {
        if (!is_place(world, place)) {
            auto words = region_words(world);
            words.push_back(kInternet.value());
            return unknown_word("Region", place.value(), words);
        }
    }
    if (spec.region == spec.other) {
        return fail(
            ErrorKind::malformed,
            "a partition needs two different places",
            "a Region cannot be cut from itself"
        );
    }
    return {};
}

}  // namespace farshore::lab
