#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "base/text.h"
#include "controller/agent_link.h"
#include "controller/agent_words.h"
#include "controller/api_answers.h"

// The part of AgentLink that decides who may speak, and for whom.
namespace farshore::controller {

namespace {

constexpr Duration kLogRefusalsEvery = std::chrono::seconds{1};

}  // namespace

std::optional<AgentLink::Refusal> AgentLink::why_refused(const wire::AgentHello& hello) const {
    if (closed_) {
        return Refusal{AgentRefusal::stopping, "the controller is stopping"};
    }
    if (!wire::common_version({}, hello.protocol)) {
        return Refusal{
            AgentRefusal::protocol,
            "the agent speaks protocol versions " + std::to_string(hello.protocol.lowest) + " to " +
                std::to_string(hello.protocol.highest) + ", this controller " +
                std::to_string(wire::kProtocolLowest) + " to " +
                std::to_string(wire::kProtocolHighest) + ": upgrade the older side"
        };
    }
    if (std::ranges::find(options_.regions, hello.region) == options_.regions.end()) {
        return Refusal{
            AgentRefusal::unknown_region,
            hello.region.value() + " is not a Region of " + options_.app.value()
        };
    }
    if (!options_.allowed.empty() &&
        std::ranges::find(options_.allowed, hello.host) == options_.allowed.end()) {
        return Refusal{
            AgentRefusal::not_listed,
            hello.host.value() + " is not in the register of " + options_.app.value() +
                ": add it to `agents`"
        };
    }
    if (!agents_.contains(hello.host) && agents_.size() >= options_.hosts_max) {
        return Refusal{
            AgentRefusal::too_many,
            "there are " + std::to_string(options_.hosts_max) + " agents already"
        };
    }
    const auto known = agents_.find(hello.host);
    if (known != agents_.end() &&
        core::is_second_stream(
            open_stream(known->second), hello.boot, clock_.now(), options_.fresh_for
        )) {
        return Refusal{
            AgentRefusal::second_stream,
            "another agent that says it is " + hello.host.value() +
                " is connected and was heard within " + to_text(options_.fresh_for) +
                ": two hosts must not share a name and a credential"
        };
    }
    return std::nullopt;
}

std::optional<core::OpenStream> AgentLink::open_stream(const Agent& agent) const {
    return agent.session && agent.heard_at
               ? std::optional{core::OpenStream{.boot = agent.boot, .heard_at = *agent.heard_at}}
               : std::nullopt;
}

bool AgentLink::lives(const HostId& host) const {
    const auto found = agents_.find(host);
    const auto open = found == agents_.end() ? std::nullopt : open_stream(found->second);
    return open && clock_.now() - open->heard_at <= options_.fresh_for;
}

void AgentLink::note_refusal(AgentRefusal why, const core::Subject& subject, const Caller& caller) {
    const auto index = static_cast<std::size_t>(why);
    ++refusals_[index];
    const Instant now = clock_.now();
    if (logged_at_[index] && now - *logged_at_[index] < kLogRefusalsEvery) {
        return;  // an agent that is refused tries again at once
    }
    logged_at_[index] = now;
    system::log_warning(
        "link",
        "agent refused",
        {{"why", std::string{to_string(why)}},
         {"credential", caller.name},
         {"says_it_is", subject.host.value()},
         {"refused_so_far", std::to_string(refusals_[index])}}
    );
}

Status AgentLink::check_speaker(const core::Subject& subject, const Caller& caller) {
    const core::Speaks speaks = subject.app == options_.app
                                    ? core::speaks_for(caller.credential(), subject)
                                    : core::Speaks::other_app;
    if (speaks == core::Speaks::yes) {
        return {};
    }
    const AgentRefusal why = *enum_from<AgentRefusal>(to_string(speaks));
    note_refusal(why, subject, caller);
    std::string code{to_string(speaks)};
    if (speaks == core::Speaks::other_app) {
        return std::unexpected(refused(
            ErrorKind::denied,
            std::move(code),
            "the token " + caller.name + " is for " + caller.app.value() +
                ", this controller for " + options_.app.value() + ", and the agent asks for " +
                subject.app.value(),
            "give the agent the token of its app, and the address of that app's controller"
        ));
    }
    if (speaks == core::Speaks::other_host) {
        return std::unexpected(refused(
            ErrorKind::denied,
            std::move(code),
            "the token " + caller.name + " belongs to the host " + caller.host.value() +
                ", and the agent says it is " + subject.host.value(),
            "give each host a token of its own: `farshore init token --role agent --app " +
                options_.app.value() + " --host " + subject.host.value() + "`"
        ));
    }
    return std::unexpected(refused(
        ErrorKind::denied,
        std::move(code),
        "the token " + caller.name + " belongs to a host in " + caller.region.value() +
            ", and the agent says it stands in " + subject.region.value(),
        "correct `region` in the agent's configuration, or give the host another token"
    ));
}

net::HttpResponse AgentLink::refuse_hello(
    const Refusal& refusal, const wire::AgentHello& hello, const Caller& caller
) {
    note_refusal(
        refusal.why, {.app = hello.app, .host = hello.host, .region = hello.region}, caller
    );
    if (refusal.why == AgentRefusal::second_stream) {
        note_rival(agents_.at(hello.host), hello.boot);
    }
    net::HttpResponse response;
    response.headers.push_back({.name = "Content-Type", .value = "application/x-ndjson"});
    response.headers.push_back({.name = "Cache-Control", .value = "no-store"});
    response.body = wire::serialize(wire::StreamLine{wire::Refused{.why = refusal.text}}) + "\n";
    return response;
}

void AgentLink::note_rival(Agent& agent, const BootId& boot) {
    const Instant now = clock_.now();
    if (!agent.rival || agent.rival->boot != boot) {
        agent.rival = Rival{.boot = boot, .first_at = now, .last_at = now};
    }
    agent.rival->last_at = now;
}

// The process of the stream reports: if another process has said hello in its name before, both
// live. A process that has just died does not report after its successor's hello.
void AgentLink::look_at_rival(Agent& agent, const HostId& host) {
    const Instant now = clock_.now();
    if (!agent.rival || agent.rival->both_live) {
        return;
    }
    agent.rival->both_live = true;
    if (agent.rival_told_at && now - *agent.rival_told_at < kRivalRemembered) {
        return;
    }
    agent.rival_told_at = now;
    upcalls_.announce(
        "two agents say that they are " + host.value() + ": boot " + agent.boot.value() +
        " is connected, boot " + agent.rival->boot.value() +
        " is refused; end one of them, and give each host a name and a credential of its own"
    );
}

void AgentLink::begin_stream(Agent& agent, const wire::AgentHello& hello) {
    end_stream(agent);
    if (agent.boot != hello.boot) {
        agent.sequence = 0;
        agent.fenced_below = Epoch{};
        agent.report.reset();
    }
    agent.region = hello.region;
    agent.boot = hello.boot;
    agent.epoch = hello.epoch;
    agent.heard_at = clock_.now();
    agent.connected = true;
    agent.session = std::make_shared<Session>(io_);
    agent.session->host = hello.host;
    agent.session->boot = hello.boot;
    const wire::ControllerHello ours{
        .protocol = {},
        .speaks = *wire::common_version({}, hello.protocol),
        .app = options_.app,
        .controller = options_.controller,
        .boot = options_.boot,
        .configuration_generation = options_.configuration_generation,
        .register_id = options_.register_id
    };
    agent.session->lines.push_back(wire::serialize(wire::StreamLine{ours}) + "\n");
}

net::Task<net::HttpResponse> AgentLink::hello(net::HttpRequest request, Caller caller) {
    const Result<wire::AgentHello> hello = wire::parse_agent_hello(request.body);
    if (!hello) {
        co_return refusal(hello.error());
    }
    const core::Subject subject{.app = hello->app, .host = hello->host, .region = hello->region};
    if (const Status speaks = check_speaker(subject, caller); !speaks) {
        co_return refusal(speaks.error());
    }
    std::optional<Refusal> why = why_refused(*hello);
    if (!why) {
        const Status enrolled = co_await upcalls_.enroll(hello->host, hello->region);
        // Another process of the host may have been quicker meanwhile.
        why = enrolled ? why_refused(*hello)
                       : std::optional{Refusal{AgentRefusal::store, enrolled.error().text}};
    }
    if (why) {
        co_return refuse_hello(*why, *hello, caller);
    }
    Agent& agent = agents_[hello->host];
    begin_stream(agent, *hello);
    system::log_info(
        "link",
        "agent connected",
        {{"host", hello->host.value()},
         {"region", hello->region.value()},
         {"epoch", std::to_string(hello->epoch.value())}}
    );
    net::HttpResponse response;
    response.headers.push_back({.name = "Content-Type", .value = "application/x-ndjson"});
    response.headers.push_back({.name = "Cache-Control", .value = "no-store"});
    response.stream = [this, session = agent.session](net::ByteSink& sink) {
        return run_stream(session, sink);
    };
    upcalls_.deliver(
        core::AgentConnected{.host = hello->host, .region = hello->region, .epoch = hello->epoch}
    );
    co_return response;
}

}  // namespace farshore::controller
