#include "cli/lab_supervisor.h"

#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "adapters/system/system_clock.h"
#include "base/patience.h"
#include "cli/lab_children.h"
#include "cli/lab_directory.h"
#include "cli/lab_lock.h"
#include "cli/lab_processes.h"
#include "cli/lab_world.h"
#include "cli/last_words.h"
#include "cli/output.h"

namespace farshore::cli {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr Duration kStartPatience = std::chrono::seconds{30};
constexpr Duration kPollEvery = std::chrono::milliseconds{50};
// More than an agent may take to end (its `upstream_timeout` and two seconds).
constexpr Duration kStopGrace = std::chrono::seconds{10};
// A world in which everything goes on dying says so, and need not list it all.
constexpr std::size_t kBadEndsMax = 100;
constexpr Duration kTryAgainAfter = std::chrono::seconds{1};

class Supervisor {
  public:
    Supervisor(LabLayout layout, std::vector<LabKey> keys)
        : layout_(std::move(layout)), processes_(layout_), keys_(std::move(keys)) {}

    // How it ended: nullopt in order, whatever became of its processes.
    std::optional<Error> run(const std::function<void(const json::value&)>& on_ready) {
        on_ready_ = on_ready;
        write_state("starting");
        world_ = LabWorld::create(io_, layout_, clock_);
        const Status opened = world_->open(
            keys_,
            {.status = [this] { return status(); },
             .shutdown =
                 [this] {
                     io_.stop();
                 }}
        );
        if (opened) {
            subscription_ = world_->board().subscribe([this] { on_faults(); });
            tasks_.spawn("signals", [this] { return mind_signals(); });
            tasks_.spawn("start", [this] { return start(); });
            io_.run();
        } else {
            failure_ = opened.error();
        }
        tear_down();
        return failure_;
    }

    [[nodiscard]] const std::vector<drill::BadEnd>& ended_badly() const { return ended_badly_; }

    // Called when nothing of the world is left.
    [[nodiscard]] json::object last_status() const {
        json::object out = status();
        out["state"] = failure_ ? "failed" : "down";
        return out;
    }

  private:
    net::Task<> start() {
        const Status up = co_await bring_up();
        if (tasks_.stopping()) {
            co_return;
        }
        if (!up) {
            failure_ = up.error();
            io_.stop();
            co_return;
        }
        write_state("ready");
        on_ready_(status());
    }

    net::Task<Status> bring_up() {
        const auto zone = co_await world_->provision();
        if (!zone) {
            co_return std::unexpected(in_context("setting up the world", zone.error()));
        }
        layout_.zone_id = *zone;
        if (const Status written = write_configurations(layout_); !written) {
            co_return written;
        }
        for (const ChildSpec& spec : processes_.all()) {
            if (const auto started = children_.start(spec); !started) {
                co_return std::unexpected(started.error());
            }
        }
        http_ = net::HttpClient::create(io_, {.ca_file = layout_.path("ca.pem")});
        for (const Readiness& readiness : processes_.readiness()) {
            const Status answers = co_await wait_for(readiness);
            if (!answers) {
                co_return answers;
            }
        }
        if (!layout_.options.bare) {
            co_return co_await wait_for_agents();
        }
        co_return Status{};
    }

    // Asks until it is answered with 200, the process is gone, or patience ends.
    net::Task<Status> wait_for(Readiness readiness) {
        const Instant deadline = clock_.now() + stretched(kStartPatience);
        std::string last = "no answer";
        while (clock_.now() < deadline && !tasks_.stopping()) {
            net::HttpCall call;
            call.url = readiness.url;
            const auto reply = co_await http_->fetch(call);
            if (reply && reply->status == 200) {
                co_return Status{};
            }
            last = reply ? fmt::format("HTTP {}", reply->status) : reply.error().text;
            if (!children_.pid(readiness.process)) {
                co_return std::unexpected(dead(readiness.process));
            }
            co_await net::sleep_for(io_, kPollEvery);
        }
        co_return fail(
            ErrorKind::timed_out,
            fmt::format("{} does not answer at {}: {}", readiness.process, readiness.url, last),
            "see " + log_of(readiness.process)
        );
    }

    // A world is ready when its hosts may write: each agent is connected and has a lease.
    net::Task<Status> wait_for_agents() {
        const Instant deadline = clock_.now() + stretched(kStartPatience);
        const std::string token = token_of("operator");
        std::size_t open = 0;
        while (clock_.now() < deadline && !tasks_.stopping()) {
            net::HttpCall call;
            call.url = layout_.controller_url() + "/v1/status";
            call.headers.push_back({"Authorization", "Bearer " + token});
            const auto reply = co_await http_->fetch(call);
            if (reply && reply->status == 200) {
                open = open_agents(reply->body);
                if (open == layout_.hosts.size()) {
                    co_return Status{};
                }
            }
            for (const ChildSpec& spec : processes_.all()) {
                if (!children_.pid(spec.name)) {
                    co_return std::unexpected(dead(spec.name));
                }
            }
            co_await net::sleep_for(io_, kPollEvery);
        }
        co_return fail(
            ErrorKind::timed_out,
            fmt::format("only {} of {} agents may write", open, layout_.hosts.size()),
            "see " + log_of("controller")
        );
    }

