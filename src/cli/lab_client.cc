#include "cli/lab_client.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "base/patience.h"
#include "base/text.h"
#include "cli/api_client.h"
#include "cli/lab_directory.h"
#include "cli/lab_supervisor.h"
#include "cli/last_words.h"
#include "cli/output.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

constexpr auto kPollEvery = std::chrono::milliseconds{20};
constexpr std::chrono::seconds kStartPatience{60};
// More than the supervisor gives its processes.
constexpr std::chrono::seconds kStopPatience{25};

Access admin_access(const std::string& url) {
    Access access;
    access.controller = url;
    access.what = "the lab";
    access.remedy = "start one with `farshore lab up`";
    access.shown_by = "`farshore lab status` shows whether it has";
    return access;
}

Error refused(const Answer& answer) {
    return answer.error();
}

// What a supervisor that could not begin has told its log, as print_error writes it.
Error last_error(const std::string& path) {
    constexpr std::string_view kError = "error: ";
    constexpr std::string_view kRemedy = "  remedy: ";
    Error error{.kind = ErrorKind::unavailable, .text = "it said nothing", .remedy = "see " + path};
    std::ifstream in{path};
    std::string line;
    while (std::getline(in, line)) {
        if (line.starts_with(kError)) {
            error.text = line.substr(kError.size());
        } else if (line.starts_with(kRemedy)) {
            error.remedy = line.substr(kRemedy.size());
        }
    }
    return error;
}

// What lab.json says of the processes of this supervisor's world.
std::vector<drill::BadEnd> ended_badly_in(const std::string& directory, pid_t supervisor) {
    const auto document = read_lab_file(directory);
    if (!document || number_at(json::value(*document), "pid") != supervisor) {
        return {};
    }
    const json::value* ends = document->if_contains("ended_badly");
    return ends == nullptr ? std::vector<drill::BadEnd>{} : drill::bad_ends_from(*ends);
}

// SIGTERM to a process that need not be our child; false: it goes on.
bool end_process(pid_t pid, Duration patience) {
    // The header of glibc 2.36 declares pidfd_open for C only.
    const int file = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (file < 0) {
        return errno == ESRCH;
    }
    pollfd process{.fd = file, .events = POLLIN, .revents = 0};
    ::kill(pid, SIGTERM);
    const bool ended = ::poll(&process, 1, static_cast<int>(to_ms(patience))) > 0;
    ::close(file);
    return ended;
}

// Of a world that does not run, by what its lab.json says.
std::optional<drill::BadEnd> supervisor_that_died(
    const std::string& directory, const json::value& status
) {
    const std::string state = text_at(status, "state");
    if (!has_mark(directory, kWorldMark) || state == "down" || state == "failed") {
        return std::nullopt;
    }
    return drill::BadEnd{
        .process = "lab",
        .pid = number_at(status, "pid"),
        .how = "it died before the world was down",
        .last_words = last_words_in(log_from(world_log(directory), 0)),
        .log = world_log(directory)
    };
}

}  // namespace

Result<std::string> LabClient::admin() const {
    const auto document = read_lab_file(directory_);
    if (!document) {
        return std::unexpected(document.error());
    }
    if (!lab_is_running(directory_)) {
        const auto dead = supervisor_that_died(directory_, *document);
        return fail(
            ErrorKind::unavailable,
            dead ? dead->text() : fmt::format("the world in {} is down", directory_),
            "start it with `farshore lab up`"
        );
    }
    return text_at(json::value(*document), "admin");
}

Result<json::value> LabClient::status() {
    const auto url = admin();
    if (!url) {
        return std::unexpected(url.error());
    }
    ApiClient client{admin_access(*url)};
    auto answer = client.get("/v1/status");
    if (!answer) {
        return std::unexpected(answer.error());
    }
    return answer->ok() ? Result<json::value>{std::move(answer->document)}
                        : std::unexpected(refused(*answer));
}

Result<lab::World> LabClient::world() {
    const auto document = status();
    if (!document) {
        return std::unexpected(document.error());
    }
    lab::World world;
    world.regions.clear();
    if (const json::value* regions = value_at(*document, "regions");
        regions != nullptr && regions->is_object()) {
        for (const auto& [name, region] : regions->get_object()) {
            world.regions.emplace_back(std::string{name});
        }
    }
    if (!world.regions.empty()) {
        world.witness = world.regions.back();
    }
    world.started_by_hand = value_at(*document, "commands") != nullptr;
    return world;
}

Result<json::value> LabClient::add_fault(const lab::FaultSpec& spec) {
    const auto url = admin();
    if (!url) {
        return std::unexpected(url.error());
    }
    ApiClient client{admin_access(*url)};
    auto answer = client.post("/v1/faults", lab::to_json(spec));
    if (!answer) {
        return std::unexpected(answer.error());
    }
    return answer->ok() ? Result<json::value>{std::move(answer->document)}
                        : std::unexpected(refused(*answer));
}

Result<int> LabClient::heal(const std::string& id) {
    const auto url = admin();
    if (!url) {
        return std::unexpected(url.error());
    }
    ApiClient client{admin_access(*url)};
    std::vector<std::string> ids{id};
    if (id == "all") {
        const auto document = status();
        if (!document) {
            return std::unexpected(document.error());
        }
        ids.clear();
        if (const json::value* faults = value_at(*document, "faults");
            faults != nullptr && faults->is_array()) {
            for (const json::value& fault : faults->get_array()) {
                ids.push_back(text_at(fault, "id"));
            }
        }
    }
    int healed = 0;
    for (const std::string& one : ids) {
        const auto answer = client.erase("/v1/faults/" + net::percent_encode(one));
        if (!answer) {
            return std::unexpected(answer.error());
        }
        // Of `all`, one may have ended by itself meanwhile.
        if (!answer->ok() && (id != "all" || answer->error().kind != ErrorKind::not_found)) {
            return std::unexpected(refused(*answer));
        }
        healed += answer->ok() ? 1 : 0;
    }
    return healed;
}

