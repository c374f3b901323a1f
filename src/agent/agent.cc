#include "agent/agent.h"

#include <algorithm>
#include <array>
#include <climits>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "adapters/host/durable_file.h"
#include "adapters/net/pem_file.h"
#include "adapters/system/descriptors.h"
#include "adapters/system/log.h"
#include "agent/secrets.h"
#include "base/daemon_end.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kTurnEvery = 100ms;
constexpr Duration kFilesAgain = 1s;  // after a failure

[[noreturn]] void end_process(const char* why) {
    // No log, no destructors: they may be what hangs.
    constexpr std::string_view kWho = "farshore-agent: watchdog: ";
    const std::string_view text{why};
    for (const std::string_view part : {kWho, text, std::string_view{"\n"}}) {
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, part.data(), part.size());
    }
    _exit(kEndBug);
}

}  // namespace

Agent::Agent(net::Io& io, Options options) : io_(&io), options_(std::move(options)), tasks_(io) {}

Agent::~Agent() {
    watchdog_.reset();
    for (const auto& app : apps_) {
        app->stop();
    }
    if (claim_ >= 0) {
        (void)::close(claim_);
    }
}

// Two agents that remember in one place would overwrite each other's epochs.
Status Agent::claim_state_directory() {
    const std::string path = options_.config.state_directory + "/agent.lock";
    claim_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (claim_ < 0) {
        return fail(
            ErrorKind::denied,
            "cannot open " + path,
            "give the agent's user write permission on that directory"
        );
    }
    if (::flock(claim_, LOCK_EX | LOCK_NB) != 0) {
        return fail(
            ErrorKind::conflict,
            "another agent uses the state directory " + options_.config.state_directory,
            "stop it, or give each agent a state directory and ports of its own"
        );
    }
    return {};
}

Result<std::unique_ptr<Agent>> Agent::start(net::Io& io, Options options) {
    std::unique_ptr<Agent> agent(new Agent(io, std::move(options)));
    Status status = agent->prepare();
    if (status) {
        agent->make_clients();
        status = agent->await_credentials();
    }
    if (status) {
        status = agent->open();
    }
    if (!status) {
        // What was spawned already must end before its owner.
        boost::asio::post(io, [tasks = &agent->tasks_] { tasks->stop(); });
        for (int turn = 0; turn < 1000 && !(agent->tasks_.stopping() && agent->tasks_.idle());
             ++turn) {
            io.restart();
            io.run_one_for(10ms);
        }
        return std::unexpected(status.error());
    }
    return agent;
}

// What one app needs at most: its clients, and connections to both Regions. The rest is for the
// control thread.
void Agent::make_room() {
    constexpr std::size_t kRest = 512;
    const dataplane::Limits limits;
    const std::size_t upstream = 4 * limits.connections_max + 64;
    const std::size_t apps = std::max<std::size_t>(options_.config.apps.size(), 1);
    const std::size_t wanted = kRest + apps * (limits.clients_max + upstream);
    const std::size_t allowed = system::raise_descriptor_limit(wanted);
    if (allowed >= wanted) {
        return;
    }
    const std::size_t rest = kRest + apps * upstream;
    clients_max_ = allowed > rest ? std::max<std::size_t>((allowed - rest) / apps, 16) : 16;
    system::log_warning(
        "main",
        "the system allows too few open files for the usual number of clients",
        {{"allowed", std::to_string(allowed)},
         {"wanted", std::to_string(wanted)},
         {"clients_max", std::to_string(*clients_max_)},
         {"remedy", "raise the hard limit: LimitNOFILE= of the systemd unit"}}
    );
}

Status Agent::prepare() {
    make_room();
    if (Status ready = host::prepare_directory(options_.config.state_directory, "state directory");
        !ready) {
        return ready;
    }
    if (Status ready = host::prepare_directory(options_.config.run_directory, "run directory");
        !ready) {
        return ready;
    }
    if (Status claimed = claim_state_directory(); !claimed) {
        return claimed;
    }
    for (const auto& [what, path] :
         {std::pair{"controller_ca", options_.config.controller_ca_file},
          std::pair{"aws.ca_file", options_.config.aws.ca_file}}) {
        if (Status good = path.empty() ? Status{} : net::check_certificates(path, what); !good) {
            return good;
        }
    }
    warn_of_open_file("the token", options_.config.token_file);
    warn_of_open_file("the join token", options_.config.join_token_file);
    names_ = options_.config.listen_names;
    names_.push_back(options_.config.host.value());
    std::array<char, HOST_NAME_MAX + 1> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0) {
        names_.emplace_back(name.data());
    }
    return read_keys();
}