    static std::size_t open_agents(const std::string& body) {
        boost::system::error_code error;
        const json::value status = json::parse(body, error);
        const json::value* agents = error ? nullptr : value_at(status, "agents");
        std::size_t open = 0;
        if (agents != nullptr && agents->is_array()) {
            for (const json::value& agent : agents->get_array()) {
                open += flag_at(agent, "connected") && text_at(agent, "write_state") == "open" ? 1U
                                                                                               : 0U;
            }
        }
        return open;
    }

    [[nodiscard]] std::string token_of(const std::string& name) const {
        std::ifstream in{layout_.path(name + ".token")};
        std::string token;
        std::getline(in, token);
        return token;
    }

    [[nodiscard]] std::string log_of(const std::string& process) const {
        return processes_.log_file(process);
    }

    // What a process that ended too early said last.
    [[nodiscard]] Error dead(const std::string& process) const {
        const std::string last = last_words_in(log_from(log_of(process), 0));
        return {
            .kind = ErrorKind::unavailable,
            .text =
                fmt::format("{} has ended: {}", process, last.empty() ? "it said nothing" : last),
            .remedy = "see " + log_of(process)
        };
    }

    net::Task<> mind_signals() {
        asio::basic_signal_set<net::Io::executor_type> signals{
            io_.get_executor(), SIGTERM, SIGINT, SIGCHLD
        };
        signals.add(SIGUSR1);
        while (true) {
            const auto [error, signal] = co_await signals.async_wait(net::kAwait);
            if (error) {
                co_return;
            }
            if (signal == SIGUSR1) {
                // The process that started us wants the world to outlive it.
                ::prctl(PR_SET_PDEATHSIG, 0);
                kept_ = true;
                write_state(state_);
                continue;
            }
            if (signal != SIGCHLD) {
                if (state_ == "starting") {
                    failure_ = Error{
                        .kind = ErrorKind::cancelled, .text = "interrupted before the world was up"
                    };
                }
                io_.stop();
                co_return;
            }
            if (note_ends(children_.reap()) && state_ == "ready") {
                write_state(state_);
            }
            on_faults();
        }
    }

    // Says how each has ended; true: one of them badly.
    bool note_ends(const std::vector<ChildExit>& ends) {
        bool bad = false;
        for (const ChildExit& ended : ends) {
            fmt::print(stderr, "{} (pid {}) has ended: {}\n", ended.name, ended.pid, ended.text());
            ends_[ended.name] = ended;
            if (ended.well()) {
                continue;
            }
            bad = true;
            if (ended_badly_.size() < kBadEndsMax) {
                ended_badly_.push_back(ended.bad_end());
            }
        }
        return bad;
    }

    // Kills the hosts that a fault wants dead, starts again those that it gave back.
    void on_faults() {
        bool changed = false;
        for (const RegionId& region : layout_.table_regions()) {
            const auto fault = world_->board().hosts_down(region);
            const bool down = fault.has_value();
            for (const ChildSpec& spec : processes_.of_hosts(region)) {
                const bool alive = children_.pid(spec.name).has_value();
                if (down && alive) {
                    children_.kill(spec.name);
                    killed_.insert(spec.name);
                    world_->board().touched(*fault, "killed " + spec.name);
                    changed = true;
                } else if (!down && !alive && killed_.contains(spec.name)) {
                    start_again(spec);
                    changed = true;
                }
            }
        }
        if (changed && state_ == "ready") {
            write_state("ready");
        }
    }

    void start_again(const ChildSpec& spec) {
        const auto started = children_.start(spec);
        if (started) {
            killed_.erase(spec.name);
            trouble_.erase(spec.name);
            return;
        }
        // A host that a fault took must come back: the world is not what it says it is without it.
        if (trouble_.emplace(spec.name, started.error().text).second) {
            print_error(in_context(spec.name, started.error()));
            tasks_.spawn("start again", [this] { return try_again(); });
        }
    }

    net::Task<> try_again() {
        while (!trouble_.empty()) {
            if (const bool waited = co_await net::sleep_for(io_, kTryAgainAfter); !waited) {
                co_return;
            }
            on_faults();
        }
    }

