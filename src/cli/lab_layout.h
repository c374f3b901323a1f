#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "lab/faults/parties.h"

// Who is where in a lab world, and which files say so. A pure value once its ports are chosen.
namespace farshore::cli {

inline constexpr std::string_view kLabApp = "magento";
inline constexpr std::string_view kLabTable = "MyMagentoSessionsTable";
inline constexpr std::string_view kLabZone = "example.com";
inline constexpr std::string_view kLabRecord = "magento.example.com";
// Below the shortest RTO that a demo promises, so that moving users can keep it at all.
inline constexpr std::chrono::seconds kLabTtl{4};

// One failed check flips the health state: demos are for watching.
inline constexpr int kLabFailureThreshold = 1;

struct LabHost {
    std::string name;  // "use1-web-1"
    RegionId region;
    std::string address;
};

struct LabPorts {
    std::uint16_t shop = 0;        // storefronts and the balancers before them
    std::uint16_t health = 0;      // agents' health endpoints and the balancers before them
    std::uint16_t agent = 0;       // agents' DynamoDB endpoints
    std::uint16_t controller = 0;  // controllers and the relays before them
    std::uint16_t dynamodb = 0;
    std::uint16_t route53 = 0;
    std::uint16_t dns = 0;
    std::uint16_t admin = 0;
};

struct LabOptions {
    std::string directory;
    std::vector<RegionId> regions{
        RegionId{"us-east-1"}, RegionId{"eu-west-1"}, RegionId{"us-east-2"}
    };
    int hosts_per_region = 2;
    bool bare = false;                 // without controller and agents: they are started by hand
    std::int64_t rate = 0;             // shoppers' requests per second; 0: no shoppers
    std::string dns_habit = "honest";  // of the shoppers
    std::uint64_t seed = 1;
    // Signatures are not verified, and the Region that one names serves its request.
    bool any_credentials = false;
    Duration rto = std::chrono::seconds{60};  // the promise in its configuration
};

struct LabLayout {
    LabOptions options;
    lab::World world;
    std::vector<LabHost> hosts;
    LabPorts ports;
    std::string zone_id;  // known after provisioning

    [[nodiscard]] std::vector<RegionId> table_regions() const;

    [[nodiscard]] RegionId witness() const { return options.regions.back(); }

    [[nodiscard]] std::string path(std::string_view name) const {
        return options.directory + "/" + std::string{name};
    }

    [[nodiscard]] std::string agent_file(const LabHost& host) const {
        return path("etc/agent-" + host.name + ".yaml");
    }

    [[nodiscard]] std::string controller_file() const { return path("etc/farshore.yaml"); }

    [[nodiscard]] std::string host_directory(const LabHost& host) const {
        return path("hosts/" + host.name);
    }

    // The host's own credential.
    [[nodiscard]] std::string token_file(const LabHost& host) const {
        return host_directory(host) + "/token";
    }

    // "http://127.101.1.10:8080".
    [[nodiscard]] std::string balancer_url(const RegionId& region) const;
    [[nodiscard]] std::string storefront_url(const LabHost& host) const;
    [[nodiscard]] std::string endpoint_url(const LabHost& host) const;
    [[nodiscard]] std::string health_url(const LabHost& host) const;
    [[nodiscard]] std::string controller_url() const;
    [[nodiscard]] std::string relay_url(const RegionId& region) const;
    [[nodiscard]] std::string dynamodb_url(const RegionId& region) const;       // by address
    [[nodiscard]] std::string dynamodb_name_url(const RegionId& region) const;  // by name
    [[nodiscard]] std::string route53_url() const;
    [[nodiscard]] std::string dns_server() const;  // "address:port"
    [[nodiscard]] std::string admin_url() const;
};

// $XDG_STATE_HOME/farshore/lab or ~/.local/state/farshore/lab.
[[nodiscard]] std::string default_lab_directory();

// "use1" for us-east-1: how hosts are named.
[[nodiscard]] std::string short_name(const RegionId& region);

// Errors: malformed (not two Regions with tables and a witness).
[[nodiscard]] Status check_regions(const LabOptions& options);

// Names and addresses; the ports are chosen among those that are free on all addresses that need
// them, the usual ones first. Errors: malformed (Regions), conflict (no port).
[[nodiscard]] Result<LabLayout> lay_out(const LabOptions& options, int second_octet);

}  // namespace farshore::cli
