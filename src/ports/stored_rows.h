#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "core/operation/record.h"

// What a store keeps besides the state of an app, row by row.
namespace farshore::ports {

// One host in the register of an app. It leaves only by HostLeft, never by silence.
struct RegisteredHost {
    HostId host;
    RegionId region;
    UtcTime registered_at{};

    friend bool operator==(const RegisteredHost&, const RegisteredHost&) = default;
};

// A credential that one host holds, as its digest. One per host of an app.
struct HostCredential {
    HostId host;
    RegionId region;
    std::string digest;      // SHA-256 of what the host holds, hex
    std::string vouched_by;  // who let it in: "join token NAME", or a role's ARN
    UtcTime since{};
    bool used = false;  // the host has said hello with it
    std::optional<UtcTime> revoked_at;

    friend bool operator==(const HostCredential&, const HostCredential&) = default;
};

// A token with which hosts that the tokens file does not name get a credential each.
struct JoinToken {
    std::string name;
    std::string digest;  // SHA-256, hex
    RegionId region;     // where such hosts stand; empty: in any of the app's Regions
    std::string hosts;   // a pattern of their names
    std::uint64_t uses_max = 1;
    UtcTime until{};
    std::string by;
    UtcTime made_at{};

    friend bool operator==(const JoinToken&, const JoinToken&) = default;
};

struct JournalRow {
    std::uint64_t sequence = 0;  // grows over the life of the store
    core::JournalEntry entry;
};

// One key of an operation's loss book. The document is the book's own.
struct LossRow {
    std::string table;
    std::string key;
    std::string document;

    friend bool operator==(const LossRow&, const LossRow&) = default;
};

struct AuditRow {
    UtcTime at{};
    std::string who;
    std::string what;
    std::string detail;

    friend bool operator==(const AuditRow&, const AuditRow&) = default;
};

// The configurations that a store has seen are counted.
struct ConfigurationSeen {
    std::uint64_t generation = 0;
    std::string hash;

    friend bool operator==(const ConfigurationSeen&, const ConfigurationSeen&) = default;
};

// When the app's failover was last proven, and under which configuration.
struct DrillProven {
    UtcTime at{};
    std::string configuration_hash;

    friend bool operator==(const DrillProven&, const DrillProven&) = default;
};

}  // namespace farshore::ports
