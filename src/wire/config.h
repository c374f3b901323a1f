#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "core/failover/policy.h"
#include "core/host/host_bounds.h"
#include "core/host/host_machine.h"
#include "core/loss/loss_limits.h"
#include "wire/url.h"

// What the configuration files say, with every default filled in: what a member holds here is the
// default of its key, and where the core has one too, it is the core's. Each key has its row in
// config_keys.h or agent_config_keys.h. Loading is strict: config_loader.h.
namespace farshore::config {

using namespace std::chrono_literals;

using Listen = wire::AddressPort;

// Where a client on the same host reaches it: a listener on every address is reached at the
// loopback one.
[[nodiscard]] inline Listen reached_at(Listen listen) {
    if (listen.address == "0.0.0.0") {
        listen.address = "127.0.0.1";
    } else if (listen.address == "::") {
        listen.address = "::1";
    }
    return listen;
}

// Where AWS is reached. Empty maps mean AWS itself; the lab and test servers are reached through
// per-Region overrides. URLs are those that wire::parse_endpoint accepts.
struct AwsAccess {
    std::string credentials_file;              // empty: the default chain
    std::string profile;                       // empty: not said; then AWS_PROFILE, then "default"
    std::map<RegionId, std::string> dynamodb;  // Region -> URL
    std::map<RegionId, std::string> sts;       // Region -> URL, for proofs of identity
    std::string route53;                       // URL
    std::vector<Listen> resolvers;             // DNS servers; empty: the system's
    std::string source_address;                // local IP to call from
    std::string ca_file;
};

using core::Lever;
using core::Mode;
using core::OnControllerLoss;

inline constexpr const char* kEpochTable = "farshore_epochs";
inline constexpr const char* kHeartbeatTable = "farshore_heartbeat";

struct Region {
    RegionId id;
    bool preferred = false;
    std::string
        health;  // URL probed for "the stack serves": usually the Region's load balancer /healthz
    std::vector<std::string> answers;  // the record's, for users of this Region: one name, or
                                       // addresses; empty: as it answers today
    std::string agents;  // URL under which health checkers reach its agents; empty: as `health`
};

struct Table {
    TableName name;
};

// What `farshore provision` makes of CloudWatch alarms, and of the way from them to a queue.
struct Alarms {
    bool provision = false;
    Duration latency = 100ms;  // of a request, on average over a minute
    Duration replication_lag = 10s;
    std::vector<RegionId> queues;  // empty: both table Regions
    std::string role;              // ARN; empty: one is made for each Region with a queue
};

struct Detect {
    core::Quorum quorum;
    Duration probe_every = 500ms;
    Duration probe_timeout = 1s;
    Duration unhealthy_for = core::Hysteresis{}.unhealthy_for;
    Duration healthy_for = core::Hysteresis{}.healthy_for;
    Duration fresh_for = core::Hysteresis{}.fresh_for;
    bool early = core::Policy{}.early;
    TableName heartbeat_table{kHeartbeatTable};
    std::string control_target;
    Alarms alarms;
};

struct Decide {
    Mode mode = core::Policy{}.mode;
    Duration max_loss = core::Policy{}.max_loss;
    Duration cooldown = core::Policy{}.cooldown;
    Duration approve_within = core::Policy{}.approve_within;
    std::optional<Duration> require_drill_within =
        core::Policy{}.require_drill_within;  // nullopt: "off"
};

struct Fence {
    OnControllerLoss on_controller_loss = core::Policy{}.on_controller_loss;
    Duration lease = core::Timing{}.lease;
    Duration clock_error = core::Timing{}.clock_error;
    Duration unknown_for = core::Timing{}.unknown_for;
    TableName epoch_table{kEpochTable};
};

struct Switchover {
    Duration hold_max = core::Timing{}.hold_max;
    Duration hold_when_lag_below = core::Timing{}.hold_when_lag_below;
    Duration drain_timeout = core::Timing{}.drain_timeout;
    int drain_attempts = core::Timing{}.drain_attempts;
    Duration pause_between_attempts = core::Timing{}.pause_between_attempts;
};

// What a controller keeps of what it saw and decided: docs/recordings.md.
struct Recording {
    std::optional<Duration> keep_for = 7 * 24h;  // nullopt: "off", nothing is recorded
    int mebibytes_max = 256;
};

// How long a failover's write may go without a fate once both Regions answer again.
struct Losses {
    // Its table's keys cannot be read in one of them.
    Duration unreadable_after = core::LossLimits{}.unreadable_after;
    // It is still under way, as far as the items tell.
    Duration undecided_after = core::LossLimits{}.undecided_after;
};

struct Levers {
    std::vector<Lever> data_impaired = core::Policy{}.data_impaired;
    std::vector<Lever> stack_impaired = core::Policy{}.stack_impaired;
    std::vector<Lever> region_lost = core::Policy{}.region_lost;
};

struct Route53 {
    std::string zone;    // hosted zone id
    std::string record;  // "magento.example.com"
    Duration ttl = 30s;
    int failure_threshold = 3;  // of the checks that are made for stacks
};

struct Verify {
    std::string path = "/healthz/deep";
    Duration timeout = core::Timing{}.verify_patience;
};

// A role whose hosts may join by themselves. Its session name names the host, so it must be one
// that the caller cannot choose: of an instance profile, or of an ECS task.
struct JoinRole {
    std::string arn;  // "arn:aws:iam::123456789012:role/shop-host"
    std::string account;
    std::string role;  // without its path
    RegionId region;   // where its hosts stand; empty: in any of the app's Regions
    std::string hosts = "*";
};

// Hosts that the configuration does not name, and how they prove who they are.
struct Join {
    std::vector<JoinRole> roles;
    std::vector<RegionId> sts_regions;  // whose STS is asked; empty: the app's Regions and witness
    std::vector<std::string> urls;      // other addresses under which agents reach the controller
};

// farshore.yaml: one app, read by farshored and by the operator's command.
struct Config {
    AppId app;
    Duration rto = 60s;  // what is promised: reports measure against these
    Duration rpo = 5s;
    std::vector<Region> regions;  // as written; exactly one preferred
    RegionId witness;             // third vantage; holds the third epoch record
    std::string store_path = "/var/lib/farshore/farshore.db";
    Recording recording;
    std::vector<Table> tables;
    Detect detect;
    Decide decide;
    Fence fence;
    Switchover switchover;
    Losses losses;
    Levers levers;
    std::vector<core::DeclaredStep> steps;  // of the operator's own
    std::optional<Route53> traffic;
    Verify verify;
    std::vector<HostId> agents;  // the register: leaves it only by explicit act; empty: every host
                                 // with a credential that says hello is added
    Join join;
    AwsAccess aws;

