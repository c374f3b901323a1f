#include "agent/app_agent.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "adapters/host/durable_file.h"
#include "adapters/system/log.h"
#include "agent/endpoint_evidence.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kLookAtEvidence = 100ms;
constexpr Duration kCredentialsEvery = 1s;

// A state file that cannot be understood is set aside: nothing is written without a confirmed
// epoch, so starting without it is safe, and a shop that cannot read is worse.
struct Remembered {
    std::optional<host::StoredState> state;
    bool lived_before = false;  // a process before this one may have written
};

// Leaves a mark before the first write, and finds the one of an earlier process: a state file may
// be missing because it could not be written, or was set aside.
bool lived_before(const std::string& directory, const AppId& app) {
    const std::string path = host::state_path(directory, app);
    std::error_code ignored;
    const bool lived = std::ranges::any_of(
        std::array{path, path + ".unreadable", path + ".started"},
        [&](const std::string& trace) { return std::filesystem::exists(trace, ignored); }
    );
    (void)host::replace_file(path + ".started", "", host::Durability::visible, 0600);
    return lived;
}

Remembered remembered(const std::string& directory, const AppId& app) {
    const bool lived = lived_before(directory, app);
    Result<std::optional<host::StoredState>> loaded = host::load_state(directory, app);
    if (loaded) {
        return {.state = std::move(*loaded), .lived_before = lived};
    }
    system::log_error(
        "state",
        loaded.error().text,
        {{"app", app.value()}, {"remedy", loaded.error().remedy}, {"going_on", "without a route"}}
    );
    const std::string path = host::state_path(directory, app);
    (void)std::rename(path.c_str(), (path + ".unreadable").c_str());
    return {.state = std::nullopt, .lived_before = lived};
}

// The endpoint's loops share their port among each other (SO_REUSEPORT), and so a second agent of
// the same user would be let in too. An ordinary bind tells.
Status port_is_free(const config::Listen& listen) {
    addrinfo wanted{};
    wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(listen.port);
    if (listen.port == 0 ||
        ::getaddrinfo(listen.address.c_str(), port.c_str(), &wanted, &found) != 0) {
        return {};  // the endpoint itself has the better words
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> address(found, ::freeaddrinfo);
    const int fd = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return {};
    }
    const int on = 1;
    (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const bool taken =
        ::bind(fd, address->ai_addr, address->ai_addrlen) != 0 && errno == EADDRINUSE;
    (void)::close(fd);
    if (taken) {
        return fail(
            ErrorKind::conflict,
            listen.text() + " is in use by another process",
            fmt::format("find it with: ss -ltnp 'sport = :{}'; or change `listen`", listen.port)
        );
    }
    return {};
}

std::string probe_body(const TableName& table, const HostId& host) {
    const boost::json::object body{
        {"TableName", table.value()}, {"Key", key_of_host(host, "probe")}
    };
    return boost::json::serialize(body);
}

}  // namespace

AppAgent::AppAgent(Shared& shared, config::AgentApp app) : shared_(&shared), app_(std::move(app)) {}

AppAgent::~AppAgent() {
    stop();
}

void AppAgent::wind_down(std::function<void()> done) {
    const auto tell = [app = app_.app, done = std::move(done)](std::uint64_t unknown) {
        if (unknown > 0) {
            system::log_warning(
                "main",
                "writes were cut by the end of the agent; whether they took effect is unknown",
                {{"app", app.value()}, {"writes", std::to_string(unknown)}}
            );
        }
        done();
    };
    endpoint_->wind_down(app_.upstream_timeout, [io = &shared_->io, tell](std::uint64_t unknown) {
        boost::asio::post(*io, [tell, unknown] { tell(unknown); });
    });
}

void AppAgent::stop() {
    if (endpoint_) {
        endpoint_->stop();
    }
}

Result<std::unique_ptr<AppAgent>> AppAgent::start(Shared& shared, config::AgentApp app) {
    std::unique_ptr<AppAgent> agent(new AppAgent(shared, std::move(app)));
    Result<std::unique_ptr<Membership>> membership = Membership::open(
        {.io = shared.io,
         .clock = shared.clock,
         .http = shared.controllers,
         .files = shared.files,
         .config = shared.config,
         .app = agent->app_.app,
         .aws = shared.aws,
         .aws_keys = shared.credentials}
    );
    if (!membership) {
        return std::unexpected(std::move(membership.error()));
    }
    agent->membership_ = std::move(*membership);
    const Status opened = agent->open_endpoint();
    if (!opened) {
        return std::unexpected(in_context("app " + agent->app_.app.value(), opened.error()));
    }
    agent->wire_up();
    return agent;
}

