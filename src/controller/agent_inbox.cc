#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "base/text.h"
#include "controller/agent_link.h"
#include "controller/agent_words.h"
#include "controller/api_answers.h"
#include "core/link/host_link.h"

// What agents send: hellos, answered with a stream, reports, answered with a lease, and
// acknowledgements.
namespace farshore::controller {

namespace {

constexpr Duration kLogRefusalsEvery = std::chrono::seconds{1};

net::HttpResponse stream_response() {
    net::HttpResponse response;
    response.headers.push_back({.name = "Content-Type", .value = "application/x-ndjson"});
    response.headers.push_back({.name = "Cache-Control", .value = "no-store"});
    return response;
}

}  // namespace

void AgentLink::note_refusal(AgentRefusal why, const HostId& host, const Caller& caller) {
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
         {"says_it_is", host.value()},
         {"refused_so_far", std::to_string(refusals_[index])}}
    );
}

std::optional<net::HttpResponse> AgentLink::refuse(
    const core::link::Answer& answer, const core::link::Sender& from, const Caller& caller
) {
    if (const auto* refused_for = std::get_if<core::link::Refused>(&answer)) {
        note_refusal(refused_for->why, from.subject.host, caller);
        return refusal(not_believed(refused_for->why, from.subject, caller, options_.app));
    }
    if (std::holds_alternative<core::link::HelloFirst>(answer)) {
        return refusal(refused(
            ErrorKind::conflict,
            "hello_first",
            from.subject.host.value() + " has not said hello to this controller since its start",
            "open /v1/agents/stream first"
        ));
    }
    if (std::holds_alternative<core::link::WholeFirst>(answer)) {
        return refusal(refused(
            ErrorKind::conflict,
            "whole_first",
            "the report that this one repeats is not known, or is not true any more",
            "send a whole report"
        ));
    }
    if (const auto* misfit = std::get_if<core::link::Misfit>(&answer)) {
        return refusal(refused(
            ErrorKind::malformed,
            "type",
            "the acknowledgement does not fit its order, which is a " +
                std::string{to_string(misfit->ordered)},
            {}
        ));
    }
    return std::nullopt;
}

std::string AgentLink::words_of(
    AgentRefusal why, const wire::AgentHello& hello, const std::string& trouble
) const {
    switch (why) {
        case AgentRefusal::stopping: return "the controller is stopping";
        case AgentRefusal::protocol:
            return "the agent speaks protocol versions " + std::to_string(hello.protocol.lowest) +
                   " to " + std::to_string(hello.protocol.highest) + ", this controller " +
                   std::to_string(wire::kProtocolLowest) + " to " +
                   std::to_string(wire::kProtocolHighest) + ": upgrade the older side";
        case AgentRefusal::unknown_region:
            return hello.region.value() + " is not a Region of " + options_.app.value();
        case AgentRefusal::not_listed:
            return hello.host.value() + " is not in the register of " + options_.app.value() +
                   ": add it to `agents`";
        case AgentRefusal::too_many:
            return "there are " + std::to_string(options_.hosts_max) + " agents already";
        case AgentRefusal::second_stream:
            return "another agent that says it is " + hello.host.value() +
                   " is connected and was heard within " + to_text(options_.fresh_for) +
                   ": two hosts must not share a name and a credential";
        case AgentRefusal::store:
        case AgentRefusal::other_app:
        case AgentRefusal::other_host:
        case AgentRefusal::other_region: return trouble;
    }
    std::unreachable();
}

// The stream ends with the reason, before it has begun.
net::HttpResponse AgentLink::refuse_hello(
    AgentRefusal why,
    const wire::AgentHello& hello,
    const Caller& caller,
    const std::string& trouble
) {
    note_refusal(why, hello.host, caller);
    net::HttpResponse response = stream_response();
    response.body =
        wire::serialize(wire::StreamLine{wire::Refused{.why = words_of(why, hello, trouble)}}) +
        "\n";
    return response;
}

