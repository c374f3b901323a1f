#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "adapters/system/log.h"
#include "controller/controller.h"

// Who may come in, and who has to leave: the register, and the files that credentials are read
// from.
namespace farshore::controller {

// Whose hosts the epoch records confirm, and how hosts are found that they confirm unasked.
void Controller::assemble_register() {
    epochs_ = std::make_unique<EpochRecords>(
        *edge_, register_id_, [this]() -> const core::AppRecord& { return pump_->core().record(); }
    );
    const bool bounded = config_.fence.on_controller_loss != config::OnControllerLoss::keep;
    if (!config_.agents.empty() && bounded) {
        closed_register_ = std::make_unique<ClosedRegister>(ClosedRegister::Parts{
            .edge = *edge_,
            .register_id = register_id_,
            .longest_lease =
                [this] { return std::max(config_.fence.lease, epochs_->keeper().longest_lease()); },
            .unlisted = [this] { return unlisted(); },
            .drop =
                [this](const HostId& host) {
                    return drop(host);
                }
        });
    }
    host_records_ = std::make_unique<HostRecords>(
        *edge_,
        epochs_->keeper().regions(),
        [this](const std::string& of) {
            return of == register_id_ || !closed_register_ || !closed_register_->is_alone();
        }
    );
}

AgentLink::Options Controller::link_options(std::uint64_t generation, BootId boot) const {
    AgentLink::Options options;
    options.register_id = register_id_;
    options.app = config_.app;
    options.controller = config_.controller.id;
    options.boot = std::move(boot);
    options.configuration_generation = generation;
    for (const config::Region& region : config_.regions) {
        options.regions.push_back(region.id);
    }
    options.allowed = config_.agents;
    options.fresh_for = config_.detect.fresh_for;
    return options;
}

AgentLink::Upcalls Controller::link_upcalls() {
    AgentLink::Upcalls upcalls;
    upcalls.deliver = [this](core::Event event) {
        deliver(std::move(event));
    };
    upcalls.grant_lease = [this](const HostId& host, Epoch epoch) {
        return pump_ ? pump_->grant_lease(host, epoch)
                     : core::AppCore::LeaseAnswer{
                           .length = std::nullopt, .why = "the controller is starting"
                       };
    };
    upcalls.enroll = [this](HostId host, RegionId region) {
        return enroll(std::move(host), std::move(region));
    };
    upcalls.users = [this] {
        return pump_ ? pump_->core().record().users : RegionId{};
    };
    upcalls.announce = [this](const std::string& text) {
        announcer_.announce(core::Announce{text});
        desk_->note_later(
            {.at = clock_.wall(), .who = "controller", .what = "announce", .detail = text}
        );
    };
    upcalls.fenced = [this](OperationId operation, HostId host, wire::FenceAck ack) {
        return losses_->fenced(std::move(operation), std::move(host), std::move(ack));
    };
    return upcalls;
}

// What the register does not know of the host yet, and that its credential is in use.
net::Task<Status> Controller::enroll(HostId host, RegionId region) {
    const auto& known = pump_->core().agents();
    const auto found = known.find(host);
    std::vector<ports::Change> changes;
    if (found == known.end() || not_stored_.contains(host) ||
        (region != RegionId{} && found->second.region != region)) {
        changes.emplace_back(
            ports::HostEntered{{.host = host, .region = region, .registered_at = clock_.wall()}}
        );
    }
    if (credentials_->waits_for_hello(host)) {
        changes.emplace_back(ports::CredentialUsed{host});
    }
    const bool changed = !changes.empty();
    Status enrolled = co_await enrolment_->enter(std::move(changes));
    if (enrolled && changed) {
        not_stored_.erase(host);
        credentials_->said_hello(host);
    }
    co_return enrolled;
}

// They registered themselves: they are in the register before the core hears of them.
net::Task<> Controller::enroll_found(core::HostsFound event) {
    ports::Commit commit;
    const auto listed = [this](const HostId& host) {
        return is_listed(host);
    };
    std::vector<HostId> entered;
    for (auto& [host, region] :
         core::to_enroll(event, pump_->core().agents(), not_stored_, listed)) {
        entered.push_back(host);
        commit.changes.emplace_back(
            ports::HostEntered{{.host = host, .region = region, .registered_at = clock_.wall()}}
        );
    }
    if (!commit.changes.empty()) {
        // The core counts them also when the store refuses: then the log tells of it, and the store
        // is asked again when they are found again, or say hello.
        not_stored_.insert(entered.begin(), entered.end());
        const Status enrolled = co_await desk_->commit(std::move(commit));
        for (const HostId& host : entered) {
            if (enrolled) {
                not_stored_.erase(host);
            }
        }
    }
    if (!stopping_) {
        pump_->deliver(std::move(event));
    }
}

bool Controller::is_listed(const HostId& host) const {
    return config_.agents.empty() ||
           std::ranges::find(config_.agents, host) != config_.agents.end();
}

// Hosts of an earlier register.
std::vector<HostId> Controller::unlisted() const {
    std::vector<HostId> hosts;
    for (const auto& [host, agent] : pump_->core().agents()) {
        if (!is_listed(host)) {
            hosts.push_back(host);
        }
    }
    return hosts;
}

bool Controller::drop(const HostId& host) {
    if (pump_->core().why_not_forget(pump_->now(), host)) {
        return !pump_->core().agents().contains(host);
    }
    credentials_->forgotten(host);
    link_->forget(host);
    deliver(core::AgentForgotten{.host = host, .by = "the configuration, which does not name it"});
    // When the store refuses, the host is in the register again after a start, and dropped again.
    ports::Commit commit;
    commit.changes.emplace_back(ports::HostLeft{host});
    desk_->commit(std::move(commit), [](const ports::CommitAnswer&) {});
    // What it registered for the present register says that it writes.
    tasks_.spawn("forget host", [this, host] { return host_records_->forget(host, register_id_); });
    return true;
}

void Controller::reload() {
    system::log_info("main", "reading tokens and certificate again");
    reload_if_changed(true);
}

// Renewed certificates and rotated tokens are taken up without a restart, and without a signal.
net::Task<> Controller::watch_files() {
    constexpr Duration kLookEvery = std::chrono::seconds{1};
    while (true) {
        const bool slept = co_await net::sleep_for(io_, kLookEvery);
        if (!slept) {
            co_return;
        }
        reload_if_changed(false);
    }
}

void Controller::reload_if_changed(bool always) {
    const Result<bool> tokens = credentials_->reload(always);
    if (!tokens) {
        system::log_error(
            "tokens",
            tokens.error().text + "; the tokens that were read before stay in force",
            {{"remedy", tokens.error().remedy}}
        );
    } else if (*tokens) {
        system::log_info("tokens", "the tokens file was read again");
    }
    end_streams_without_credential();
    const std::string stamp = file_stamp(config_.controller.certificate_file) + " " +
                              file_stamp(config_.controller.key_file);
    if (stamp == tls_stamp_ && !always) {
        return;
    }
    tls_stamp_ = stamp;
    if (const Status renewed = server_->reload_tls(); !renewed) {
        system::log_error("tls", renewed.error().text, {{"remedy", renewed.error().remedy}});
    } else {
        system::log_info("tls", "the certificate was read again");
    }
}

// Hosts whose tokens have gone from the file, or have run out.
void Controller::end_streams_without_credential() {
    for (const HostId& host : link_->connected()) {
        if (!credentials_->vouching(host)) {
            link_->cut(host);
            deliver(core::CredentialRevoked{.host = host, .by = "the tokens file"});
        }
    }
}

}  // namespace farshore::controller
