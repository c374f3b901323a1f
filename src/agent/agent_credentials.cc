#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "agent/agent.h"

// Where the agent's AWS keys come from, and how it lives without.
namespace farshore::agent {

using namespace std::chrono_literals;

void Agent::make_credentials() {
    aws::CredentialSources sources{
        .fixed = {},
        .credentials_file = options_.config.aws.credentials_file,
        .profile = options_.config.aws.profile
    };
    // The Region that this host stands in may be the one that is ill: the others know its role too.
    std::vector<RegionId>& regions = sources.sts_regions;
    regions.push_back(options_.config.region);
    for (const config::AgentApp& app : options_.config.apps) {
        regions.insert(regions.end(), app.regions.begin(), app.regions.end());
        regions.push_back(app.witness);
    }
    std::erase(regions, RegionId{});
    std::vector<RegionId> once;
    for (const RegionId& region : regions) {
        if (std::ranges::find(once, region) == once.end()) {
            once.push_back(region);
        }
    }
    regions = std::move(once);
    local_ = net::HttpClient::create(*io_, {});
    credentials_ = std::make_unique<aws::CredentialsProvider>(
        std::move(sources),
        aws::CredentialsEdge{
            .io = io_, .clock = options_.clock.get(), .http = stacks_.get(), .local = local_.get()
        },
        options_.seed
    );
}

// Keys that must be asked for usually come within milliseconds. A host whose source is down goes on
// without: its health endpoints answer, and requests are served as soon as there are keys.
Status Agent::await_credentials() {
    const auto there = [this] {
        return credentials_->current(options_.clock->now());
    };
    if (const auto at_once = there(); !at_once && !credentials_->asks()) {
        return std::unexpected(in_context("AWS credentials", at_once.error()));
    }
    tasks_.spawn("credentials", [this] { return credentials_->run(&tasks_); });
    tasks_.spawn("credentials' log", [this] { return run_credentials_log(); });
    const Instant end = options_.clock->now() + 5s;
    while (!there() && credentials_->trouble().empty() && options_.clock->now() < end) {
        io_->restart();
        io_->run_one_for(10ms);
    }
    return {};
}

net::Task<> Agent::run_credentials_log() {
    std::string told;
    while (!tasks_.stopping()) {
        if (credentials_->trouble() != told) {
            told = credentials_->trouble();
            if (told.empty()) {
                system::log_info("credentials", "there are new AWS credentials");
            } else {
                const bool any = credentials_->current(options_.clock->now()).has_value();
                system::log_error(
                    "credentials", told, {{"going_on", any ? "with those there are" : "without"}}
                );
            }
        }
        co_await net::sleep_for(*io_, 500ms);
    }
}

}  // namespace farshore::agent
