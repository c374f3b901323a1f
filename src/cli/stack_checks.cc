#include "cli/stack_checks.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "adapters/net/dns_client.h"
#include "base/text.h"
#include "cli/aws_world.h"

namespace farshore::cli {

namespace {

using namespace std::chrono_literals;
using State = LiveCheck::State;

constexpr Duration kPatience = 5s;
// What the controller and Route 53's checkers take for an answer of a stack that serves.
constexpr int kServesFrom = 200;
constexpr int kServesTo = 399;
constexpr std::string_view kDay = "2026-12-01";

std::string day_of(UtcTime time) {
    return to_iso8601(time).substr(0, kDay.size());
}

bool is_tls(const std::string& url) {
    return url.starts_with("https://");
}

// Those that a certificate authority of the installation vouches for, and those of the public's.
struct Asked {
    std::vector<AskedUrl> of_stacks;
    std::vector<AskedUrl> of_controller;
};

Asked urls_of(const config::Config& config, const RegionId& without) {
    Asked asked;
    for (const config::Region& region : config.regions) {
        if (region.id == without) {
            continue;
        }
        if (!region.health.empty()) {
            asked.of_stacks.push_back(
                {.what = "stack in " + region.id.value(), .url = region.health}
            );
        }
        if (is_tls(region.agents)) {
            asked.of_stacks.push_back(
                {.what = "agents in " + region.id.value(), .url = region.agents, .must_serve = false
                }
            );
        }
    }
    const bool is_away = !without.value().empty() && config.controller.region == without;
    if (is_tls(config.controller.url) && !is_away) {
        asked.of_controller.push_back(
            {.what = "certificate of the controller",
             .url = config.controller.url,
             .must_serve = false}
        );
    }
    return asked;
}

net::Task<std::vector<LiveCheck>> ask_all(
    net::Io* io, net::HttpClient::Options options, std::vector<AskedUrl> urls, UtcTime now
) {
    const std::unique_ptr<net::HttpClient> http = net::HttpClient::create(*io, std::move(options));
    std::vector<LiveCheck> checks;
    for (const AskedUrl& asked : urls) {
        net::HttpCall call{
            .url = asked.url,
            .connect_timeout = kPatience,
            .total_timeout = kPatience,
            .fresh_connection = true,
            .asks_certificate = true
        };
        const Result<net::HttpReply> reply = co_await http->fetch(std::move(call));
        checks.push_back(stack_check(asked, reply, now));
    }
    co_return checks;
}

LiveCheck unanswered(const AskedUrl& asked, const Error& error) {
    LiveCheck check{.what = asked.what, .text = asked.url + ": " + error.text};
    if (error.code == net::kCertificateRefused) {
        check.state = State::wrong;
        check.text = asked.url + " has a certificate that is not taken: " + error.text;
        check.remedy =
            "a certificate that is valid now, of that name, from an authority that clients trust";
        check.code = "certificate_refused";
        return check;
    }
    check.state = State::unchecked;
    check.text = asked.url + " does not answer this machine: " + error.text;
    check.remedy =
        "run it where the controller runs, if only that machine reaches it; else look at the stack";
    return check;
}

}  // namespace

LiveCheck stack_check(const AskedUrl& asked, const Result<net::HttpReply>& reply, UtcTime now) {
    if (!reply) {
        return unanswered(asked, reply.error());
    }
    LiveCheck check{.what = asked.what};
    check.text = asked.url;
    if (asked.must_serve) {
        check.text += fmt::format(" answers {}", reply->status);
        if (reply->status < kServesFrom || reply->status > kServesTo) {
            check.state = State::wrong;
            check.text += ": no users can be sent there";
            check.remedy = "its load balancer's targets and their logs say why";
            check.code = "stack_down";
            return check;
        }
    }
    if (reply->certificate_ends) {
        check.text += fmt::format(
            "{} its certificate is valid until {}",
            asked.must_serve ? ";" : ":",
            day_of(*reply->certificate_ends)
        );
        if (*reply->certificate_ends < now + kCertificateNotice) {
            check.state = State::advice;
            check.remedy = "renew it, or find out whether something renews it by itself";
            check.code = "certificate_ends";
        }
    }
    return check;
}

std::vector<LiveCheck> stack_checks(const config::Config& config, const RegionId& without) {
    AwsWorld world{config};
    const std::unique_ptr<net::DnsClient> resolver = aws::resolver_of(world.io(), config.aws);
    const UtcTime now = world.client().clock().wall();
    Asked asked = urls_of(config, without);
    std::vector<LiveCheck> checks = world.run(ask_all(
        &world.io(),
        {.resolver = resolver.get(),
         .source_address = config.aws.source_address,
         .ca_file = config.aws.ca_file},
        std::move(asked.of_stacks),
        now
    ));
    std::ranges::move(
        world.run(ask_all(
            &world.io(), {.ca_file = config.controller.ca_file}, std::move(asked.of_controller), now
        )),
        std::back_inserter(checks)
    );
    return checks;
}

}  // namespace farshore::cli
