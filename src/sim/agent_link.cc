#include "sim/agent_link.h"

#include <utility>

#include "sim/chronicle.h"
#include "sim/controller.h"
#include "sim/host.h"
#include "sim/intruder.h"

namespace farshore::sim {

AgentLink::AgentLink(Scene& scene, Controller& controller)
    : scene_(scene),
      controller_(controller),
      sessions_({.app = kApp, .regions = scene.table_regions}, controller.now()) {}

core::link::Answer AgentLink::take(const core::link::Input& input) {
    core::link::Step step = sessions_.step(controller_.now(), input);
    for (core::link::Action& action : step.actions) {
        std::visit([this](auto& one) { carry_out(std::move(one)); }, action);
    }
    return std::move(step.answer);
}

void AgentLink::watch() {
    controller_.later(sessions_.next_deadline() - controller_.now(), [this] {
        take(core::Tick{});
        watch();
    });
}

void AgentLink::hello(const core::link::Hello& hello) {
    const core::Subject& subject = hello.from.subject;
    const auto line = lines_.try_emplace(subject.host, scene_, place_of(subject.region)).first;
    if (line->second.open && is_intruders(hello.from) && line->second.to.boot == hello.from.boot) {
        return;  // it asks again and again, and has what it wants
    }
    if (std::holds_alternative<core::link::EnrollFirst>(take(hello))) {
        const core::HostsFound comes{.hosts = {{subject.host, subject.region}}};
        controller_.enroll(comes, [this, hello](bool durable) {
            greeted_ = &hello;
            take(core::link::HostEnrolled{.hello = hello, .durable = durable});
            greeted_ = nullptr;
        });
    }
}

void AgentLink::carry_out(const core::link::BeginStream& action) {
    Line& line = lines_.at(action.host);
    line.open = action.stream;
    line.to = greeted_->from;
    if (is_intruders(line.to)) {
        return;
    }
    const Greeting greeting{
        .session = {.life = controller_.life(), .stream = action.stream},
        .register_id = controller_.store().register_id()
    };
    controller_.leave([&line, host = scene_.find_host(action.host), greeting, boot = line.to.boot] {
        line.stream.send([host, greeting, boot] {
            host->enter(life_of(boot), [host, greeting] { host->greeted(greeting); });
        });
    });
}

// What was on its way is lost, and the agent hears of the end.
void AgentLink::carry_out(const core::link::EndStream& action) {
    Line& line = lines_.at(action.host);
    line.open.reset();
    line.stream.reset();
    if (is_intruders(line.to)) {
        return;
    }
    Host* host = scene_.find_host(action.host);
    const Session session{.life = controller_.life(), .stream = action.stream};
    scene_.network.send({.from = kWitness, .to = line.home}, [host, session, boot = line.to.boot] {
        host->enter(life_of(boot), [host, session] { host->stream_ended(session); });
    });
}

void AgentLink::carry_out(const core::link::SendOrder& action) {
    Order order{.number = action.number, .body = *action.order};
    if (order.body.users == RegionId{}) {
        order.body.users = controller_.core().record().users;
    }
    Line& line = lines_.at(action.host);
    if (line.open != action.stream) {
        return;
    }
    const Session session{.life = controller_.life(), .stream = action.stream};
    controller_.leave([this, &line, session, host = action.host, order = std::move(order)] {
        if (is_intruders(line.to)) {
            scene_.intruder->take_order(host, order);
        } else if (line.open == session.stream) {
            line.stream.send([to = scene_.find_host(host), session, order, boot = line.to.boot] {
                to->enter(life_of(boot), [to, session, order] { to->take_order(session, order); });
            });
        }
    });
}

void AgentLink::carry_out(core::link::Deliver&& action) {
    if (std::holds_alternative<core::AgentReported>(action.event) && controller_.is_first() &&
        !is_intruders(reported_->said.from)) {
        scene_.chronicle->report_taken(*reported_);
    }
    controller_.deliver(std::move(action.event));
}

void AgentLink::hung_up(const HostId& host, const BootId& boot) {
    const auto line = lines_.find(host);
    if (line != lines_.end() && line->second.open && line->second.to.boot == boot) {
        const core::link::StreamId stream = *std::exchange(line->second.open, std::nullopt);
        line->second.stream.reset();
        take(core::link::StreamEnded{.host = host, .stream = stream});
    }
}

bool AgentLink::stream_lives(Session session, const HostId& host) const {
    const auto line = lines_.find(host);
    return session.life == controller_.life() && line != lines_.end() &&
           line->second.open == session.stream;
}

void AgentLink::order(const core::OrderAgents& action) {
    if (!controller_.is_silenced()) {
        scene_.chronicle->effect(controller_.store().number(), action.step, action);
        take(action);
    }
}

void AgentLink::report(const Report& report, const Reply& reply) {
    reported_ = &report;
    const core::link::Answer answer = take(report.said);
    reported_ = nullptr;
    reply(answered(report.said.from.subject.host, answer));
}

void AgentLink::ack(const Ack& ack, const Reply& reply) {
    const HostId& host = ack.said.from.subject.host;
    const core::link::Answer answer = take(ack.said);
    const auto* keep = std::get_if<core::link::KeepFirst>(&answer);
    if (keep == nullptr) {
        reply(answered(host, answer));
        return;
    }
    controller_.fenced(
        {.operation = keep->fenced.order->step.operation,
         .host = host,
         .entries = ack.list.entries,
         .proven = ack.list.proven,
         .truncated = !ack.list.whole},
        [this, host, fenced = keep->fenced, reply] {
            reply(answered(host, take(core::link::FenceListKept{.fenced = fenced})));
        }
    );
}

Answered AgentLink::answered(const HostId& host, const core::link::Answer& answer) {
    const auto* wanted = std::get_if<core::link::GrantLease>(&answer);
    if (wanted == nullptr) {
        return {.taken = std::holds_alternative<core::link::Taken>(answer)};
    }
    const core::AppCore::LeaseAnswer lease = controller_.grant_lease(host, wanted->epoch);
    if (lease.length) {
        take(core::link::LeaseGranted{.host = host, .length = *lease.length});
    }
    return {.taken = true, .lease = lease.length, .epoch = wanted->epoch};
}

}  // namespace farshore::sim
