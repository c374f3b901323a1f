#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

// From what an account has to a first configuration: `farshore init`. Pure; what AWS says comes as
// a value, and what nobody but a person can know comes out as an open question.
namespace farshore::core {

struct FoundTable {
    TableName name;
    std::vector<RegionId> regions;  // that hold it, the Region that was asked first
    std::string global_version;     // "2019.11.21", "2017.11.29"; empty: not replicated
    bool strong = false;            // multi-Region strong consistency
};

// A health check of Route 53, as far as a configuration can stand on it.
struct FoundCheck {
    std::string id;
    std::string url;  // of an endpoint check: "https://lb.example.com/healthz"; empty: no such URL
    bool inverted = false;
    bool disabled = false;
    std::vector<std::string> children;  // of a calculated check
};

// One record of the name that users ask for.
struct FoundRecord {
    std::string set_identifier;
    std::string role;                  // "primary", "secondary"; empty: no failover record
    std::vector<std::string> answers;  // addresses, or the names of an alias or a CNAME
    std::string check;                 // id; empty: none
    Duration ttl{};                    // zero: an alias
};

struct FoundBalancer {
    RegionId region;
    std::string name;
    std::string dns_name;
};

// What a later step of a plan may be about: an Auto Scaling group, a service, a cluster, an alarm.
struct FoundThing {
    std::string kind;
    RegionId region;
    std::string name;
};

struct NotRead {
    std::string what;
    RegionId region;  // empty: of a global service
    std::string why;
};

struct Discovered {
    std::vector<FoundTable> tables;
    std::string zone;  // id; empty: none was found
    std::vector<FoundRecord> records;
    std::vector<FoundCheck> checks;
    std::vector<FoundBalancer> balancers;
    std::vector<FoundThing> things;
    std::vector<NotRead> not_read;
};

// What a person has said already; it beats what was found.
struct InitWish {
    AppId app{"magento"};
    std::vector<TableName> tables;
    RegionId preferred;  // each of the three may be empty
    RegionId standby;
    RegionId witness;
    std::string record;
    std::string zone;
    std::map<RegionId, std::string> health;
};

// What the files cannot know; `about` is the key that it belongs to: "objectives", "regions".
struct OpenQuestion {
    std::string about;
    std::string text;
};

struct DraftRegion {
    RegionId id;
    std::string health;  // URL; empty: nothing is known
    std::string from;    // where the URL is from, for people
};

struct Draft {
    AppId app;
    std::vector<DraftRegion> regions;  // the preferred one first
    RegionId witness;
    std::vector<TableName> tables;
    std::string zone;  // with `record`: both, or neither
    std::string record;
    Duration ttl{};
    std::vector<OpenQuestion> questions;
    std::vector<std::string> notes;  // what was found beside that
};

// Region of which an AWS name speaks: "shop-1.us-east-1.elb.amazonaws.com". Empty: of none of them.
[[nodiscard]] RegionId region_in_name(std::string_view name, const std::vector<RegionId>& regions);

// Errors: malformed, when there is no table, no second Region, or no third place.
[[nodiscard]] Result<Draft> draft_of(const InitWish& wish, const Discovered& found);

}  // namespace farshore::core
