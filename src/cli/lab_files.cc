#include "cli/lab_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/tls_ca.h"
#include "base/assert.h"
#include "base/text.h"
#include "cli/lab_directory.h"

namespace farshore::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::string_view kClientKeysFile = "client-keys";

std::string random_hex(std::size_t bytes) {
    std::vector<std::uint8_t> out(bytes);
    const auto got = ::getrandom(out.data(), out.size(), 0);
    FARSHORE_ASSERT(
        got == static_cast<ssize_t>(bytes), "the kernel gives a few random bytes at once"
    );
    return to_hex(out);
}

std::string upper(std::string text) {
    for (char& c : text) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text;
}

std::vector<LabKey> new_keys() {
    std::vector<LabKey> keys;
    for (const char* profile : {"default", "controller", "agent", "shop"}) {
        keys.push_back(
            {.profile = profile,
             .credentials =
                 {.access_key_id = "AKIA" + upper(random_hex(8)),
                  .secret_access_key = random_hex(20),
                  .session_token = {},
                  .expires = {}}}
        );
    }
    return keys;
}

std::string credentials_text(const LabLayout& layout, const std::vector<LabKey>& keys) {
    std::string out = "# Keys of this lab world; they open nothing else.\n";
    for (const LabKey& key : keys) {
        out += fmt::format(
            "[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\nregion = {}\n",
            key.profile,
            key.credentials.access_key_id,
            key.credentials.secret_access_key,
            layout.options.regions.front().value()
        );
    }
    return out;
}

Status write_tokens(const LabLayout& layout) {
    json::array tokens;
    const auto add = [&](json::object entry, const std::string& file) -> Status {
        const std::string token = random_hex(32);
        entry["token_sha256"] = sigv4::sha256_hex(token);
        tokens.push_back(std::move(entry));
        return write_file(file, token + "\n", 0600);
    };
    for (const char* role : {"operator", "viewer"}) {
        const Status done =
            add({{"name", role}, {"role", role}}, layout.path(std::string{role} + ".token"));
        if (!done) {
            return done;
        }
    }
    for (const LabHost& host : layout.hosts) {
        const json::object entry{
            {"name", host.name},
            {"role", "agent"},
            {"app", kLabApp},
            {"host", host.name},
            {"region", host.region.value()}
        };
        if (const Status done = add(entry, layout.token_file(host)); !done) {
            return done;
        }
    }
    return write_file(layout.path("tokens.json"), json::serialize(tokens) + "\n", 0600);
}

Status make_certificates(const LabLayout& layout) {
    const auto ca = net::create_ca(layout.options.directory, "farshore lab");
    if (!ca) {
        return std::unexpected(ca.error());
    }
    std::vector<std::string> names{
        layout.world.controller_address(1), "controller.lab.farshore", "localhost"
    };
    for (const RegionId& region : layout.table_regions()) {
        names.push_back(layout.world.relay_address(region));
    }
    const auto issued = net::issue_certificate(*ca, layout.options.directory, "controller", names);
    return issued ? Status{} : std::unexpected(issued.error());
}

std::string aws_text(const LabLayout& layout, std::string_view profile, const std::string& source) {
    std::string out = fmt::format(
        "aws:\n  credentials: {{ file: {}, profile: {} }}\n  endpoints:\n    dynamodb:\n",
        layout.path("credentials"),
        profile
    );
    for (const RegionId& region : layout.options.regions) {
        out += fmt::format("      {}: {}\n", region.value(), layout.dynamodb_name_url(region));
    }
    out += fmt::format(
        "    route53: {}\n  resolver: {}\n  source_address: {}\n",
        layout.route53_url(),
        layout.dns_server(),
        source
    );
    return out;
}