    [[nodiscard]] json::object status() const {
        json::object out =
            processes_.describe([this](const std::string& name) { return children_.pid(name); });
        out["state"] = state_;
        out["pid"] = ::getpid();
        out["kept"] = kept_;
        if (failure_) {
            out["error"] = failure_->text;
            out["remedy"] = failure_->remedy;
        }
        out["ended_badly"] = drill::to_json(ended_badly_);
        out["processes"] = processes_.census(
            {.supervisor = ::getpid(),
             .pid_of = [this](const std::string& name) { return children_.pid(name); },
             .end_of =
                 [this](const std::string& name) {
                     const auto end = ends_.find(name);
                     return end == ends_.end() ? nullptr : &end->second;
                 },
             .killed_by_fault =
                 [this](const std::string& name) {
                     return killed_.contains(name);
                 }}
        );
        json::object trouble;
        for (const auto& [name, text] : trouble_) {
            trouble[name] = text;
        }
        out["trouble"] = std::move(trouble);
        json::array faults;
        if (world_ != nullptr) {
            for (const lab::Fault& fault : world_->board().faults()) {
                faults.push_back(lab::to_json(fault));
            }
        }
        out["faults"] = std::move(faults);
        return out;
    }

    void write_state(const std::string& state) {
        state_ = state;
        const Status written = write_file(layout_.path("lab.json"), to_pretty_json(status()), 0600);
        if (!written) {
            print_error(written.error());
        }
    }

    void tear_down() {
        note_ends(children_.stop_all(stretched(kStopGrace)));
        tasks_.stop();
        io_.restart();
        closing_.spawn("stop", [this] { return world_->stop(); });
        while ((!tasks_.idle() || !closing_.idle()) && io_.run_one() > 0) {
        }
        subscription_ = {};
        http_.reset();
        world_.reset();
    }

    net::Io io_{1};
    system::SystemClock clock_;
    LabLayout layout_;
    LabProcesses processes_;
    std::vector<LabKey> keys_;
    std::function<void(const json::value&)> on_ready_;
    std::unique_ptr<LabWorld> world_;
    lab::FaultBoard::Subscription subscription_;
    std::unique_ptr<net::HttpClient> http_;
    Children children_;
    std::set<std::string> killed_;                // by a fault; to be started again
    std::map<std::string, std::string> trouble_;  // of those that could not be
    std::vector<drill::BadEnd> ended_badly_;
    std::map<std::string, ChildExit> ends_;  // the last one of each
    std::string state_;
    bool kept_ = false;
    std::optional<Error> failure_;
    net::TaskGroup tasks_{io_};
    net::TaskGroup closing_{io_};
};

}  // namespace

Result<std::vector<drill::BadEnd>> serve_lab(
    const LabOptions& options, const std::function<void(const json::value&)>& on_ready
) {
    if (const Status fit = check_regions(options); !fit) {
        return std::unexpected(fit.error());
    }
    if (const Status claimed = claim_directory(options.directory, kWorldMark); !claimed) {
        return std::unexpected(claimed.error());
    }
    auto lock = FileLock::take(world_lock(options.directory));
    if (!lock) {
        if (lock.error().kind == ErrorKind::conflict) {
            return fail(
                ErrorKind::conflict,
                "a world is running in " + options.directory,
                "end it with `farshore lab down`, or name another directory with --dir"
            );
        }
        return std::unexpected(lock.error());
    }
    const auto number = take_world_number();
    if (!number) {
        return std::unexpected(number.error());
    }
    const auto layout = lay_out(options, number->second_octet);
    if (!layout) {
        return std::unexpected(layout.error());
    }
    auto keys = make_lab_directory(*layout);
    if (!keys) {
        return std::unexpected(keys.error());
    }
    auto supervisor = std::make_unique<Supervisor>(*layout, std::move(*keys));
    const std::optional<Error> failure = supervisor->run(on_ready);
    std::vector<drill::BadEnd> ended_badly = supervisor->ended_badly();
    const json::object last = supervisor->last_status();
    // Its end is part of the story: only a world that is gone says that it is down.
    supervisor.reset();
    const Status written =
        write_file(layout->path("lab.json"), to_pretty_json(json::value(last)), 0600);
    if (failure || !written) {
        return std::unexpected(failure ? *failure : written.error());
    }
    return ended_badly;
}

Result<json::object> read_lab_file(const std::string& directory) {
    const std::ifstream in{directory + "/lab.json"};
    std::ostringstream text;
    text << in.rdbuf();
    boost::system::error_code error;
    json::value document = json::parse(text.str(), error);
    if (!in || error || !document.is_object()) {
        return fail(
            ErrorKind::unavailable,
            "no world in " + directory,
            "start one with `farshore lab up`, or name it with --dir"
        );
    }
    return std::move(document.get_object());
}

bool lab_is_running(const std::string& directory) {
    return has_mark(directory, kWorldMark) && FileLock::is_held(world_lock(directory));
}

}  // namespace farshore::cli
