#pragma once

#include <functional>
#include <tuple>

#include "wire/config_forms.h"
#include "wire/config_steps.h"

// The keys of farshore.yaml, in the order in which they are read, shown and described. A row is all
// that a new key takes beside its use: CONTRIBUTING.md, "A new configuration key".
namespace farshore::config {

namespace keys {

inline constexpr DurationRange kShort{.least = 1ms, .most = 1min};
inline constexpr FieldTerms kStaysArmed{.change = Change::stays_armed};
inline constexpr std::identity kItself{};  // the section's struct

// clang-format off
inline constexpr std::tuple kCredentials{
    Field{"file", &AwsAccess::credentials_file, Text{}, "an AWS credentials file", {.otherwise = "[the chain](#aws-keys)"}},
    Field{"profile", &AwsAccess::profile, Text{}, "the profile in it", {.otherwise = "`AWS_PROFILE`, or else `default`"}},
    Field{"access_key_id", kItself, Secret{}, ""},
    Field{"secret_access_key", kItself, Secret{}, ""},
    Field{"session_token", kItself, Secret{}, ""},
};
inline constexpr std::tuple kEndpoints{
    Field{"dynamodb", &AwsAccess::dynamodb, ByRegion{Endpoint{}}, "URL, for the lab and test servers", {.otherwise = "AWS"}},
    Field{"sts", &AwsAccess::sts, ByRegion{Endpoint{}}, "the same, for proofs of identity", {.otherwise = "AWS"}},
    Field{"route53", &AwsAccess::route53, Endpoint{}, "the same", {.otherwise = "AWS"}},
};
inline constexpr std::tuple kAws{
    Field{"credentials", kItself, Inside{kCredentials}, "what requests are signed with"},
    Field{"endpoints", kItself, Inside{kEndpoints}, "without them AWS itself"},
    Field{"resolver", &AwsAccess::resolvers, List{Resolver{}, "name a DNS server, or remove the key: then the system's resolver is asked", true},
        "DNS servers: one `address:port`, or a list of which the next is asked when one does not answer or refuses", {.otherwise = "the system's"}},
    Field{"source_address", &AwsAccess::source_address, IpAddress{}, "local address to call from", {.otherwise = "the system's"}},
    Field{"ca_file", &AwsAccess::ca_file, Text{}, "CA for the endpoints, in a PEM file", {.otherwise = "the system's"}},
};
// clang-format on

namespace farshore_yaml {

using Controller = Config::Controller;

// clang-format off
inline constexpr std::tuple kObjectives{
    Field{"rto", &Config::rto, Time{{.least = 1s, .most = 24h}}, "how soon the app is promised to be back; reports measure against it, and warnings name what cannot keep it"},
    Field{"rpo", &Config::rpo, Time{{.least = 0ms, .most = 24h}}, "how many of the last writes may be lost, in time; reports measure against it, and warnings name what cannot keep it"},
};
inline constexpr std::tuple kRegion{
    Field{"preferred", &Region::preferred, Flag{}, "exactly one: where the first epoch begins and failback leads"},
    Field{"health", &Region::health, Url{}, "URL that says \"the stack serves\", usually the load balancer's `/healthz`"},
    Field{"answers", &Region::answers, List{HostOrAddress{}, "name where the record leads users of the Region, or remove the key", true}, "where `farshore provision` lets the record lead users of the Region: the DNS name of its load balancer (an alias, when it is one of AWS) or of another host, or IPv4 addresses", {.otherwise = "as it answers today", .change = Change::stays_armed}},
    Field{"agents", &Region::agents, Endpoint{}, "where Route 53's health checkers reach `/route53/…` of the Region's agents: through a load balancer that passes this path on to their `health` port", {.otherwise = "the origin of `health`", .change = Change::stays_armed}},
};
inline constexpr std::tuple kWitness{
    Field{"region", &Config::witness, Id<RegionId>{}, "the third vantage: holds the third epoch record", {.need = Need::required}},
};
inline constexpr std::tuple kStore{
    Field{"sqlite", &Config::store_path, Text{}, "journal, operations, audit"},
    Field{"etcd", kItself, Refused{"use `sqlite`"}, ""},
};
inline constexpr std::tuple kRecording{
    Field{"keep_for", &Recording::keep_for, TimeOrOff{{.least = 1min, .most = 24h * 366}}, "how long evidence and decisions are kept for `farshore replay`; `off`: nothing is recorded"},
    Field{"mebibytes_max", &Recording::mebibytes_max, Count{{.least = 1, .most = 1'000'000}}, "room for that on the store's disk: the oldest goes when it is used up"},
};
inline constexpr std::tuple kTable{
    Field{"name", &Table::name, Id<TableName>{}, "global tables of the app", {.need = Need::required}},
    Field{"max_lag", kItself, NoEffect{}, ""},
    Field{"canary", kItself, NoEffect{}, ""},
};
inline constexpr std::tuple kAlarms{
    Field{"provision", &Alarms::provision, Flag{}, "whether `farshore provision` makes CloudWatch alarms on the tables, and rules, roles and queues that carry their changes to another Region ([alarms](#alarms)); they are no evidence yet", kStaysArmed},
    Field{"latency", &Alarms::latency, Time{{.least = 1ms, .most = 1min}}, "above it, on average over a minute and for three minutes, a request counts as slow", kStaysArmed},
    Field{"replication_lag", &Alarms::replication_lag, Time{{.least = 1s, .most = 1h}}, "above it, for five minutes, replication counts as late", kStaysArmed},
    Field{"queues", &Alarms::queues, List{Id<RegionId>{}, "name Regions, or remove the key", true}, "the Regions with a queue: each is told of the alarms of both table Regions", {.otherwise = "both table Regions", .change = Change::stays_armed}},
    Field{"role", &Alarms::role, RoleArn{}, "the ARN of a role with which EventBridge may put events on the other Regions' default buses", {.otherwise = "one is made for each Region with a queue", .change = Change::stays_armed}},
};
inline constexpr std::tuple kDetect{
    Field{"quorum", &Detect::quorum, QuorumForm{}, "how many of the configured observers must agree"},
    Field{"probe_every", &Detect::probe_every, Time{{.least = 50ms, .most = 1min}}, "from one probe to the next"},
    Field{"probe_timeout", &Detect::probe_timeout, Time{{.least = 50ms, .most = 1min}}, "how long a probe may take before it has failed"},
    Field{"unhealthy_for", &Detect::unhealthy_for, Time{{.least = 100ms, .most = 1h}}, "failing without a break this long before an observer votes unhealthy. With few hosts behind a load balancer, set it above the time that this one needs to take a dead host out"},
    Field{"healthy_for", &Detect::healthy_for, Time{{.least = 100ms, .most = 24h}}, "healthy this long before it takes the vote back"},
    Field{"fresh_for", &Detect::fresh_for, Time{{.least = 100ms, .most = 10min}}, "older evidence is no evidence"},
    Field{"early", &Detect::early, Flag{}, "act on failures of fresh connections before the hosts see errors"},
    Field{"heartbeat_table", &Detect::heartbeat_table, Id<TableName>{}, "a global table for heartbeats, key `id` (S)"},
    Field{"control_target", &Detect::control_target, Url{}, "a URL that must answer, or the observer suspects itself"},
    Field{"probes", kItself, NoEffect{}, ""},
    Field{"alarms", &Detect::alarms, Inside{kAlarms}, "alarms of CloudWatch", kStaysArmed},
};
inline constexpr std::tuple kDecide{
    Field{"mode", &Decide::mode, Word<Mode>{}, "`observe`: nothing happens by itself; `approve`: an automatic failover begins when a person agrees; `auto`: it begins by itself", kStaysArmed},
    Field{"max_loss", &Decide::max_loss, Time{{.least = 0ms, .most = 24h}}, "loss window above which nothing happens by itself"},
    Field{"cooldown", &Decide::cooldown, Time{{.least = 0ms, .most = 24h * 30}}, "from the completion of an operation until automation may begin another one"},
    Field{"approve_within", &Decide::approve_within, Time{{.least = 1s, .most = 24h}}, "in mode `approve`: without an answer by then the failover is given up"},
    Field{"require_drill_within", &Decide::require_drill_within, TimeOrOff{{.least = 1min, .most = 24h * 366}}, "without a younger drill `auto` is disarmed. This version has no drills, so `off`, which never asks, is the one thing that arms it", kStaysArmed},
};
inline constexpr std::tuple kFence{
    Field{"on_controller_loss", &Fence::on_controller_loss, Word<OnControllerLoss>{}, "`verify`, `keep` or `fence`: what an agent does when no controller answers"},
    Field{"lease", &Fence::lease, Time{{.least = 100ms, .most = 10min}}, "permission to write; it travels to agents in the epoch items"},
    Field{"clock_error", &Fence::clock_error, Time{{.least = 0ms, .most = 1min}}, "how much two clocks may drift over a lease; it travels to agents in the epoch items"},
    Field{"unknown_for", &Fence::unknown_for, Time{{.least = 0ms, .most = 30s}}, "how long the service may still carry out a write that got no answer: a switchover waits for it, with writes open, before it holds them ([decision 12](decisions/0012-unknown-outcomes.md))"},
    Field{"epoch_table", &Fence::epoch_table, Id<TableName>{}, "a plain table in both table Regions and the witness, key `app` (S)"},
};
inline constexpr std::tuple kSwitchover{
    Field{"hold_max", &Switchover::hold_max, Time{{.least = 50ms, .most = 30s}}, "agents hold writes at most this long, and let a request wait for permission to write at most this long, then they answer 503; it travels to agents in the epoch items"},
    Field{"hold_when_lag_below", &Switchover::hold_when_lag_below, Time{kShort}, "hold only when replication is this close"},
    Field{"drain_timeout", &Switchover::drain_timeout, Time{kShort}, "an unproven drain releases the hold after this time, or when half of what was left of `hold_max` has passed: the other half is for what follows"},
    Field{"drain_attempts", &Switchover::drain_attempts, Count{{.least = 1, .most = 1000}}, "how often hold and drain are tried"},
    Field{"pause_between_attempts", &Switchover::pause_between_attempts, Time{{.least = 0ms, .most = 10min}}, "with writes open"},
};
inline constexpr std::tuple kLosses{
    Field{"unreadable_after", &Losses::unreadable_after, Time{{.least = 1s, .most = 24h}}, "when a failover's write gets the fate `unknown` and stands in the way of no failback any more, as the keys of its table cannot be read in one Region; counted while both Regions answer ([decision 14](decisions/0014-losses.md))"},
    Field{"undecided_after", &Losses::undecided_after, Time{{.least = 1s, .most = 24h * 30}}, "the same of a write that is still under way, as far as the items tell"},
};
inline constexpr std::tuple kLevers{
    Field{"data_impaired", &Levers::data_impaired, List{Word<Lever>{}}, "what a plan does for this verdict, besides moving the writes: `shift` sends users to the new Region's stack, `repoint` waits until the old Region's hosts work with the new tables too. `--levers` of one request says otherwise"},
    Field{"stack_impaired", &Levers::stack_impaired, List{Word<Lever>{}}, "the same for this verdict"},
    Field{"region_lost", &Levers::region_lost, List{Word<Lever>{}}, "the same for this verdict"},
};
inline constexpr std::tuple kRoute53{
    Field{"zone", &Route53::zone, Named{kZoneForm}, "the hosted zone's id", {.need = Need::required}},
    Field{"record", &Route53::record, RecordName{}, "the failover record; it is never edited in an emergency", {.need = Need::required}},
    Field{"ttl", &Route53::ttl, Time{{.least = 1s, .most = 24h}}, "the record's, for warnings and `farshore provision`; that of an alias is 60 s, and AWS's", kStaysArmed},
    Field{"failure_threshold", &Route53::failure_threshold, Count{{.least = 1, .most = 10}}, "how many checks in a row, ten seconds apart, must fail before Route 53 leaves a stack by itself: of the checks that `farshore provision` makes", kStaysArmed},
    Field{"mechanism", kItself, Constant{"health-state"}, "how users are moved: `health-state` ([decision 5](decisions/0005-health-state.md))"},
};
inline constexpr std::tuple kTraffic{
    Field{"route53", &Config::traffic, Inside{kRoute53}, "the record that leads users to a Region"},
};
inline constexpr std::tuple kVerify{
    Field{"path", &Verify::path, UrlPath{}, "functional check through the record after a switch"},
    Field{"timeout", &Verify::timeout, Time{{.least = 100ms, .most = 1h}}, "how long it is tried"},
};
inline constexpr std::tuple kRole{
    Field{"arn", &JoinRole::arn, RoleArn{}, "the ARN of a role", {.need = Need::required}},
    Field{"hosts", &JoinRole::hosts, Text{}, "a pattern of its hosts' names"},
    Field{"region", &JoinRole::region, Id<RegionId>{}, "where its hosts stand", {.otherwise = "any"}},
};
inline constexpr std::tuple kJoinAws{
    Field{"roles", &Join::roles, JoinRoles{kRole}, "roles in AWS whose hosts may join by themselves, under the session's name: sections, or ARNs alone; only roles whose session name the caller cannot choose"},
    Field{"sts_regions", &Join::sts_regions, List{Id<RegionId>{}}, "whose STS the controller asks about such hosts", {.otherwise = "the app's and the witness"}},
    Field{"urls", &Join::urls, List{Endpoint{}}, "addresses, beside `controller.url`, under which agents reach this controller"},
};
inline constexpr std::tuple kJoin{
    Field{"aws", kItself, Inside{kJoinAws}, "by the roles that they have in AWS"},
};
inline constexpr std::tuple kTls{
    Field{"certificate", &Controller::certificate_file, Text{}, "PEM file; without it plain HTTP, on the loopback address only. A renewed certificate is taken up within a second"},
    Field{"key", &Controller::key_file, Text{}, "PEM file of its key"},
    Field{"ca", &Controller::ca_file, Text{}, "PEM file with which the `farshore` command checks it"},
};
inline constexpr std::tuple kController{
    Field{"id", &Controller::id, Id<ObserverId>{}, "the name under which it votes", {.otherwise = "the Region where it stands"}},
    Field{"region", &Controller::region, Id<RegionId>{}, "where it stands", {.otherwise = "the witness Region"}},
    Field{"listen", &Controller::listen, Listener{}, "API for people and agents, and `/metrics`", kStaysArmed},
    Field{"url", &Controller::url, Endpoint{}, "under which people and agents reach it", {.otherwise = "from `listen`", .change = Change::stays_armed}},
    Field{"tls", kItself, Inside{kTls}, "how it is reached from other hosts", kStaysArmed},
    Field{"tokens", &Controller::tokens_file, SecretFile{}, "who may talk to the controller, see [Credentials](#credentials); taken up within a second of a change", kStaysArmed},
    Field{"operator_token", &Controller::operator_token_file, SecretFile{}, "the file with the token that the `farshore` command presents", kStaysArmed},
};

inline constexpr std::tuple kFile{
    Field{"version", kItself, Version{}, "`1`", {.change = Change::stays_armed, .need = Need::required}},
    Field{"app", &Config::app, Id<AppId>{}, "the app's name; tokens, orders and epochs carry it", {.need = Need::required}},
    Field{"objectives", kItself, Inside{kObjectives}, "what you promise"},
    Field{"regions", &Config::regions, RegionMap{kRegion}, "the two table Regions", {.need = Need::required}},
    Field{"witness", kItself, Inside{kWitness}, "a third Region"},
    Field{"store", kItself, Inside{kStore}, "where the controller keeps what it must remember", kStaysArmed},
    Field{"recording", &Config::recording, Inside{kRecording}, "what the controller saw and decided, [recorded](recordings.md) beside the store", kStaysArmed},
    Field{"tables", &Config::tables, Sections{kTable, "table", "name"}, "global tables of the app", {.need = Need::required}},
    Field{"detect", &Config::detect, Inside{kDetect}, "when a Region counts as unhealthy"},
    Field{"decide", &Config::decide, Inside{kDecide}, "what happens by itself"},
    Field{"fence", &Config::fence, Inside{kFence}, "who may write, and for how long"},
    Field{"switchover", &Config::switchover, Inside{kSwitchover}, "how a planned change holds writes"},
    Field{"losses", &Config::losses, Inside{kLosses}, "how long a failover's write may go without a fate"},
    Field{"levers", &Config::levers, Inside{kLevers}, "what a plan does besides moving the writes"},
    Field{"steps", &Config::steps, StepList{}, "[steps of your own](#steps-of-your-own)"},
    Field{"traffic", kItself, Inside{kTraffic}, "how users are moved"},
    Field{"verify", &Config::verify, Inside{kVerify}, "how a change is checked"},
    Field{"agents", &Config::agents, List{Id<HostId>{}, "name the hosts, or remove the key: then hosts are added as they come"},
        "the register of hosts a fence waits for. With names, it is closed: other hosts are refused, and those of before leave it. Without the key: every host with a [credential](#credentials) that says hello, and each that registers itself in the epoch table while no controller answers, is added, until `farshore agents forget HOST`"},
    Field{"join", &Config::join, Inside{kJoin}, "hosts that the configuration does not name, and how they prove who they are", kStaysArmed},
    Field{"aws", &Config::aws, Inside{kAws}, "where AWS is reached", {.shown = Shown::always}},
    Field{"controller", &Config::controller, Inside{kController}, "the controller itself"},
    Field{"fleet", kItself, NoEffect{}, ""},
    Field{"drills", kItself, NoEffect{}, ""},
    Field{"notify", kItself, Notifications{}, ""},
    Field{"databases", kItself, Refused{"remove it", "a plan that leaves out a step which you wrote down would be worse than none"}, ""},
};
// clang-format on

}  // namespace farshore_yaml

}  // namespace keys

}  // namespace farshore::config
