#pragma once

#include "wire/config_keys.h"

// The keys of agent.yaml, as config_keys.h has those of farshore.yaml.
namespace farshore::config::keys::agent_yaml {

// clang-format off
inline constexpr std::tuple kJoinAws{
    Field{"sts_region", &AgentConfig::join_sts_region, Id<RegionId>{}, "instead: by the role that the host has in AWS, with a proof for this Region's STS. `join: { aws: {} }` is all it takes", {.otherwise = "`region`"}},
};
inline constexpr std::tuple kJoin{
    Field{"token", &AgentConfig::join_token_file, SecretFile{}, "instead: the file of a join token, with which the host gets a credential of its own"},
    Field{"aws", kItself, JoinByIdentity{kJoinAws}, "by the role of the host"},
};
inline constexpr std::tuple kClientKeys{
    Field{"file", &ClientKeys::file, Text{}, "what local applications sign with: an AWS credentials file. When it is missing the agent makes it with one random key pair, mode 0600, or 0640 for the group; a file of its own that others could use gets that mode again at the next start, and the log says so. `client_keys: /path` names a file that must be there, with one key pair in each profile. `client_keys: off` serves every process that reaches the endpoint; `farshore status`, the agent's log, `/v1/state` and the metric `farshore_client_keys_required` say so. `farshore-agent env` prints what an application needs ([clients.md](clients.md))", {.otherwise = "`client-keys` in `state_directory`"}},
    Field{"group", &ClientKeys::group, Text{}, "that may read a file which the agent makes", {.otherwise = "none"}},
};
inline constexpr std::tuple kApp{
    Field{"app", &AgentApp::app, Id<AppId>{}, "the app's name", {.need = Need::required}},
    Field{"regions", &AgentApp::regions, List{.item = Id<RegionId>{}, .exactly = 2}, "both table Regions", {.need = Need::required}},
    Field{"listen", &AgentApp::listen, Listener{}, "the app's loopback DynamoDB endpoint"},
    Field{"witness", &AgentApp::witness, Id<RegionId>{}, "holds the third epoch record"},
    Field{"on_controller_loss", &AgentApp::on_controller_loss, Word<OnControllerLoss>{}, "as in farshore.yaml: what the agent does when no controller answers"},
    Field{"lease", &AgentApp::lease, Time{{.least = 100ms, .most = 10min}}, "as in farshore.yaml; a longer one is cut to the controllers', which the epoch records name"},
    Field{"epoch_table", &AgentApp::epoch_table, Id<TableName>{}, "as in farshore.yaml"},
    Field{"heartbeat_table", &AgentApp::heartbeat_table, Id<TableName>{}, "as in farshore.yaml"},
    Field{"hold_max", kItself, NoEffect{"remove it, as `switchover.hold_max` of farshore.yaml travels to agents in the epoch items"}, ""},
    Field{"hold_requests_max", &AgentApp::hold_requests_max, Count{{.least = 1, .most = 1'000'000}}, "how many requests wait for permission to write; one more is answered 503 at once"},
    Field{"probe_every", &AgentApp::probe_every, Time{{.least = 50ms, .most = 1min}}, "from one probe to the next"},
    Field{"upstream_timeout", &AgentApp::upstream_timeout, Time{{.least = 50ms, .most = 1min}}, "how long a Region may take to answer, without the time that the application takes to read. Then a write counts as of unknown outcome ([decision 12](decisions/0012-unknown-outcomes.md)). An agent that is told to stop (SIGTERM) ends within this and five seconds, with status 0: leave `TimeoutStopSec=` of its unit at ten seconds more than the longest `upstream_timeout` at least (systemd's default of 90 s is enough)"},
    Field{"ledger_entries_max", &AgentApp::ledger_entries_max, Count{{.least = 16, .most = 16'777'216}}, "how many unproven writes are remembered"},
    Field{"ledger_learns_updates", &AgentApp::ledger_learns_updates, Flag{}, "an UpdateItem that asks for no values is sent with `ReturnValues: ALL_NEW`, so that the ledger knows what it left behind; the application sees no difference. Where a policy refuses that, it is sent as it was"},
    Field{"health_table", &AgentApp::health_table, Named{kTableForm}, "read by `/healthz`", {.otherwise = "the heartbeat table"}},
    Field{"health_urls", &AgentApp::health_urls, ByRegion{Url{}}, "URLs of the app's Regions, their stacks' health, watched from here"},
};

inline constexpr std::tuple kFile{
    Field{"version", kItself, Version{}, "`1`", {.need = Need::required}},
    Field{"host", &AgentConfig::host, Id<HostId>{}, "the host's name", {.need = Need::required}},
    Field{"region", &AgentConfig::region, Id<RegionId>{}, "where it stands", {.need = Need::required}},
    Field{"controllers", &AgentConfig::controllers, List{ControllerUrl{}}, "`https://` addresses"},
    Field{"controller_ca", &AgentConfig::controller_ca_file, Text{}, "file: the installation's CA"},
    Field{"token", &AgentConfig::token_file, SecretFile{}, "file: this host's own [credential](#credentials). It is read again when the controllers do not take it any more"},
    Field{"join", kItself, Inside{kJoin}, "how a host without a token of its own gets one"},
    Field{"registration", &AgentConfig::registration, Word<RegistrationBy>{}, "under what name the host registers itself in the epoch tables while no controller answers: `host`, or `userid`, which a policy can bind to each host of a role that many have ([iam.md](iam.md))"},
    Field{"state_directory", &AgentConfig::state_directory, Text{}, "the highest epoch seen, on disk"},
    Field{"run_directory", &AgentConfig::run_directory, Text{}, "`region.json` and the env file for applications"},
    Field{"health", &AgentConfig::health, Listener{}, "`/livez`, `/healthz`, `/healthz/home`, `/healthz/deep`, `/route53/{app}/{region}`, `/metrics`"},
    Field{"listen_names", &AgentConfig::listen_names, List{HostHeader{}}, "more names by which clients call this host's listeners, for the Host header: `name`, or `name:port`. Their addresses and `localhost` count anyway, and for `/metrics` and `/v1/state` the host's own names ([decision 13](decisions/0013-local-clients.md))"},
    Field{"client_keys", &AgentConfig::client_keys, ClientKeysForm{kClientKeys}, "what local applications sign with: made at the first start, a file that is there, or `off`"},
    Field{"aws", &AgentConfig::aws, Inside{kAws}, "as in farshore.yaml"},
    Field{"apps", &AgentConfig::apps, Sections{kApp, "app", "app"}, "the apps of the host", {.need = Need::required}},
};
// clang-format on

}  // namespace farshore::config::keys::agent_yaml