std::string controller_text(const LabLayout& layout) {
    const std::vector<RegionId> tables = layout.table_regions();
    std::string out = fmt::format(
        "# Written by `farshore lab up`. docs/configuration.md explains every key.\n"
        "version: 1\napp: {}\nobjectives: {{ rto: {}, rpo: 5s }}\nregions:\n",
        kLabApp,
        to_text(layout.options.rto)
    );
    for (std::size_t i = 0; i < tables.size(); ++i) {
        out += fmt::format(
            "  {0}: {{ {1}health: {2}/healthz, answers: {3}, agents: \"http://{3}:{4}\" }}\n",
            tables[i].value(),
            i == 0 ? "preferred: true, " : "",
            layout.balancer_url(tables[i]),
            layout.world.load_balancer_address(tables[i]),
            layout.ports.health
        );
    }
    out += fmt::format(
        "witness: {{ region: {} }}\nstore: {{ sqlite: {} }}\ntables:\n  - {{ name: {} }}\n",
        layout.witness().value(),
        layout.path("controller/farshore.db"),
        kLabTable
    );
    out += fmt::format(
        "detect:\n  quorum: 2 of 3\n  probe_every: 500ms\n  unhealthy_for: 1500ms\n  "
        "control_target: {}/\n",
        layout.route53_url()
    );
    // The lab is for watching automation, so it is armed at once: no drill has to come first, and
    // the next story need not wait for an hour.
    out += "decide: { mode: auto, max_loss: 5s, cooldown: 10s, require_drill_within: off }\n";
    out += "fence: { on_controller_loss: verify, lease: 3s }\n";
    out += fmt::format(
        "traffic:\n  route53: {{ zone: {}, record: {}, ttl: {}, failure_threshold: {} }}\n",
        layout.zone_id,
        kLabRecord,
        to_text(Duration{kLabTtl}),
        kLabFailureThreshold
    );
    // The storefronts' own check: a read through the host's agent.
    out += "verify: { path: /healthz, timeout: 30s }\nagents:\n";
    for (const LabHost& host : layout.hosts) {
        out += fmt::format("  - {}\n", host.name);
    }
    out += aws_text(layout, "controller", layout.world.controller_address(1));
    out += fmt::format(
        "controller:\n  id: {0}\n  region: {0}\n  listen: {1}:{2}\n  url: {3}\n"
        "  tls: {{ certificate: {4}, key: {5}, ca: {6} }}\n  tokens: {7}\n  operator_token: {8}\n",
        layout.witness().value(),
        layout.world.controller_address(1),
        layout.ports.controller,
        layout.controller_url(),
        layout.path("controller.pem"),
        layout.path("controller.key"),
        layout.path("ca.pem"),
        layout.path("tokens.json"),
        layout.path("operator.token")
    );
    return out;
}

std::string agent_text(const LabLayout& layout, const LabHost& host) {
    std::string out = fmt::format(
        "# Written by `farshore lab up`. docs/configuration.md explains every key.\n"
        "version: 1\nhost: {}\nregion: {}\ncontrollers: [{}]\ncontroller_ca: {}\ntoken: {}\n"
        "state_directory: {}/state\nrun_directory: {}/run\nhealth: {}:{}\n",
        host.name,
        host.region.value(),
        layout.relay_url(host.region),
        layout.path("ca.pem"),
        layout.token_file(host),
        layout.host_directory(host),
        layout.host_directory(host),
        host.address,
        layout.ports.health
    );
    out += aws_text(layout, "agent", host.address);
    out += fmt::format(
        "client_keys: {}\n", layout.options.any_credentials ? "off" : layout.path(kClientKeysFile)
    );
    const std::vector<RegionId> tables = layout.table_regions();
    out += fmt::format(
        "apps:\n  - app: {}\n    listen: {}:{}\n    regions: [{}, {}]\n    witness: {}\n    "
        "on_controller_loss: verify\n"
        "    lease: 3s\n    health_table: {}\n    health_urls:\n",
        kLabApp,
        host.address,
        layout.ports.agent,
        tables.front().value(),
        tables.back().value(),
        layout.witness().value(),
        kLabTable
    );
    for (const RegionId& region : tables) {
        out += fmt::format("      {}: {}/healthz\n", region.value(), layout.balancer_url(region));
    }
    return out;
}

}  // namespace

Result<std::vector<LabKey>> make_lab_directory(const LabLayout& layout) {
    const std::string& directory = layout.options.directory;
    if (const Status cleared = clear_world(directory); !cleared) {
        return std::unexpected(cleared.error());
    }
    std::vector<std::string> folders{
        directory, layout.path("etc"), layout.path("logs"), layout.path("controller")
    };
    for (const LabHost& host : layout.hosts) {
        folders.push_back(layout.host_directory(host) + "/state");
        folders.push_back(layout.host_directory(host) + "/run");
    }
    for (const std::string& folder : folders) {
        std::error_code error;
        fs::create_directories(folder, error);
        if (error) {
            errno = error.value();
            return std::unexpected(file_error("cannot make", folder));
        }
    }
    (void)::chmod(directory.c_str(), 0700);
    std::vector<LabKey> keys = new_keys();
    // The applications' keys open the agents, too, so that one file is enough to try the world.
    std::vector<LabKey> of_applications;
    std::ranges::copy_if(keys, std::back_inserter(of_applications), [](const LabKey& key) {
        return key.profile == "default" || key.profile == "shop";
    });
    for (const auto& [file, written] :
         {std::pair{std::string_view{"credentials"}, &keys},
          std::pair{kClientKeysFile, &of_applications}}) {
        const Status done = write_file(layout.path(file), credentials_text(layout, *written), 0600);
        if (!done) {
            return std::unexpected(done.error());
        }
    }
    if (const Status done = make_certificates(layout); !done) {
        return std::unexpected(done.error());
    }
    if (const Status done = write_tokens(layout); !done) {
        return std::unexpected(done.error());
    }
    return keys;
}

Status write_configurations(const LabLayout& layout) {
    if (const Status done = write_file(layout.controller_file(), controller_text(layout), 0600);
        !done) {
        return done;
    }
    for (const LabHost& host : layout.hosts) {
        if (const Status done = write_file(layout.agent_file(host), agent_text(layout, host), 0600);
            !done) {
            return done;
        }
    }
    return {};
}

}  // namespace farshore::cli