LabProcess::LabProcess(LabOptions options, std::unique_ptr<Children> children, pid_t pid)
    : options_(std::move(options)), children_(std::move(children)), pid_(pid) {}

Result<LabProcess> LabProcess::start(const LabOptions& options) {
    if (const Status claimed = claim_directory(options.directory, kWorldMark); !claimed) {
        return std::unexpected(claimed.error());
    }
    if (lab_is_running(options.directory)) {
        return fail(
            ErrorKind::conflict,
            "a world is running in " + options.directory,
            "end it with `farshore lab down`, or name another directory with --dir"
        );
    }
    std::string regions;
    for (const RegionId& region : options.regions) {
        regions += (regions.empty() ? "" : ",") + region.value();
    }
    ChildSpec spec{
        .name = "lab",
        .argv =
            {own_path(),
             "lab",
             "serve",
             "--dir",
             options.directory,
             "--regions",
             regions,
             "--hosts-per-region",
             std::to_string(options.hosts_per_region),
             "--seed",
             std::to_string(options.seed),
             "--rate",
             std::to_string(options.rate),
             "--dns-habit",
             options.dns_habit,
             "--rto",
             to_text(options.rto)},
        .log_file = world_log(options.directory),
        .own_group = true,
        .on_parent_death = SIGTERM
    };
    if (options.bare) {
        spec.argv.emplace_back("--bare");
    }
    if (options.any_credentials) {
        spec.argv.emplace_back("--any-credentials");
    }
    // What an earlier world said is not to be taken for our answer.
    std::error_code no_log_yet;
    std::filesystem::resize_file(spec.log_file, 0, no_log_yet);
    auto children = std::make_unique<Children>();
    const auto pid = children->start(spec);
    if (!pid) {
        return std::unexpected(pid.error());
    }
    return LabProcess{options, std::move(children), *pid};
}

Result<json::value> LabProcess::wait_ready(const std::function<bool()>& given_up) {
    const auto deadline = std::chrono::steady_clock::now() + stretched(kStartPatience);
    while (std::chrono::steady_clock::now() < deadline) {
        if (given_up()) {
            return fail(ErrorKind::cancelled, "interrupted");
        }
        const bool ended = !children_->reap().empty();
        const auto document = read_lab_file(options_.directory);
        json::value status = document ? json::value(*document) : json::value(nullptr);
        if (number_at(status, "pid") != pid_) {
            status = nullptr;  // an earlier world's
        }
        const std::string state = text_at(status, "state");
        if (state == "ready") {
            return status;
        }
        if (ended || state == "failed") {
            return std::unexpected(
                in_context("the world does not come up", last_error(world_log(options_.directory)))
            );
        }
        std::this_thread::sleep_for(kPollEvery);
    }
    return fail(
        ErrorKind::timed_out, "the world does not come up", "see " + world_log(options_.directory)
    );
}

Status LabProcess::keep() {
    ::kill(pid_, SIGUSR1);
    const auto deadline = std::chrono::steady_clock::now() + stretched(kStopPatience);
    while (std::chrono::steady_clock::now() < deadline) {
        const auto document = read_lab_file(options_.directory);
        if (document && flag_at(json::value(*document), "kept")) {
            children_->release("lab");
            return {};
        }
        std::this_thread::sleep_for(kPollEvery);
    }
    return fail(
        ErrorKind::timed_out,
        "the world does not want to stay",
        "see " + world_log(options_.directory)
    );
}

std::vector<drill::BadEnd> LabProcess::ended_badly() const {
    return ended_badly_in(options_.directory, pid_);
}

std::vector<drill::BadEnd> LabProcess::stop() {
    const std::vector<ChildExit> ends = children_->stop_all(stretched(kStopPatience));
    std::vector<drill::BadEnd> bad = ended_badly();
    for (const ChildExit& ended : ends) {
        // It ends with 1 when a process of the world ended badly, and says which.
        if (!ended.well() && (bad.empty() || !WIFEXITED(ended.status))) {
            bad.push_back(ended.bad_end());
        }
    }
    return bad;
}

Result<std::vector<drill::BadEnd>> stop_lab(const std::string& directory) {
    const auto document = read_lab_file(directory);
    if (!document) {
        return std::unexpected(document.error());
    }
    const auto pid = static_cast<pid_t>(number_at(json::value(*document), "pid"));
    // The lock says that this process lives, so its number has not been given to another one.
    if (pid > 1 && !end_process(pid, stretched(kStopPatience))) {
        return fail(
            ErrorKind::timed_out,
            fmt::format("the world (pid {}) does not end", pid),
            fmt::format("kill -9 {}", pid)
        );
    }
    auto bad = ended_badly_in(directory, pid);
    if (auto dead = dead_supervisor(directory)) {
        bad.push_back(std::move(*dead));
    }
    return bad;
}

std::optional<drill::BadEnd> dead_supervisor(const std::string& directory) {
    auto document = read_lab_file(directory);
    auto dead = document ? supervisor_that_died(directory, *document) : std::nullopt;
    if (!dead) {
        return std::nullopt;
    }
    (*document)["state"] = "failed";
    if (const Status written =
            write_file(directory + "/lab.json", to_pretty_json(json::value(*document)), 0600);
        !written) {
        print_error(written.error());
    }
    return dead;
}

}  // namespace farshore::cli
