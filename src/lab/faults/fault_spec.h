#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "lab/faults/parties.h"

// What can be broken, as a value: read from a command line or from JSON, checked against the world.
namespace farshore::lab {

enum class FaultKind {
    dynamodb,     // the DynamoDB of one Region, in one of the modes below
    partition,    // two places cannot talk: Regions, or a Region and "internet"
    replication,  // replication from and to one Region pauses
    region,       // one Region is cut off as a whole
    hosts,        // agents and storefronts of one Region are killed, and started again at the end
    random,       // one of the above, drawn from a seed; becomes that fault when it is added
};
inline constexpr std::array<std::string_view, 6> kFaultKindNames{
    "dynamodb", "partition", "replication", "region", "hosts", "random"
};

constexpr const auto& names_of(FaultKind) {
    return kFaultKindNames;
}

enum class DynamoMode {
    empty_dns,  // the name has no address, replication out stops; live connections go on for 3 s
    refused,    // new connections are refused; established connections are reset
    timeout,    // connections are accepted, nothing is answered (blackhole)
    reset,      // each request ends with a TCP reset
    errors,     // a share of the requests gets 500 InternalServerError
    throttle,   // each request gets ProvisionedThroughputExceededException
    latency,    // each answer comes later
    read_only,  // writes get 500 InternalServerError, reads go on
};
inline constexpr std::array<std::string_view, 8> kDynamoModeNames{
    "empty_dns", "refused", "timeout", "reset", "errors", "throttle", "latency", "read_only"
};

constexpr const auto& names_of(DynamoMode) {
    return kDynamoModeNames;
}

struct FaultSpec {
    FaultKind kind = FaultKind::dynamodb;
    RegionId region;       // every kind but random
    RegionId other;        // partition: the second place
    bool one_way = false;  // partition: only calls and replication region -> other
    DynamoMode mode = DynamoMode::empty_dns;  // dynamodb
    int percent = 0;                          // dynamodb errors: 1..100
    Duration latency{};                       // dynamodb latency
    std::optional<std::uint64_t> seed;        // random; nullopt: to be drawn when it is added
    Duration within{};                        // random: it starts at a drawn time within this
    Duration after{};                         // it starts so much later than it was added
    Duration lasts = std::chrono::minutes{10};

    friend bool operator==(const FaultSpec&, const FaultSpec&) = default;
};

// Each fault has an end, so that nothing stays broken when its author is gone.
inline constexpr Duration kFaultLastsMax = std::chrono::hours{24};

// "dynamodb us-east-1 --mode errors=30%", "partition us-east-1 eu-west-1 --one-way",
// "replication us-east-1 --pause", "region us-east-1", "hosts us-east-1", "random --within 30s
// [--seed 7]"; each with --for 2m and --after 5s. Errors: malformed, naming the word that is
// wrong, with the nearest right one.
[[nodiscard]] Result<FaultSpec> fault_spec_from_words(
    const World& world, std::span<const std::string> words
);

// {"kind":"dynamodb","region":"us-east-1","mode":"errors=30%","for_ms":60000}: the admin API's
// form. Errors: malformed.
[[nodiscard]] Result<FaultSpec> fault_spec_from_json(
    const World& world, const boost::json::value& document
);
[[nodiscard]] boost::json::object to_json(const FaultSpec& spec);

// "dynamodb us-east-1 --mode errors=30%": the words that give this fault again, without times.
[[nodiscard]] std::string to_text(const FaultSpec& spec);

// What a random specification with a seed stands for: the same seed and world give the same fault.
// Others are returned as they are. Needs at least one Region.
[[nodiscard]] FaultSpec resolve_random(const World& world, FaultSpec spec);

// Does the specification fit this world? Errors: malformed.
[[nodiscard]] Status check(const World& world, const FaultSpec& spec);

}  // namespace farshore::lab