Status AppAgent::open_endpoint() {
    if (Status ready = port_is_free(app_.listen); !ready) {
        return ready;
    }
    for (const RegionId& region : app_.regions) {
        const std::string url = shared_->aws.endpoint("dynamodb", region);
        Result<dataplane::Upstream> upstream = upstream_from(region, url);
        if (!upstream) {
            return std::unexpected(upstream.error());
        }
        upstreams_.push_back(std::move(*upstream));
    }
    // None yet: the endpoint says so until there are some.
    const sigv4::Credentials credentials =
        shared_->credentials.current(shared_->clock->now()).value_or(sigv4::Credentials{});
    Remembered before = remembered(shared_->config.state_directory, app_.app);
    lived_before_ = before.lived_before;
    gate_ = std::make_unique<AppGate>(
        AppGate::Parts{.io = shared_->io, .clock = shared_->clock, .files = shared_->files},
        app_,
        shared_->config.state_directory,
        std::move(before.state)
    );
    dataplane::Endpoint::Options options{
        .listen_address = app_.listen.address,
        .listen_port = app_.listen.port,
        .listen_names = shared_->config.listen_names,
        .regions = upstreams_,
        .source_address = shared_->config.aws.source_address,
        .tls_ca_file = shared_->config.aws.ca_file,
        .credentials = credentials,
        .client_keys = shared_->client_keys,
        .ledger_learns_updates = app_.ledger_learns_updates,
        .probe_target = "DynamoDB_20120810.GetItem",
        .probe_body = probe_body(app_.heartbeat_table, shared_->config.host),
        .route = gate_->first_route(),
        .clock = shared_->clock
    };
    options.limits.clients_max = shared_->clients_max.value_or(options.limits.clients_max);
    options.limits.parking.most.writes = app_.hold_requests_max;
    options.limits.upstream_timeout = app_.upstream_timeout;
    options.limits.connect_timeout = app_.upstream_timeout;
    options.limits.probe_interval = app_.probe_every;
    options.limits.probe_timeout = app_.upstream_timeout;
    options.ledger_limits.core.entries_per_table_max = app_.ledger_entries_max;
    Result<std::unique_ptr<dataplane::Endpoint>> endpoint =
        dataplane::Endpoint::start(std::move(options));
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    endpoint_ = std::move(*endpoint);
    gate_->attach(*endpoint_);
    unknown_ = std::make_unique<UnknownOutcomes>(
        *shared_->clock, *endpoint_, app_.app, shared_->config.state_directory, lived_before_
    );

    config::AwsAccess own{.dynamodb = {}};
    for (const RegionId& region : app_.regions) {
        own.dynamodb[region] = endpoint_url();
    }
    aws::AwsClient::Options client{
        .access = std::move(own), .fixed_credentials = credentials, .seed = shared_->seed
    };
    if (!shared_->client_keys.empty()) {
        client.fixed_credentials = shared_->client_keys.front();
    }
    own_ = aws::AwsClient::create(shared_->io, *shared_->clock, std::move(client));
    return {};
}

std::string AppAgent::endpoint_url() const {
    config::Listen reached = config::reached_at(app_.listen);
    reached.port = endpoint_->port();
    return "http://" + reached.text();
}