net::Task<net::HttpResponse> AgentLink::hello(net::HttpRequest request, Caller caller) {
    const Result<wire::AgentHello> hello = wire::parse_agent_hello(request.body);
    if (!hello) {
        co_return refusal(hello.error());
    }
    const core::link::Hello said = hello_of(*hello, caller);
    core::link::Answer answer = take(said);
    std::string trouble;
    if (std::holds_alternative<core::link::EnrollFirst>(answer)) {
        const Status enrolled = co_await upcalls_.enroll(hello->host, hello->region);
        trouble = enrolled ? "" : enrolled.error().text;
        answer = take(core::link::HostEnrolled{.hello = said, .durable = enrolled.has_value()});
    }
    if (const auto* refused_for = std::get_if<core::link::Refused>(&answer)) {
        co_return is_of_credential(refused_for->why)
            ? *refuse(answer, said.from, caller)
            : refuse_hello(refused_for->why, *hello, caller, trouble);
    }
    system::log_info(
        "link",
        "agent connected",
        {{"host", hello->host.value()},
         {"region", hello->region.value()},
         {"epoch", std::to_string(hello->epoch.value())}}
    );
    net::HttpResponse response = stream_response();
    const auto stream = streams_.find(std::get<core::link::StreamBegun>(answer).stream);
    if (stream != streams_.end()) {
        response.stream = [this, begun = stream->second](net::ByteSink& sink) {
            return run_stream(begun, sink);
        };
    }
    co_return response;
}

net::HttpResponse AgentLink::report(const net::HttpRequest& request, const Caller& caller) {
    const Result<wire::Report> report = wire::parse_report(request.body);
    if (!report) {
        return refusal(report.error());
    }
    return answer_report(report_of(*report, caller), caller);
}

net::HttpResponse AgentLink::again(const net::HttpRequest& request, const Caller& caller) {
    const Result<wire::ReportAgain> again = wire::parse_report_again(request.body);
    return again ? answer_report(again_of(*again, caller), caller) : refusal(again.error());
}

template <class Said>
net::HttpResponse AgentLink::answer_report(const Said& said, const Caller& caller) {
    const core::link::Answer taken = take(said);
    if (std::optional<net::HttpResponse> no = refuse(taken, said.from, caller)) {
        return *std::move(no);
    }
    const Epoch epoch = std::get<core::link::GrantLease>(taken).epoch;
    wire::ReportAnswer answer;
    const core::AppCore::LeaseAnswer lease = grant(said.from.subject.host, epoch);
    // Also without a lease: the answer to a route brings one, and while an operation is under way
    // the controller has more to do than at any other time.
    Duration within = options_.fresh_for;
    if (lease.length) {
        answer.lease = wire::LeaseGrant{.epoch = epoch, .length = *lease.length};
        within = std::min(within, *lease.length);
    } else {
        answer.why = lease.why;
    }
    const Duration rest = core::link::rest_among(sessions_.size(), within);
    if (rest > core::link::report_every(within)) {
        answer.rest = core::link::own_rest(said.from.subject.host, rest);
    }
    return net::HttpResponse::json(200, wire::serialize(answer));
}

core::AppCore::LeaseAnswer AgentLink::grant(const HostId& host, Epoch epoch) {
    core::AppCore::LeaseAnswer lease = upcalls_.grant_lease(host, epoch);
    if (lease.length) {
        take(core::link::LeaseGranted{.host = host, .length = *lease.length});
    }
    return lease;
}

net::Task<net::HttpResponse> AgentLink::ack(net::HttpRequest request, Caller caller) {
    const Result<wire::Ack> ack = wire::parse_ack(request.body);
    if (!ack) {
        co_return refusal(ack.error());
    }
    const core::link::Ack said = ack_of(*ack, caller);
    core::link::Answer answer = take(said);
    if (const auto* keep = std::get_if<core::link::KeepFirst>(&answer)) {
        const core::link::FencedAgent fenced = keep->fenced;
        const auto& list = std::get<wire::FenceAck>(ack->body);
        if (list.not_understood > 0) {
            system::log_warning(
                "link",
                "a host names writes that this controller does not understand; they are left out "
                "of the loss book, which says that it is not whole",
                {{"host", ack->host.value()}, {"writes", std::to_string(list.not_understood)}}
            );
        }
        const Status heard =
            co_await upcalls_.fenced(fenced.order->step.operation, ack->host, list);
        answer = take(core::link::FenceListKept{.fenced = fenced, .durable = heard.has_value()});
        if (!heard && std::holds_alternative<core::link::NotKept>(answer)) {
            co_return refusal(heard.error());
        }
    }
    if (std::optional<net::HttpResponse> no = refuse(answer, said.from, caller)) {
        co_return *std::move(no);
    }
    wire::AckAnswer told;
    if (const auto* wanted = std::get_if<core::link::GrantLease>(&answer)) {
        const core::AppCore::LeaseAnswer lease = grant(ack->host, wanted->epoch);
        if (lease.length) {
            told.lease = wire::LeaseGrant{.epoch = wanted->epoch, .length = *lease.length};
        }
    }
    co_return net::HttpResponse::json(200, wire::serialize(told));
}

}  // namespace farshore::controller
