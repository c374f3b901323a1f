#include "agent/agent.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "adapters/host/durable_file.h"
#include "adapters/system/log.h"
#include "base/text.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kTurnEvery = 100ms;
constexpr Duration kFilesEvery = 1s;

[[noreturn]] void end_process(const char* why) {
    // No log, no destructors: they may be what hangs.
    constexpr int kSoftware = 70;
    constexpr std::string_view kWho = "farshore-agent: watchdog: ";
    const std::string_view text{why};
    (void)!::write(STDERR_FILENO, kWho.data(), kWho.size());
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    (void)!::write(STDERR_FILENO, "\n", 1);
    _exit(kSoftware);
}

Result<std::string> read_token(const std::string& path) {
    if (path.empty()) {
        return std::string{};
    }
    const Result<std::optional<std::string>> text = host::read_small_file(path);
    if (!text) {
        return std::unexpected(in_context("token", text.error()));
    }
    if (!*text) {
        return fail(ErrorKind::not_found, "token file " + path + " does not exist", "ask the operator for this app's agent token");
    }
    std::string token{**text};
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
        token.pop_back();
    }
    const bool plain = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; });
    if (token.empty() || !plain) {
        return fail(ErrorKind::malformed, "token file " + path + " does not hold one line with a token", "write the token alone into it");
    }
    return token;
}

}  // namespace

Result<std::pair<std::string, std::uint16_t>> address_and_port(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::uint16_t port = 53;
    if (colon != std::string::npos) {
        const char* first = text.data() + colon + 1;
        const char* last = text.data() + text.size();
        const auto [end, code] = std::from_chars(first, last, port);
        if (code != std::errc{} || end != last || port == 0) {
            return fail(ErrorKind::malformed, "not an address and port: " + text, "write it like 127.0.0.1:53");
        }
    }
    return std::pair{text.substr(0, colon), port};
}

Result<std::vector<sigv4::Credentials>> read_client_keys(const std::string& path) {
    std::vector<sigv4::Credentials> keys;
    if (path.empty()) {
        return keys;
    }
    const Result<std::optional<std::string>> text = host::read_small_file(path);
    if (!text) {
        return std::unexpected(in_context("client keys", text.error()));
    }
    if (!*text) {
        return fail(ErrorKind::not_found, "client key file " + path + " does not exist", "create it, or remove `client_keys`");
    }
    for (std::string_view line : split(**text, '\n')) {
        line = trim(line);
        if (!line.starts_with('[') || line.find(']') == std::string_view::npos) {
            continue;
        }
        const std::string name{trim(line.substr(1, line.find(']') - 1))};
        const auto values = aws::find_profile(**text, name);
        if (!values) {
            continue;
        }
        Result<sigv4::Credentials> key = aws::credentials_from(*values);
        if (!key) {
            return std::unexpected(in_context(path + " profile " + name, key.error()));
        }
        keys.push_back(std::move(*key));
    }
    if (keys.empty()) {
        return fail(ErrorKind::malformed, "client key file " + path + " holds no profile", "an empty list would check nothing");
    }
    return keys;
}

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
        return fail(ErrorKind::denied, "cannot open " + path, "give the agent's user write permission on that directory");
    }
    if (::flock(claim_, LOCK_EX | LOCK_NB) != 0) {
        return fail(
            ErrorKind::conflict, "another agent uses the state directory " + options_.config.state_directory,
            "stop it, or give each agent a state directory and ports of its own"
        );
    }
    return {};
}

Result<std::unique_ptr<Agent>> Agent::start(net::Io& io, Options options) {
    std::unique_ptr<Agent> agent(new Agent(io, std::move(options)));
    Status status = agent->prepare();
    if (status) {
        status = agent->make_clients();
    }
    if (status) {
        status = agent->open();
    }
    if (!status) {
        // What was spawned already must end before its owner.
        boost::asio::post(io, [tasks = &agent->tasks_] { tasks->stop(); });
        for (int turn = 0; turn < 1000 && !(agent->tasks_.stopping() && agent->tasks_.idle()); ++turn) {
            io.restart();
            io.run_one_for(10ms);
        }
        return std::unexpected(status.error());
    }
    return agent;
}

Status Agent::prepare() {
    if (Status ready = host::prepare_directory(options_.config.state_directory, "state directory"); !ready) {
        return ready;
    }
    if (Status ready = host::prepare_directory(options_.config.run_directory, "run directory"); !ready) {
        return ready;
    }
    if (Status claimed = claim_state_directory(); !claimed) {
        return claimed;
    }
    Result<std::string> token = read_token(options_.config.token_file);
    if (!token) {
        return std::unexpected(token.error());
    }
    token_ = std::move(*token);
    Result<std::vector<sigv4::Credentials>> keys = read_client_keys(options_.config.client_keys_file);
    if (!keys) {
        return std::unexpected(keys.error());
    }
    client_keys_ = std::move(*keys);
    return {};
}