void AppAgent::wire_up() {
    net::Io& io = shared_->io;
    const ports::Clock& clock = *shared_->clock;
    net::TaskGroup* tasks = &shared_->tasks;
    verifier_ =
        std::make_unique<Verifier>(clock, *own_, *gate_, shared_->config.host, shared_->seed);
    prover_ = std::make_unique<Prover>(io, clock, shared_->aws, *gate_, lived_before_);
    registration_ = std::make_unique<HostRegistration>(HostRegistration::Parts{
        .io = io,
        .clock = clock,
        .aws = shared_->aws,
        .registered = gate_->confirmation_wanted(),
        .app = app_,
        .host = shared_->config.host,
        .name = shared_->registration_name,
        .home = shared_->config.region,
        .boot = shared_->boot
    });
    tasks->spawn("host registration", [one = registration_.get(), tasks] {
        return one->run(tasks);
    });
    epochs_ = std::make_unique<EpochReader>(EpochReader::Parts{
        .io = io,
        .clock = clock,
        .aws = shared_->aws,
        .gate = *gate_,
        .book = book_,
        .registration = *registration_,
        .home = shared_->config.region
    });
    desk_ = std::make_unique<OrderDesk>(OrderDesk::Parts{
        .io = io,
        .tasks = *tasks,
        .gate = *gate_,
        .prover = *prover_,
        .verifier = *verifier_,
        .unknown = *unknown_,
        .clock = clock,
        .host = shared_->config.host,
        .boot = shared_->boot
    });
    health_ = std::make_unique<Health>(Health::Parts{
        .io = io,
        .clock = shared_->clock,
        .tasks = *tasks,
        .gate = *gate_,
        .verifier = *verifier_,
        .aws = shared_->aws,
        .home = shared_->config.region
    });
    for (const dataplane::Upstream& upstream : upstreams_) {
        resolvers_.push_back(
            std::make_unique<UpstreamResolver>(io, shared_->dns, *endpoint_, upstream)
        );
        tasks->spawn("name of " + upstream.host, [one = resolvers_.back().get(), tasks] {
            return one->run(tasks);
        });
    }
    for (const auto& [region, url] : app_.health_urls) {
        stacks_.push_back(std::make_unique<StackProber>(StackProber::Parts{
            .io = io,
            .clock = clock,
            .http = shared_->stacks,
            .book = book_,
            .region = region,
            .url = url,
            .every = app_.probe_every
        }));
        tasks->spawn("stack of " + region.value(), [one = stacks_.back().get(), tasks] {
            return one->run(tasks);
        });
    }
    std::uint64_t seed = shared_->seed;
    for (const config::AgentController& controller : shared_->config.controllers) {
        links_.push_back(std::make_unique<ControllerLink>(
            ControllerLink::Parts{
                .io = io,
                .clock = shared_->clock,
                .tasks = *tasks,
                .http = shared_->controllers,
                .gate = *gate_,
                .registration = *registration_,
                .book = book_,
                .desk = *desk_,
                .prover = *prover_,
                .unknown = *unknown_,
                .config = shared_->config,
                .boot = shared_->boot,
                .membership = *membership_,
                .seed = ++seed
            },
            controller.url
        ));
        links_.back()->start();
    }
    tasks->spawn("epoch records", [this, tasks] { return epochs_->run(tasks); });
    tasks->spawn("ledger proofs", [this, tasks] { return prover_->run(tasks); });
    tasks->spawn("deadlines", [this] { return run_ticks(); });
    tasks->spawn("evidence", [this] { return run_evidence(); });
}

net::Task<> AppAgent::run_ticks() {
    while (!shared_->tasks.stopping()) {
        gate_->tick();
        co_await net::sleep_for(shared_->io, gate_->until_next_tick());
    }
}

// Once each: an application that goes on doing so would fill the log.
void AppAgent::tell_of_clients(const dataplane::Statistics& statistics) {
    if (statistics.discovery > 0 && !std::exchange(told_of_discovery_, true)) {
        system::log_info(
            "endpoint",
            "an application looks for DynamoDB's address (endpoint discovery), and was told this "
            "endpoint's own",
            {{"app", app_.app.value()}, {"remedy", "AWS_ENDPOINT_DISCOVERY_ENABLED=false"}}
        );
    }
    if (statistics.refused_foreign > 0 && !std::exchange(told_of_foreign_, true)) {
        system::log_warning(
            "endpoint",
            "a request was refused: its Host is none of this listener's names, or a web page made "
            "it",
            {{"app", app_.app.value()},
             {"remedy", "use " + endpoint_url() + ", or add the name to `listen_names`"}}
        );
    }
}

net::Task<> AppAgent::run_evidence() {
    std::uint64_t turns = book_.turns();
    core::WriteState told = gate_->write_state();
    Instant credentials_at = shared_->clock->now();
    while (!shared_->tasks.stopping()) {
        const dataplane::Statistics statistics = endpoint_->statistics();
        take_in(book_, statistics);
        tell_of_clients(statistics);
        if (book_.turns() != turns || gate_->write_state() != told) {
            turns = book_.turns();
            told = gate_->write_state();
            for (const auto& link : links_) {
                link->report_soon();
            }
        }
        const Instant now = shared_->clock->now();
        if (now - credentials_at >= kCredentialsEvery) {
            credentials_at = now;
            // A source that is down changes nothing: the endpoint keeps what it has.
            if (const Result<sigv4::Credentials> fresh = shared_->credentials.current(now)) {
                endpoint_->set_credentials(*fresh);
            }
        }
        co_await net::sleep_for(shared_->io, kLookAtEvidence);
    }
}

std::vector<LinkStatus> AppAgent::links() const {
    std::vector<LinkStatus> out;
    for (const auto& link : links_) {
        out.push_back(link->status());
    }
    return out;
}

}  // namespace farshore::agent