    struct Controller {
        ObserverId id{"controller"};
        RegionId region;  // where it stands
        Listen listen{.address = "127.0.0.1", .port = 8640};
        std::string certificate_file;
        std::string key_file;
        std::string ca_file;
        std::string tokens_file;  // JSON, see controller/tokens.h
        std::string url;          // how people and agents reach it: "https://127.0.6.1:8640"
        std::string operator_token_file;  // the operator's command reads its token here
    } controller;

    // SHA-256, hex, of the effective values of all keys whose change makes the proof of a drill
    // void (config_keys.h): binds drills to them.
    std::string hash;

    [[nodiscard]] const Region* region(const RegionId& id) const;
    [[nodiscard]] RegionId preferred() const;
};

// agent.yaml: one host, one or more apps.
struct AgentApp {
    AppId app;
    Listen listen{.address = "127.0.0.1", .port = 8642};  // the loopback DynamoDB endpoint
    std::vector<RegionId> regions;                        // both table Regions
    RegionId witness;
    OnControllerLoss on_controller_loss = core::HostMachine::Options{}.on_controller_loss;
    Duration lease = core::HostMachine::Options{}.lease;
    TableName epoch_table{kEpochTable};
    TableName heartbeat_table{kHeartbeatTable};
    std::size_t hold_requests_max = core::HostBounds{}.hold_requests_max;
    Duration probe_every = core::HostBounds{}.probe_every;
    Duration upstream_timeout = core::HostBounds{}.upstream_timeout;  // then a request is given up
    std::size_t ledger_entries_max = core::HostBounds{}.ledger_entries_max;
    bool ledger_learns_updates = true;  // UpdateItem is asked for the item that it makes
    std::string health_table;           // a table to read in /healthz; empty: the heartbeat table
    std::map<RegionId, std::string>
        health_urls;  // other Regions' stack health, probed as this Region's observer

    // For the texts of rules, when `app` is none that can be read.
    void called(const std::string& name) {
        if (app.value().empty()) {
            app = AppId{name};
        }
    }
};

// Under what name a host registers itself in the epoch tables.
enum class RegistrationBy { host, userid };
inline constexpr std::array<std::string_view, 2> kRegistrationByNames{"host", "userid"};

constexpr const auto& names_of(RegistrationBy) {
    return kRegistrationByNames;
}

struct AgentController {
    std::string url;
};

// What local applications sign with.
struct ClientKeys {
    bool required = true;  // false: `off`, every program that reaches the endpoint may use it
    std::string file;      // empty: `client-keys` in the state directory
    bool is_made = true;   // by the agent, when it is missing
    std::string group;     // that may read a file which the agent makes; empty: its owner alone
};

struct AgentConfig {
    HostId host;
    RegionId region;
    std::vector<AgentController> controllers;
    std::string controller_ca_file;
    std::string token_file;         // this host's credential; or:
    std::string join_token_file;    // a join token, which mints one
    bool join_by_identity = false;  // the host's role in AWS does
    RegionId join_sts_region;       // whose STS the proof is for; empty: the host's Region
    RegistrationBy registration = RegistrationBy::host;  // wire/host_record.h
    std::string state_directory = "/var/lib/farshore";   // epoch on disk
    std::string run_directory = "/run/farshore";         // region.json, env file
    Listen health{.address = "127.0.0.1", .port = 8643};
    AwsAccess aws;
    // More names of this host's listeners, beside their addresses: "name" or "name:port".
    std::vector<std::string> listen_names;
    ClientKeys client_keys;
    std::vector<AgentApp> apps;
    std::string hash;  // SHA-256 of the file, hex
};

}  // namespace farshore::config