Status Agent::read_keys() {
    const config::ClientKeys& wanted = options_.config.client_keys;
    if (!wanted.required) {
        system::log_warning(
            "main",
            "client_keys is off: any process of this host that reaches the endpoint uses the "
            "host's role",
            {{"remedy",
              "remove `client_keys: off`, and give applications what `farshore-agent "
              "env` prints"}}
        );
        return {};
    }
    const std::string path = client_keys_path(options_.config);
    if (Status made = wanted.is_made ? make_client_keys(options_.config) : Status{}; !made) {
        return made;
    }
    warn_of_open_file("the client keys", path);
    Result<std::vector<ClientKey>> keys = read_client_keys(path);
    if (!keys) {
        return std::unexpected(keys.error());
    }
    for (ClientKey& key : *keys) {
        client_keys_.push_back(std::move(key.credentials));
    }
    return {};
}

void Agent::make_clients() {
    const config::AwsAccess& access = options_.config.aws;
    files_ = std::make_unique<BlockingPool>(*io_);
    dns_ = aws::resolver_of(*io_, access);
    controllers_ = net::HttpClient::create(
        *io_,
        {.resolver = dns_.get(),
         .source_address = access.source_address,
         .ca_file = options_.config.controller_ca_file}
    );
    stacks_ = net::HttpClient::create(
        *io_,
        {.resolver = dns_.get(), .source_address = access.source_address, .ca_file = access.ca_file}
    );
    make_credentials();
    aws_ = aws::AwsClient::create(
        *io_,
        *options_.clock,
        {.access = access,
         .fixed_credentials = {},
         .credentials = credentials_.get(),
         .seed = options_.seed}
    );
}

Status Agent::open() {
    Rng rng(options_.seed);
    registration_name_ = std::make_unique<RegistrationName>(RegistrationName::Parts{
        .io = *io_,
        .clock = *options_.clock,
        .http = *stacks_,
        .files = *files_,
        .config = options_.config,
        .aws = *aws_,
        .aws_keys = *credentials_
    });
    tasks_.spawn("registration name", [this] { return registration_name_->run(&tasks_); });
    shared_ = std::make_unique<Shared>(Shared{
        .io = *io_,
        .clock = options_.clock,
        .tasks = tasks_,
        .config = options_.config,
        .files = *files_,
        .controllers = *controllers_,
        .stacks = *stacks_,
        .dns = dns_.get(),
        .aws = *aws_,
        .credentials = *credentials_,
        .client_keys = client_keys_,
        .registration_name = *registration_name_,
        .boot = BootId{fmt::format("{:016x}", rng.next())},
        .seed = options_.seed,
        .clients_max = clients_max_
    });
    for (const config::AgentApp& app : options_.config.apps) {
        Result<std::unique_ptr<AppAgent>> started = AppAgent::start(*shared_, app);
        if (!started) {
            return std::unexpected(started.error());
        }
        apps_.push_back(std::move(*started));
    }
    Result<std::unique_ptr<net::HttpServer>> server = net::HttpServer::listen(
        *io_,
        {.address = options_.config.health.address,
         .port = options_.config.health.port,
         .body_bytes_max = 4096,
         .connections_max = 1024,
         .name = "health"},
        [this](net::HttpRequest request) { return answer(std::move(request)); }
    );
    if (!server) {
        return std::unexpected(in_context("health endpoint", server.error()));
    }
    server_ = std::move(*server);
    tasks_.spawn("region files", [this] { return run_files(); });
    Watchdog::Options watch{.clock = options_.clock, .endpoints = {}, .bite = end_process};
    for (const auto& app : apps_) {
        watch.endpoints.emplace_back([endpoint = &app->endpoint()] {
            return endpoint->slowest_turn();
        });
    }
    watchdog_ = std::make_unique<Watchdog>(std::move(watch));
    tasks_.spawn("watchdog's food", [this] { return run_turns(); });
    return {};
}

