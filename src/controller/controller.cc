#include "controller/controller.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <openssl/rand.h>

#include "adapters/net/http_thread.h"
#include "adapters/net/pem_file.h"
#include "adapters/system/descriptors.h"
#include "adapters/system/log.h"
#include "base/assert.h"
#include "base/text.h"
#include "controller/core_input.h"
#include "controller/open_store.h"

#include "dataplane/item_digest.h"

namespace farshore::controller {

namespace {

constexpr Duration kServerGrace = std::chrono::seconds{1};

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    FARSHORE_ASSERT(
        RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
        "the kernel has randomness"
    );
    return bytes;
}

std::string random_hex(std::size_t count) {
    const std::string bytes = random_bytes(count);
    return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

// Names that cannot be guessed tell one life of a process from the next, and one store from
// another.
std::string random_name() {
    return random_hex(8);
}

}  // namespace

Controller::Controller(net::Io& io, config::Config config, std::unique_ptr<ports::WholeStore> store)
    : io_(io), config_(std::move(config)), store_(std::move(store)), tasks_(io) {}

Controller::~Controller() = default;

Result<std::unique_ptr<Controller>> Controller::create(net::Io& io, config::Config config) {
    if (!config.aws.ca_file.empty()) {
        if (Status good = net::check_certificates(config.aws.ca_file, "aws.ca_file"); !good) {
            return std::unexpected(std::move(good.error()));
        }
    }
    // A wrong file is told before the store is made.
    if (const Result<Tokens> tokens = Tokens::load(config.controller.tokens_file); !tokens) {
        return std::unexpected(tokens.error());
    }
    Result<std::unique_ptr<ports::WholeStore>> store = open_store(config);
    if (!store) {
        return std::unexpected(std::move(store.error()));
    }
    std::unique_ptr<Controller> made{new Controller(io, std::move(config), std::move(*store))};
    if (Status leads = made->take_lead(); !leads) {
        return std::unexpected(std::move(leads.error()));
    }
    auto credentials = Credentials::open(
        made->clock_,
        *made->store_,
        *made->desk_,
        {.app = made->config_.app, .tokens_file = made->config_.controller.tokens_file}
    );
    if (!credentials) {
        return std::unexpected(std::move(credentials.error()));
    }
    made->credentials_ = std::move(*credentials);
    made->connect();
    if (Status assembled = made->assemble(); !assembled) {
        return std::unexpected(std::move(assembled.error()));
    }
    if (Status listening = made->listen(); !listening) {
        return std::unexpected(std::move(listening.error()));
    }
    return made;
}

Status Controller::take_lead() {
    const Result<ports::LeaderToken> leader = store_->lead(config_.app);
    if (!leader) {
        return std::unexpected(leader.error());
    }
    desk_ = std::make_unique<StoreDesk>(io_, config_.app, *store_, *leader);
    desk_->when_it_ends([this](const Error& why) {
        failure_ = why;
        stop();
    });
    return {};
}

Result<std::string> Controller::register_name() {
    Result<std::optional<std::string>> known = store_->register_name();
    if (!known) {
        return std::unexpected(std::move(known.error()));
    }
    if (*known) {
        return std::move(**known);
    }
    const std::string name = random_name();
    const Status kept = desk_->commit_at_start(ports::RegisterNamed{name});
    return kept ? Result<std::string>{name} : std::unexpected(kept.error());
}

// The configurations that this store has seen are counted.
Result<std::uint64_t> Controller::configuration_generation() {
    const Result<std::optional<ports::ConfigurationSeen>> last = store_->configuration();
    if (!last) {
        return std::unexpected(last.error());
    }
    const ports::ConfigurationSeen before = last->value_or(ports::ConfigurationSeen{});
    if (before.generation > 0 && before.hash == config_.hash) {
        return before.generation;
    }
    const ports::ConfigurationSeen seen{.generation = before.generation + 1, .hash = config_.hash};
    const Status kept = desk_->commit_at_start(seen);
    return kept ? Result<std::uint64_t>{seen.generation} : std::unexpected(kept.error());
}

void Controller::connect() {
    dns_ = aws::resolver_of(io_, config_.aws);
    net::HttpClient::Options http_options;
    http_options.source_address = config_.aws.source_address;
    http_options.ca_file = config_.aws.ca_file;
    // On a thread of its own, so that probes, heartbeats and the epoch records do not wait behind
    // the agents' requests.
    http_ = std::make_unique<net::HttpThread>(io_, std::move(http_options), [this](net::Io& io) {
        return aws::resolver_of(io, config_.aws);
    });
    aws::AwsClient::Options aws_options;
    aws_options.access = config_.aws;
    aws_ = std::make_unique<aws::AwsClient>(io_, clock_, *http_, std::move(aws_options));
    tables_ = std::make_unique<aws::DynamoDb>(*aws_);
    route53_ = std::make_unique<aws::Route53>(*aws_);
    edge_ = std::make_unique<Edge>(Edge{
        .io = io_,
        .clock = clock_,
        .config = config_,
        .tasks = tasks_,
        .http = *http_,
        .dns = dns_.get(),
        .aws = *aws_,
        .tables = *tables_,
        .route53 = *route53_,
        .deliver =
            [this](core::Event event) {
                deliver(std::move(event));
            }
    });
}

// What works with the clients, and the core's ports.
Status Controller::assemble() {
    const Result<std::string> store_name = register_name();
    if (!store_name) {
        return std::unexpected(store_name.error());
    }
    register_id_ = ClosedRegister::name_of(*store_name, config_.agents);
    assemble_register();
    probes_ = std::make_unique<Probes>(*edge_);
    table_watch_ = std::make_unique<TableWatch>(*edge_);
    traffic_ = std::make_unique<Traffic>(*edge_);
    checks_ = std::make_unique<Checks>(*edge_);
    commands_ = std::make_unique<Commands>(*edge_);
    fleets_ = std::make_unique<Fleets>(*edge_);
    LossKeeper::Sources sources;
    sources.digest = [](const aws::Item* item) {
        return item == nullptr ? std::string{dataplane::kAbsent}
                               : dataplane::item_digest(*item).value_or("");
    };
    sources.answers = [this](const RegionId& region) {
        return probes_->answers(region);
    };
    sources.operation = [this]() -> const core::OperationRecord* {
        return pump_ && pump_->core().record().operation ? &*pump_->core().record().operation
                                                         : nullptr;
    };
    losses_ = std::make_unique<LossKeeper>(*edge_, *store_, *desk_, std::move(sources));
    const Result<std::uint64_t> generation = configuration_generation();
    if (!generation) {
        return std::unexpected(generation.error());
    }
    enrolment_ = std::make_unique<Enrolment>(io_, tasks_, *desk_);
    link_ = std::make_unique<AgentLink>(
        io_, clock_, link_options(*generation, BootId{random_name()}), link_upcalls()
    );
    wake_ = std::make_unique<WakeUp>(io_, clock_);
    assemble_api();
    return {};
}

void Controller::assemble_api() {
    joining_ = std::make_unique<Joining>(joining_parts());
    api_ = std::make_unique<Api>(Api::Parts{
        .io = io_,
        .clock = clock_,
        .config = config_,
        .credentials = *credentials_,
        .joining = *joining_,
        .stored = *store_,
        .desk = *desk_,
        .link = *link_,
        .losses = *losses_,
        .tables = *table_watch_,
        .epochs = *epochs_,
        .forget =
            [this](const HostId& host) {
                tasks_.spawn("forget host", [this, host] { return host_records_->forget(host); });
            },
        .random = random_hex
    });
}

Joining::Parts Controller::joining_parts() {
    return {
        .clock = clock_,
        .config = config_,
        .credentials = *credentials_,
        .link = *link_,
        .http = *http_,
        .hosts = [this] { return pump_->core().agents().size(); },
        .deliver = [this](core::Event event) { deliver(std::move(event)); },
        .challenge_key = random_bytes(32),
        .random =
            [] {
                return random_bytes(16);
            }
    };
}

// A host's agent has its stream, its reports, and a third connection where an acknowledgement and a
// report are under way at once.
void Controller::make_room(net::HttpServer::Options& options) const {
    constexpr std::size_t kPerAgent = 3;
    constexpr std::size_t kOthers = 256;  // operators, monitoring, hosts that join
    constexpr std::size_t kOwn = 128;     // store, log, clients of AWS
    const std::size_t hosts =
        config_.agents.empty() ? AgentLink::Options{}.hosts_max : config_.agents.size();
    const std::size_t wanted = kPerAgent * hosts + kOthers;
    const std::size_t allowed = system::raise_descriptor_limit(wanted + kOwn);
    options.reserve = kOthers / 2;
    options.connections_max = std::min(wanted, std::max(allowed, kOwn + kOthers) - kOwn);
    system::log_info(
        "main",
        "connections",
        {{"at_most", std::to_string(options.connections_max)},
         {"hosts", std::to_string(hosts)},
         {"descriptors", std::to_string(allowed)}}
    );
}

Status Controller::listen() {
    net::HttpServer::Options options;
    make_room(options);
    options.address = config_.controller.listen.address;
    options.port = config_.controller.listen.port;
    options.name = "api";
    if (!config_.controller.certificate_file.empty()) {
        options.tls = net::ServerTls{
            .certificate_file = config_.controller.certificate_file,
            .key_file = config_.controller.key_file
        };
    }
    Result<std::unique_ptr<net::HttpServer>> server =
        net::HttpServer::listen(io_, std::move(options), [this](net::HttpRequest request) {
            return api_->answer(std::move(request));
        });
    if (!server) {
        return std::unexpected(std::move(server.error()));
    }
    server_ = std::move(*server);
    tls_stamp_ = file_stamp(config_.controller.certificate_file) + " " +
                 file_stamp(config_.controller.key_file);
    return {};
}

std::uint16_t Controller::port() const {
    return server_->port();
}

void Controller::deliver(core::Event event) {
    if (!pump_ || stopping_) {
        return;
    }
    if (const auto* read = std::get_if<core::EpochsRead>(&event); read && closed_register_) {
        closed_register_->looked(read->reading);
    }
    if (auto* found = std::get_if<core::HostsFound>(&event)) {
        tasks_.spawn("enroll hosts", [this, found = std::move(*found)] {
            return enroll_found(found);
        });
        return;
    }
    pump_->deliver(std::move(event));
}

void Controller::stop() {
    if (stopping_) {
        return;
    }
    stopping_ = true;
    note_life("stopped", {});
    wake_->end();
    api_->close();
    link_->close();
    tasks_.spawn("stop", [this] { return stop_server(); });
}

net::Task<> Controller::stop_server() {
    co_await server_->stop(kServerGrace);
    // Not from inside this task: without a connected client it has never waited, and Asio 1.26
    // throws out of a task that is cancelled before its first wait.
    boost::asio::post(io_, [this] {
        tasks_.stop();
        server_stopped_ = true;
    });
}

bool Controller::stopped() const {
    return server_stopped_ && tasks_.idle();
}

}  // namespace farshore::controller
