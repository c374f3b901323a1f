#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "adapters/aws/credentials.h"
#include "adapters/net/task_group.h"
#include "adapters/system/system_clock.h"
#include "base/daemon_end.h"
#include "base/text.h"
#include "cli/context.h"
#include "lab/shop/shoppers.h"
#include "lab/shop/storefront.h"
#include "wire/config.h"

// Processes of a lab world that are no products of their own: `farshore lab storefront` and
// `farshore lab shoppers`, both hidden.
namespace farshore::cli {

namespace asio = boost::asio;

namespace {

net::Task<> until_signal(net::Io& io, std::function<net::Task<>()> stop) {
    asio::basic_signal_set<net::Io::executor_type> signals{io.get_executor(), SIGTERM, SIGINT};
    const auto [error, signal] = co_await signals.async_wait(net::kAwait);
    if (!error && signal != 0) {
        co_await stop();
    }
    end_as_ordered();
    io.stop();
}

net::Task<> stop_crowd(net::Io& io, lab::Shoppers& crowd) {
    co_await crowd.stop();
    io.stop();
}

// Until a task has stopped `io`; then nothing of ours is left on it.
void run_to_the_end(net::Io& io, net::TaskGroup& tasks) {
    io.run();
    tasks.stop();
    io.restart();
    while (!tasks.idle() && io.run_one() > 0) {
    }
}

struct StorefrontFlags {
    std::string listen;
    std::string endpoint;
    std::string host;
    std::string region;
    std::string table;
    std::string credentials;
    std::string profile = "default";
};

int run_storefront(const StorefrontFlags& flags) {
    net::Io io{1};
    const system::SystemClock clock;
    aws::CredentialsProvider provider{
        {.fixed = {}, .credentials_file = flags.credentials, .profile = flags.profile}
    };
    const auto credentials = provider.current(clock.now());
    if (!credentials) {
        return failed_with(credentials.error());
    }
    const auto listen = wire::parse_address_port(flags.listen);
    if (!listen) {
        return failed_with(in_context("--listen", listen.error()));
    }
    const auto storefront = lab::Storefront::start(
        io,
        {.host = HostId{flags.host},
         .region = RegionId{flags.region},
         .address = listen->address,
         .port = listen->port,
         .dynamodb_url = flags.endpoint,
         .table = flags.table,
         .source_address = listen->address,
         .credentials = *credentials},
        clock
    );
    if (!storefront) {
        return failed_with(storefront.error());
    }
    net::TaskGroup tasks{io};
    lab::Storefront& server = **storefront;
    tasks.spawn("storefront", [&] { return until_signal(io, [&] { return server.stop(); }); });
    run_to_the_end(io, tasks);
    return kDone;
}

struct ShopperFlags {
    std::string dns;
    std::string name;
    std::uint16_t port = 80;
    std::string source;
    std::string log;
    std::string prefix = "s";
    int rate = 100;
    std::uint64_t seed = 1;
    std::string habit = "honest";
    std::uint64_t log_bytes_max = 0;
};

int run_shoppers(const ShopperFlags& flags) {
    net::Io io{1};
    const system::SystemClock clock;
    const auto dns = wire::parse_address_port(flags.dns);
    if (!dns) {
        return failed_with(in_context("--dns", dns.error()));
    }
    lab::Shoppers::Options options;
    options.rate = flags.rate;
    options.name = flags.name;
    options.port = flags.port;
    options.dns = *dns;
    options.source_address = flags.source;
    options.log_file = flags.log;
    options.prefix = flags.prefix;
    options.seed = flags.seed;
    options.habit = enum_from<lab::DnsHabit>(flags.habit).value_or(lab::DnsHabit::honest);
    options.log_bytes_max = flags.log_bytes_max;
    const auto shoppers = lab::Shoppers::create(io, std::move(options), clock);
    if (!shoppers) {
        return failed_with(shoppers.error());
    }
    lab::Shoppers& crowd = **shoppers;
    int code = kDone;
    net::TaskGroup tasks{io};
    crowd.start([&](const Error& error) {
        code = failed_with(error);
        tasks.spawn("broken log", [&] { return stop_crowd(io, crowd); });
    });
    tasks.spawn("shoppers", [&] { return until_signal(io, [&] { return crowd.stop(); }); });
    run_to_the_end(io, tasks);
    return code;
}

}  // namespace

void add_lab_shop_commands(CLI::App& lab, Context& context) {
    auto* storefront = lab.add_subcommand("storefront", "");
    storefront->group("");
    auto flags = std::make_shared<StorefrontFlags>();
    storefront->add_option("--listen", flags->listen)->required();
    storefront->add_option("--endpoint", flags->endpoint)->required();
    storefront->add_option("--host", flags->host)->required();
    storefront->add_option("--region", flags->region)->required();
    storefront->add_option("--table", flags->table)->required();
    storefront->add_option("--credentials", flags->credentials)->required();
    storefront->add_option("--profile", flags->profile);
    storefront->callback([&context, flags] {
        context.run = [flags] {
            return run_storefront(*flags);
        };
    });

    auto* shoppers = lab.add_subcommand("shoppers", "");
    shoppers->group("");
    auto crowd = std::make_shared<ShopperFlags>();
    shoppers->add_option("--dns", crowd->dns)->required();
    shoppers->add_option("--name", crowd->name)->required();
    shoppers->add_option("--port", crowd->port)->required();
    shoppers->add_option("--source", crowd->source);
    shoppers->add_option("--log", crowd->log)->required();
    shoppers->add_option("--prefix", crowd->prefix);
    shoppers->add_option("--rate", crowd->rate);
    shoppers->add_option("--seed", crowd->seed);
    shoppers->add_option("--dns-habit", crowd->habit)
        ->check(CLI::IsMember(
            std::vector<std::string>{lab::kDnsHabitNames.begin(), lab::kDnsHabitNames.end()}
        ));
    shoppers->add_option("--log-bytes-max", crowd->log_bytes_max);
    shoppers->callback([&context, crowd] {
        context.run = [crowd] {
            return run_shoppers(*crowd);
        };
    });
}

}  // namespace farshore::cli
