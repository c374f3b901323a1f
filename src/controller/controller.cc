#include "controller/controller.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <openssl/rand.h>

#include "adapters/net/pem_file.h"
#include "adapters/system/log.h"
#include "base/assert.h"
#include "base/text.h"
#include "controller/core_input.h"

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

Controller::Controller(net::Io& io, config::Config config, std::unique_ptr<sqlite::Store> store)
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
    sqlite::Store::Options store_options;
    store_options.path = config.store_path;
    Result<std::unique_ptr<sqlite::Store>> store = sqlite::Store::open(std::move(store_options));
    if (!store) {
        return std::unexpected(std::move(store.error()));
    }
    std::unique_ptr<Controller> made{new Controller(io, std::move(config), std::move(*store))};
    auto credentials = Credentials::open(
        made->clock_,
        *made->store_,
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

void Controller::connect() {
    dns_ = aws::resolver_of(io_, config_.aws);
    net::HttpClient::Options http_options;
    http_options.resolver = dns_.get();
    http_options.source_address = config_.aws.source_address;
    http_options.ca_file = config_.aws.ca_file;
    http_ = net::HttpClient::create(io_, std::move(http_options));
    aws::AwsClient::Options aws_options;
    aws_options.access = config_.aws;
    aws_ = aws::AwsClient::create(io_, clock_, std::move(aws_options));
    tables_ = std::make_unique<aws::DynamoDb>(*aws_);
    route53_ = std::make_unique<aws::Route53>(*aws_);
    edge_ = std::make_unique<Edge>(Edge{
        .io = io_,
        .clock = clock_,
        .config = config_,
        .tasks = tasks_,
        .http = *http_,
        .dns = dns_.get(),
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
    const Result<std::string> store_name = store_->register_id(random_name());
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
    LossKeeper::Sources sources;
    sources.digest = [](const aws::Item* item) {
        return item == nullptr ? std::string{dataplane::kAbsent}
                               : dataplane::item_digest(*item).value_or("");
    };
    sources.answers = [this](const RegionId& region) {
        return probes_->answers(region);
    };
    sources.operation = [this] {
        return pump_ ? pump_->core().record().operation : std::nullopt;
    };
    losses_ = std::make_unique<LossKeeper>(*edge_, *store_, std::move(sources));
    const Result<std::uint64_t> generation = store_->configuration_generation(config_.hash);
    if (!generation) {
        return std::unexpected(generation.error());
    }
    link_ = std::make_unique<AgentLink>(
        io_, clock_, link_options(*generation, BootId{random_name()}), link_upcalls()
    );
    durable_ = std::make_unique<DurableRecord>(*store_);
    wake_ = std::make_unique<WakeUp>(io_, clock_);
    announcer_ = std::make_unique<Announcer>(*store_, clock_);
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
        .store = *store_,
        .link = *link_,
        .losses = *losses_,
        .tables = *table_watch_,
        .epochs = *epochs_,
        .lags = lags_,
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
        .note =
            [this](const std::string& who, const std::string& what) {
                return store_->append_audit(
                    {.at = clock_.wall(), .who = who, .what = what, .detail = {}}
                );
            },
        .challenge_key = random_bytes(32),
        .random =
            [] {
                return random_bytes(16);
            }
    };
}

Status Controller::listen() {
    net::HttpServer::Options options;
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
    if (const auto* beat = std::get_if<core::HeartbeatArrived>(&event)) {
        lags_[{beat->from, beat->to}] = {.lag = beat->lag, .at = clock_.now()};
    }
    if (const auto* found = std::get_if<core::HostsFound>(&event)) {
        for (const auto& [host, region] : found->hosts) {
            if (!is_listed(host)) {
                continue;  // a closed register holds only the hosts that `agents` names
            }
            if (const Status enrolled = enroll(host, region); !enrolled) {
                system::log_error("register", enrolled.error().text);
            }
        }
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
