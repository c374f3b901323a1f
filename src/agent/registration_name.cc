#include "agent/registration_name.h"

#include <utility>

#include "adapters/aws/caller_identity.h"
#include "adapters/host/durable_file.h"
#include "adapters/system/log.h"
#include "base/text_file.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kRetry = 5s;

std::string file_of(const config::AgentConfig& config) {
    return config.state_directory + "/aws-userid";
}

}  // namespace

Result<std::string> registration_name_of(const std::string& user_id, const HostId& host) {
    const std::size_t colon = user_id.find(':');
    if (colon == 0 || colon == std::string::npos || user_id.find('#') != std::string::npos) {
        return fail(
            ErrorKind::denied,
            "the host's AWS keys are no role's session: their user id is " + user_id,
            "`registration: userid` is for hosts with a role; without it the host registers itself "
            "under its own name"
        );
    }
    if (user_id.substr(colon + 1) != host.value()) {
        return fail(
            ErrorKind::denied,
            "the host's role has a session named " + user_id.substr(colon + 1) +
                ", and this host is called " + host.value(),
            "name the host as AWS names its session: on EC2 by the instance's id, on ECS by the "
            "task's"
        );
    }
    return user_id;
}

RegistrationName::RegistrationName(Parts parts) : parts_(std::move(parts)) {
    if (parts_.config.registration == config::RegistrationBy::host) {
        name_ = parts_.config.host.value();
        return;
    }
    const auto kept = read_word_file(file_of(parts_.config), {.what = "the host's AWS user id"});
    const auto name = kept ? registration_name_of(*kept, parts_.config.host) : kept;
    if (name) {
        name_ = *name;
    }
}

net::Task<Result<std::string>> RegistrationName::ask() {
    const Result<sigv4::Credentials> keys = parts_.aws_keys.current(parts_.clock.now());
    if (!keys) {
        co_return std::unexpected(keys.error());
    }
    const RegionId& region = parts_.config.region;
    const auto own = parts_.config.aws.sts.find(region);
    const std::string endpoint =
        own == parts_.config.aws.sts.end() ? aws::sts_endpoint(region) : own->second;
    const aws::Statement statement{.name = "x-farshore-purpose", .value = "registration"};
    const UtcTime now = parts_.clock.wall() +
                        std::chrono::duration_cast<WallClock::duration>(parts_.aws.clock_skew());
    const Result<aws::CallerIdentity> caller = co_await aws::ask_caller_identity(
        parts_.http,
        endpoint,
        aws::sign_identity_call(*keys, region, endpoint, statement, now),
        statement
    );
    if (!caller) {
        co_return std::unexpected(caller.error());
    }
    co_return registration_name_of(caller->user_id, parts_.config.host);
}

void RegistrationName::keep(const std::string& name) {
    parts_.files.run(
        [path = file_of(parts_.config), name] {
            return host::replace_file(path, name + "\n", host::Durability::on_disk, 0600);
        },
        [](const Status& kept) {
            if (!kept) {
                system::log_warning(
                    "register",
                    "the host's AWS user id could not be written down: after a restart STS has to "
                    "answer before this host can register itself",
                    {{"why", kept.error().text}}
                );
            }
        }
    );
}

net::Task<> RegistrationName::run(net::TaskGroup* tasks) {
    while (parts_.config.registration == config::RegistrationBy::userid && !tasks->stopping()) {
        const Result<std::string> name = co_await ask();
        if (name) {
            if (*name != name_) {
                name_ = *name;
                keep(name_);
            }
            co_return;
        }
        if (why_ != name.error().text) {
            why_ = name.error().text;
            system::log_warning(
                "register",
                "STS does not say under what name this host may register itself",
                {{"why", why_}, {"remedy", name.error().remedy}, {"known before", name_}}
            );
        }
        co_await net::sleep_for(parts_.io, kRetry);
    }
}

}  // namespace farshore::agent