Status Agent::make_clients() {
    const config::AwsAccess& access = options_.config.aws;
    files_ = std::make_unique<BlockingPool>(*io_);
    if (!access.resolver.empty()) {
        const auto server = address_and_port(access.resolver);
        if (!server) {
            return std::unexpected(in_context("aws.resolver", server.error()));
        }
        dns_ = net::DnsClient::create(
            *io_, {.server_address = server->first, .server_port = server->second, .source_address = access.source_address}
        );
    }
    controllers_ = net::HttpClient::create(
        *io_, {.resolver = dns_.get(), .source_address = access.source_address, .ca_file = options_.config.controller_ca_file}
    );
    stacks_ = net::HttpClient::create(
        *io_, {.resolver = dns_.get(), .source_address = access.source_address, .ca_file = access.ca_file}
    );
    Result<std::unique_ptr<aws::AwsClient>> client =
        aws::AwsClient::create(*io_, *options_.clock, {.access = access, .fixed_credentials = {}, .seed = options_.seed});
    if (!client) {
        return std::unexpected(client.error());
    }
    aws_ = std::move(*client);
    credentials_ = std::make_unique<aws::CredentialsProvider>(
        aws::CredentialSources{.fixed = {}, .credentials_file = access.credentials_file, .profile = access.profile}
    );
    return {};
}

Status Agent::open() {
    Rng rng(options_.seed);
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
        .boot = BootId{fmt::format("{:016x}", rng.next())},
        .token = token_,
        .seed = options_.seed
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
    if (options_.watchdog) {
        Watchdog::Options watch{.clock = options_.clock, .endpoints = {}, .bite = end_process};
        for (const auto& app : apps_) {
            watch.endpoints.push_back({.address = app->gate().app().listen.address, .port = app->endpoint().port()});
        }
        watchdog_ = std::make_unique<Watchdog>(std::move(watch));
        tasks_.spawn("watchdog's food", [this] { return run_turns(); });
    }
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
        .host = options_.config.host, .home = options_.config.region, .at = options_.clock->wall(), .apps = {}
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
    std::string written;
    Instant next_try = options_.clock->now();
    while (!tasks_.stopping()) {
        host::RegionFile file = region_file();
        std::string content;
        for (const host::AppRegion& app : file.apps) {
            content += environment_document(file, app) + app.write_state;
        }
        if (content != written && options_.clock->now() >= next_try) {
            written = content;
            files_->run(
                [directory = options_.config.run_directory, file] { return host::write_region_files(directory, file); },
                [](const Status& done) {
                    if (!done) {
                        system::log_error("files", done.error().text, {{"remedy", done.error().remedy}});
                    }
                }
            );
            next_try = options_.clock->now() + kFilesEvery / 20;
        }
        co_await net::sleep_for(*io_, 50ms);
    }
}

AppAgent* Agent::find(std::string_view app) {
    const auto found = std::ranges::find_if(apps_, [&](const auto& one) { return one->gate().app().app.value() == app; });
    return found == apps_.end() ? nullptr : found->get();
}

net::HttpResponse Agent::answer_route53(std::string_view path) {
    path.remove_prefix(std::string_view{"/route53/"}.size());
    const std::vector<std::string_view> parts = split(path, '/');
    AppAgent* app = parts.size() == 2 ? find(parts[0]) : nullptr;
    if (app == nullptr) {
        return net::HttpResponse::json(404, R"({"error":{"kind":"not_found","text":"no such app; the path is /route53/APP/REGION"}})");
    }
    return app->health().route53(RegionId{std::string{parts[1]}});
}

net::Task<net::HttpResponse> Agent::answer_health(net::HttpRequest request, HealthDepth depth) {
    const std::optional<std::string> name = request.query_value("app");
    if (name && find(*name) == nullptr) {
        co_return net::HttpResponse::json(404, R"({"error":{"kind":"not_found","text":"no such app"}})");
    }
    // With several apps, a host serves when all of them do; the answer tells of the first that fails.
    net::HttpResponse answer = net::HttpResponse::json(503, "{\"status\":\"failing\"}\n");
    for (const auto& app : apps_) {
        if (name && app->gate().app().app.value() != *name) {
            continue;
        }
        answer = co_await app->health().check(depth);
        if (answer.status != 200) {
            break;
        }
    }
    co_return answer;
}

net::Task<net::HttpResponse> Agent::answer(net::HttpRequest request) {
    const std::string path{request.path()};
    if (request.method != "GET" && request.method != "HEAD") {
        co_return net::HttpResponse::json(405, R"({"error":{"kind":"malformed","text":"only GET"}})");
    }
    if (path == "/livez") {
        co_return net::HttpResponse::json(200, "{\"status\":\"ok\"}\n");
    }
    const std::array<std::pair<std::string_view, HealthDepth>, 3> checks{{
        {"/healthz", HealthDepth::serving},
        {"/healthz/home", HealthDepth::home},
        {"/healthz/deep", HealthDepth::deep},
    }};
    for (const auto& [name, depth] : checks) {
        if (path == name) {
            net::HttpResponse health = co_await answer_health(std::move(request), depth);
            co_return health;
        }
    }
    if (path.starts_with("/route53/")) {
        co_return answer_route53(path);
    }
    if (path == "/metrics") {
        net::HttpResponse metrics = net::HttpResponse::text(200, metrics_text(apps_));
        co_return metrics;
    }
    if (path == "/v1/state") {
        co_return net::HttpResponse::json(200, state_document(apps_, *shared_));
    }
    co_return net::HttpResponse::json(
        404, R"({"error":{"kind":"not_found","text":"known are /livez, /healthz, /healthz/home, /healthz/deep, /route53/APP/REGION, /metrics, /v1/state"}})"
    );
}

net::Task<> Agent::stop() {
    watchdog_.reset();
    co_await server_->stop(200ms);
    tasks_.stop();
    for (const auto& app : apps_) {
        app->stop();
    }
    stopped_ = true;
}

}  // namespace farshore::agent
