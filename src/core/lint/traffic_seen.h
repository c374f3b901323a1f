#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/time.h"

// Route 53 as an app's users meet it: what is known of the hosted zone, the record sets that have
// the app's name and the health checks behind them. Values; who reads them is adapters/aws.
namespace farshore::core {

// By what Route 53 chooses between the record sets of one name and type.
enum class Routing : std::uint8_t {
    simple,
    failover,
    weighted,
    latency,
    geolocation,
    geoproximity,
    multivalue,
    cidr,
};
inline constexpr std::array<std::string_view, 8> kRoutingNames{
    "simple", "failover", "weighted", "latency", "geolocation", "geoproximity", "multivalue", "cidr"
};

constexpr const auto& names_of(Routing) {
    return kRoutingNames;
}

struct SeenRecord {
    std::string type = "A";
    Routing routing = Routing::simple;
    bool primary = false;  // of Routing::failover
    Duration ttl{};        // of an alias: that of what it points to
    std::vector<std::string> targets;
    bool alias = false;
    bool evaluates_target = false;
    std::string check;  // id; empty: none
};

enum class CheckKind : std::uint8_t {
    endpoint,         // HTTP or HTTPS, and its status
    string_match,     // HTTP or HTTPS, and a string in the body
    tcp,              // a connection
    calculated,       // from other checks
    metric,           // a CloudWatch alarm's data
    routing_control,  // a switch of Application Recovery Controller
};

struct SeenCheck {
    std::string id;
    CheckKind kind = CheckKind::endpoint;
    // What is asked, in one form for two checks of the same thing: "https://use1.shop.example/".
    std::string endpoint;
    // The name that checkers look up; empty when they are given an address.
    std::string looked_up;
    bool inverted = false;
    bool disabled = false;
    Duration every{};  // of what Route 53's checkers ask
    int failures = 3;  // in a row, until it changes
    int threshold = 0;
    std::vector<std::string> children;
    // Of a metric: without data it stays as it was.
    bool keeps_last = false;
};

struct TrafficSeen {
    bool private_zone = false;
    std::vector<SeenRecord> records;  // all that have the record's name
    std::map<std::string, SeenCheck> checks;
    std::set<std::string> absent_checks;  // named by a record or a check, and not there
};

}  // namespace farshore::core
