#include "bench/controller/world.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/free_port.h"
#include "base/patience.h"

#include "bench/controller/lab.h"
#include "bench/controller/swarm.h"
#include "sigv4/signer.h"

namespace farshore::bench {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr Duration kPatience = std::chrono::seconds{30};
constexpr Duration kLookEvery = std::chrono::milliseconds{20};
// Stream and reports; and one for an acknowledgement while a report is under way. Where that cannot
// be opened, the acknowledgement is tried again like any other that failed.
constexpr std::size_t kConnectionsLeast = 2;
constexpr std::size_t kConnectionsMost = 3;
constexpr std::size_t kOtherDescriptors = 500;
const std::string kOperatorToken = "credential-of-the-operator";

json::object token(const std::string& name, std::string_view role, const std::string& secret) {
    return {{"name", name}, {"role", role}, {"token_sha256", sigv4::sha256_hex(secret)}};
}

std::string tokens_text(std::size_t agents) {
    json::array tokens{token("operator", "operator", kOperatorToken)};
    for (std::size_t i = 0; i < agents; ++i) {
        const std::string host = Swarm::host(i).value();
        json::object entry = token(host, "agent", Swarm::token(i));
        entry["app"] = kApp.value();
        entry["host"] = host;
        tokens.push_back(std::move(entry));
    }
    return json::serialize(tokens);
}

// The defaults are what is measured. Only what a world of the lab needs differs from them, and from
// 2,000 agents on the hold, without which no switchover would begin.
std::string config_text(
    const std::string& directory, const json::object& lab, std::uint16_t port, std::size_t agents
) {
    const std::string web{lab.at("web").as_string()};
    std::string text = fmt::format(
        "version: 1\napp: {0}\nobjectives: {{ rto: 60s, rpo: 5s }}\nregions:\n"
        "  {1}: {{ preferred: true, health: {4}/{1} }}\n  {2}: {{ health: {4}/{2} }}\n"
        "witness: {{ region: {3} }}\nstore: {{ sqlite: {5}/farshore.db }}\ntables:\n  - {{ name: "
        "{6} }}\n"
        "decide: {{ mode: auto, require_drill_within: off }}\n"
        "switchover: {{ hold_max: {8}ms }}\n"
        "traffic:\n  route53: {{ zone: Z1, record: localhost, ttl: 5s }}\n"
        "controller:\n  id: {3}\n  region: {3}\n  listen: 127.0.0.1:{7}\n"
        "  tokens: {5}/tokens.json\naws:\n  credentials: {{ file: {5}/credentials }}\n"
        "  endpoints:\n    route53: {4}\n    dynamodb:\n",
        kApp.value(),
        kHome.value(),
        kStandby.value(),
        kWitness.value(),
        web,
        directory,
        kTable.value(),
        port,
        std::max<std::size_t>(1000, agents / 2)
    );
    for (const auto& [region, url] : lab.at("dynamodb").as_object()) {
        text += fmt::format("      {}: {}\n", std::string{region}, std::string{url.as_string()});
    }
    return text;
}

Status write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) {
        return fail(ErrorKind::unavailable, path + " cannot be written");
    }
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    return {};
}

}  // namespace

Result<std::unique_ptr<World>> World::start(PollLoop& loop, Options options) {
    std::unique_ptr<World> made{new World(loop, options)};
    if (Status status = made->make(); !status) {
        return std::unexpected(std::move(status.error()));
    }
    return made;
}

World::~World() {
    controller_.reset();
    lab_.reset();
    if (!options_.keep && !directory_.empty()) {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
}

Status World::make() {
    const Status allowed = allow_descriptors(
        options_.agents * kConnectionsLeast + kOtherDescriptors,
        options_.agents * kConnectionsMost + kOtherDescriptors
    );
    if (!allowed) {
        return allowed;
    }
    std::string pattern = (fs::temp_directory_path() / "farshore-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        return fail(
            ErrorKind::unavailable, pattern + ": " + std::generic_category().message(errno)
        );
    }
    directory_ = pattern;
    const std::vector<int> places = processors();
    pinned_ = places.size() >= 2;
    if (Status stays = pinned_ ? stay_on(places[1]) : Status{}; !stays) {
        return stays;
    }
    const fs::path self = fs::canonical("/proc/self/exe");
    auto lab = Process::start({self.string(), "--serve-lab"}, directory_ + "/lab.log");
    if (!lab) {
        return std::unexpected(lab.error());
    }
    lab_ = std::make_unique<Process>(std::move(*lab));
    const Result<std::string> line = lab_->line(stretched(kPatience));
    if (!line) {
        return std::unexpected(line.error());
    }
    if (Status written = write_files(*line); !written) {
        return written;
    }
    if (Status stays = pinned_ ? stay_on(places[0]) : Status{}; !stays) {
        return stays;
    }
    auto controller = Process::start(
        {(self.parent_path() / "farshored").string(), "--config", directory_ + "/farshore.yaml"},
        directory_ + "/farshored.log"
    );
    if (!controller) {
        return std::unexpected(controller.error());
    }
    controller_ = std::make_unique<Process>(std::move(*controller));
    if (Status stays = pinned_ ? stay_on(places[1]) : Status{}; !stays) {
        return stays;
    }
    operator_ = std::make_unique<Operator>(loop_, port_, kOperatorToken);
    return wait_until_ready();
}

Status World::write_files(const std::string& lab_line) {
    const auto ports = net::free_ports({"127.0.0.1"}, 1);
    if (!ports) {
        return std::unexpected(ports.error());
    }
    port_ = ports->front();
    const std::string config =
        config_text(directory_, json::parse(lab_line).as_object(), port_, options_.agents);
    Status written = write(directory_ + "/farshore.yaml", config);
    if (written) {
        written = write(directory_ + "/tokens.json", tokens_text(options_.agents));
    }
    return written ? write(
                         directory_ + "/credentials",
                         "[default]\naws_access_key_id = AKIDEXAMPLE\n"
                         "aws_secret_access_key = secret\n"
                     )
                   : written;
}

Status World::wait_until_ready() {
    const Instant end = loop_.now() + stretched(kPatience);
    while (loop_.now() < end && controller_->lives()) {
        const auto answer = operator_->ask("GET", "/livez", {}, kPatience);
        if (answer && answer->body == "ok\n") {
            return {};
        }
        loop_.run_until([] { return false; }, kLookEvery);
    }
    // It has not become ready: how it ends tells why.
    const Status ended = controller_->end(kPatience);
    return ended ? fail(ErrorKind::timed_out, "farshored did not become ready") : ended;
}

Status World::end() {
    const Status controller = controller_->end(stretched(kPatience));
    const Status lab = lab_->end(stretched(kPatience));
    return controller ? lab : controller;
}

}  // namespace farshore::bench