net::Task<> Agent::run_turns() {
    while (!tasks_.stopping()) {
        watchdog_->turned();
        co_await net::sleep_for(*io_, kTurnEvery);
    }
}

host::RegionFile Agent::region_file() const {
    host::RegionFile file{
        .host = options_.config.host,
        .home = options_.config.region,
        .at = options_.clock->wall(),
        .apps = {}
    };
    for (const auto& app : apps_) {
        file.apps.push_back({
            .app = app->gate().app().app,
            .route = app->gate().machine().route().value_or(core::HostRoute{}),
            .write_state = std::string{to_string(app->gate().write_state())},
            .endpoint = app->endpoint_url(),
        });
    }
    return file;
}

// Followers of the file need no push: they look when they need it. A change is there within a tenth
// of a second.
net::Task<> Agent::run_files() {
    struct Files {
        std::string written;
        Instant next_try{};
    };

    const auto files = std::make_shared<Files>();
    while (!tasks_.stopping()) {
        const host::RegionFile file = region_file();
        std::string content;
        for (const host::AppRegion& app : file.apps) {
            content += environment_document(file, app) + app.write_state;
        }
        if (content != files->written && options_.clock->now() >= files->next_try) {
            files->written = content;
            files_->run(
                [directory = options_.config.run_directory, file] {
                    return host::write_region_files(directory, file);
                },
                [files, again_at = options_.clock->now() + kFilesAgain](const Status& done) {
                    if (!done) {
                        files->written.clear();
                        files->next_try = again_at;
                        system::log_error(
                            "files", done.error().text, {{"remedy", done.error().remedy}}
                        );
                    }
                }
            );
        }
        co_await net::sleep_for(*io_, 50ms);
    }
}

// What is still to be done for each app.
struct Agent::Left {
    explicit Left(net::Io& io) : changed(io) {}

    void one_is_done() {
        --apps;
        changed.notify();
    }

    std::size_t apps = 0;
    Signal changed;
};

net::Task<> Agent::wait_for(std::shared_ptr<Left> left, Duration at_most) {
    const Instant end = options_.clock->now() + at_most;
    while (left->apps > 0 && options_.clock->now() < end) {
        co_await left->changed.wait(left->changed.generation(), end - options_.clock->now());
    }
}

net::Task<> Agent::wind_down() {
    const auto left = std::make_shared<Left>(*io_);
    Duration longest{};
    for (const auto& app : apps_) {
        ++left->apps;
        longest = std::max(longest, app->gate().app().upstream_timeout);
        app->wind_down([left] { left->one_is_done(); });
    }
    co_await wait_for(left, longest + 1s);
}

// A disk that does not answer delays the end only a little: the next process counts what this one
// had under way as unknown in any case.
net::Task<> Agent::remember_unknown() {
    const auto left = std::make_shared<Left>(*io_);
    for (const auto& app : apps_) {
        const AppId id = app->gate().app().app;
        const UnknownOutcomes::Left unknown = app->unknown().left();
        if (unknown.writes == 0) {
            continue;
        }
        system::log_warning(
            "state",
            "this agent leaves writes whose outcome is unknown; the next one will tell of them",
            {{"app", id.value()}, {"writes", std::to_string(unknown.writes)}}
        );
        ++left->apps;
        files_->run(
            [directory = options_.config.state_directory, id, text = unknown.text] {
                return store_unknown(directory, id, text);
            },
            [left](const Status& done) {
                if (!done) {
                    system::log_error(
                        "state", done.error().text, {{"remedy", done.error().remedy}}
                    );
                }
                left->one_is_done();
            }
        );
    }
    co_await wait_for(left, 1s);
}

net::Task<> Agent::stop() {
    // Leases are renewed meanwhile: the end of one must not cut what would be answered in time.
    co_await wind_down();
    co_await remember_unknown();
    co_await server_->stop(200ms);
    tasks_.stop();
    // It watched the stop too. The object stays: a task that was cancelled ends at its next turn.
    watchdog_->end();
    for (const auto& app : apps_) {
        app->stop();
    }
    stopped_ = true;
}

}  // namespace farshore::agent
