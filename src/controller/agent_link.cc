#include "controller/agent_link.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "controller/agent_words.h"
#include "controller/api_answers.h"

namespace farshore::controller {

namespace {

// Of orders that an agent has not read: then its stream is cut.
constexpr std::size_t kUnsentMax = std::size_t{64} * 1024;

core::link::AgentSessions::Options sessions_of(const AgentLink::Options& options) {
    return {
        .app = options.app,
        .regions = options.regions,
        .allowed = {options.allowed.begin(), options.allowed.end()},
        .fresh_for = options.fresh_for,
        .hosts_max = options.hosts_max
    };
}

}  // namespace

struct AgentLink::StreamEnd {
    AgentLink* link;
    std::shared_ptr<Stream> stream;

    StreamEnd(AgentLink* owner, std::shared_ptr<Stream> of) : link(owner), stream(std::move(of)) {}

    StreamEnd(const StreamEnd&) = delete;
    StreamEnd& operator=(const StreamEnd&) = delete;

    ~StreamEnd() {
        stream->ended = true;
        link->streams_.erase(stream->id);
        link->take(core::link::StreamEnded{.host = stream->host, .stream = stream->id});
    }
};

AgentLink::AgentLink(net::Io& io, const ports::Clock& clock, Options options, Upcalls upcalls)
    : io_(io),
      clock_(clock),
      options_(std::move(options)),
      upcalls_(std::move(upcalls)),
      sessions_(sessions_of(options_), clock.now()) {}

net::Task<net::HttpResponse> AgentLink::answer(net::HttpRequest request, Caller caller) {
    if (request.method != "POST") {
        net::HttpResponse response = refusal(refused(
            ErrorKind::malformed, "method", "agents only POST", "the protocol is described in docs"
        ));
        response.status = 405;
        response.headers.push_back({.name = "Allow", .value = "POST"});
        co_return response;
    }
    const std::string_view path = request.path();
    if (path == "/v1/agents/stream") {
        net::HttpResponse response = co_await hello(std::move(request), std::move(caller));
        co_return response;
    }
    if (path == "/v1/agents/report") {
        co_return report(request, caller);
    }
    if (path == "/v1/agents/again") {
        co_return again(request, caller);
    }
    if (path == "/v1/agents/ack") {
        net::HttpResponse response = co_await ack(std::move(request), std::move(caller));
        co_return response;
    }
    co_return refusal(
        refused(ErrorKind::not_found, "path", "no such path: " + std::string{path}, {})
    );
}

core::link::Answer AgentLink::take(const core::link::Input& input) {
    core::link::Step step = sessions_.step(clock_.now(), input);
    for (core::link::Action& action : step.actions) {
        std::visit([this](auto& one) { carry_out(std::move(one)); }, action);
    }
    return std::move(step.answer);
}

void AgentLink::carry_out(const core::link::BeginStream& action) {
    const auto stream = std::make_shared<Stream>(io_, action.host, action.stream);
    const wire::ControllerHello ours{
        .protocol = {},
        .speaks = action.version,
        .app = options_.app,
        .controller = options_.controller,
        .boot = options_.boot,
        .configuration_generation = options_.configuration_generation,
        .register_id = options_.register_id,
        .takes_again = true
    };
    stream->unsent = wire::serialize(wire::StreamLine{ours}) + "\n";
    streams_.emplace(action.stream, stream);
}

void AgentLink::carry_out(const core::link::EndStream& action) {
    const auto found = streams_.find(action.stream);
    if (found != streams_.end()) {
        found->second->ended = true;
        found->second->wake.cancel();
        streams_.erase(found);
    }
}

void AgentLink::carry_out(const core::link::SendOrder& action) {
    if (action.left_behind > 0) {
        system::log_warning(
            "link",
            "a host followed the epoch items without a controller; it is asked for the writes that "
            "it had not proven before",
            {{"host", action.host.value()},
             {"epoch", std::to_string(action.order->epoch.value())},
             {"writes", std::to_string(action.left_behind)}}
        );
    }
    const auto found = streams_.find(action.stream);
    if (found == streams_.end()) {
        return;
    }
    const RegionId users = upcalls_.users();
    if (written_.order != action.order || written_.number != action.number ||
        written_.users != users) {
        wire::Order order;
        order.number = action.number;
        order.epoch = action.order->epoch;
        order.body = body_of(*action.order, users);
        written_ = {
            .order = action.order,
            .number = action.number,
            .users = users,
            .line = line_of(std::move(order))
        };
    }
    send(found->second, written_.line);
}

void AgentLink::carry_out(const core::Announce& action) {
    upcalls_.announce(action.text);
}

void AgentLink::carry_out(core::link::Deliver&& action) {
    if (const auto* silent = std::get_if<core::AgentDisconnected>(&action.event)) {
        system::log_warning("link", "agent is silent", {{"host", silent->host.value()}});
    }
    upcalls_.deliver(std::move(action.event));
}

net::Task<> AgentLink::run_stream(std::shared_ptr<Stream> stream, net::ByteSink& sink) {
    const StreamEnd end(this, stream);
    while (!stream->ended) {
        while (!stream->unsent.empty()) {
            std::string bytes = std::exchange(stream->unsent, {});
            const bool written = co_await sink.write(std::move(bytes));
            if (!written || stream->ended) {
                co_return;
            }
        }
        stream->wake.expires_after(options_.ping_every);
        auto [error] = co_await stream->wake.async_wait(net::kAwait);
        const auto due =
            !error && !stream->ended ? sessions_.ping(stream->host, stream->id) : std::nullopt;
        if (due) {
            wire::Order ping;
            ping.number = due->number;
            ping.epoch = due->epoch;
            ping.body =
                wire::PingOrder{.at = clock_.wall(), .uptime = clock_.now().time_since_epoch()};
            send(stream, line_of(std::move(ping)));
        }
    }
}

std::string AgentLink::line_of(wire::Order order) const {
    order.app = options_.app;
    return wire::serialize(wire::StreamLine{std::move(order)}) + "\n";
}

// By value: the stream may leave the list of those that are open.
void AgentLink::send(std::shared_ptr<Stream> stream, std::string_view line) {
    if (stream->unsent.size() >= kUnsentMax) {
        system::log_warning(
            "link", "agent does not read its orders: stream cut", {{"host", stream->host.value()}}
        );
        carry_out(core::link::EndStream{.stream = stream->id, .host = stream->host});
        take(core::link::StreamEnded{.host = stream->host, .stream = stream->id});
        return;
    }
    stream->unsent += line;
    stream->wake.cancel();
}

void AgentLink::order(const core::OrderAgents& action) {
    take(action);
}

net::Task<> AgentLink::watch() {
    while (true) {
        const Duration wait = sessions_.next_deadline() - clock_.now();
        const bool slept = co_await net::sleep_for(io_, std::max(wait, Duration::zero()));
        if (!slept) {
            co_return;
        }
        take(core::Tick{});
    }
}

void AgentLink::forget(const HostId& host) {
    take(core::link::ForgetAgent{host});
}

void AgentLink::cut(const HostId& host) {
    take(core::link::CutAgent{host});
}

bool AgentLink::lives(const HostId& host) const {
    return sessions_.lives(clock_.now(), host);
}

void AgentLink::close() {
    take(core::link::CloseAll{});
}

std::vector<AgentView> AgentLink::agents() const {
    return sessions_.views(clock_.now());
}

}  // namespace farshore::controller
