#include "sim/host_link.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace link = core::link;

HostLink::HostLink(Scene& scene, Host& host, ControllerSite& site)
    : scene_(scene),
      host_(host),
      site_(site),
      turns_(link::report_every(scene.script.agents_lease)) {}

void HostLink::connect() {
    if (session_ || !site_.expects_agents()) {
        return;
    }
    const std::uint64_t hello = ++hellos_;
    site_.greet(host_.home(), {.from = host_.sender(), .epoch = host_.machine().epoch()});
    host_.later(link::kHelloPatience, [this, hello] {
        if (!session_ && hello == hellos_) {
            lose_stream();
        }
    });
}

void HostLink::hang_up() {
    site_.hang_up(host_.home(), host_.id(), boot_of(host_.life()));
}

void HostLink::greeted(const Greeting& greeting) {
    scene_.quiet->disturb();
    session_ = greeting.session;
    has_been_greeted_ = true;
    failures_ = 0;
    clock_watch_.forget();
    heard();
    report_soon();
}

void HostLink::heard() {
    heard_at_ = host_.local_now();
    host_.heard_from_controller();
}

void HostLink::listen() {
    if (!session_) {
        return;
    }
    if (site_.stream_lives(*session_, host_.id()) &&
        scene_.weather.linked({.from = kWitness, .to = host_.home()})) {
        heard();
        const Duration theirs = site_.local_now().time_since_epoch();
        if (clock_watch_.has_lost_time(theirs, host_.local_now())) {
            host_.doubt_clock();
        }
    } else if (host_.local_now() - heard_at_ >= link::kStreamSilenceMax) {
        lose_stream();
    }
}

void HostLink::stream_ended(Session session) {
    if (session_ == session) {
        lose_stream();
    }
}

void HostLink::lose_stream() {
    scene_.quiet->disturb();
    session_.reset();
    ++hellos_;
    const Duration pause = link::hello_again_after(failures_, [this](Duration ceiling) {
        return host_.dice().between(0ms, ceiling);
    });
    host_.later(pause, [this] { connect(); });
}

void HostLink::report_soon() {
    turns_.want();
    arm();
}

// A controller that has never heard our hello refuses reports.
void HostLink::arm() {
    const std::optional<Instant> next = turns_.next();
    if (has_been_greeted_ && next) {
        scene_.calendar.cancel(next_report_);
        const Duration rest = std::max(*next, host_.local_now()) - host_.local_now();
        next_report_ = host_.later(rest, [this] { report(); });
    }
}

void HostLink::report() {
    const Instant started = host_.local_now();
    const std::uint64_t number = turns_.begin(started);
    telling_ = host_.evidence().now();
    site_.take_report(
        host_.home(),
        host_.report(number, told_),
        [this, &host = host_, life = host_.life(), number, started](const Answered& answer) {
            host.enter(life, [this, number, started, answer] {
                answered(number, started, answer);
            });
        }
    );
    host_.later(link::kReportPatience, [this, number] {
        if (turns_.end(host_.local_now(), number)) {
            arm();
        }
    });
}

void HostLink::answered(std::uint64_t number, Instant started, const Answered& answer) {
    if (!turns_.end(host_.local_now(), number)) {
        return;  // its connection was closed when the patience was over
    }
    arm();
    if (answer.taken) {
        told_ = std::move(telling_);
        host_.heard_from_controller();
        take_lease(started, answer);
    }
}

void HostLink::take_lease(Instant started, const Answered& answer) {
    if (answer.lease) {
        host_.confirmed({.epoch = answer.epoch, .started = started, .length = *answer.lease});
    }
}

void HostLink::acknowledge(const Ack& ack, int attempt) {
    const auto open = std::make_shared<bool>(true);
    site_.take_ack(
        host_.home(),
        ack,
        [this, &host = host_, life = host_.life(), ack, open, started = host_.local_now()](
            const Answered& answer
        ) {
            host.enter(life, [this, ack, open, started, answer] {
                if (std::exchange(*open, false)) {
                    acknowledged(started, ack, answer);
                }
            });
        }
    );
    host_.later(link::kAckPatience + link::ack_again_after(attempt), [this, ack, open, attempt] {
        if (std::exchange(*open, false) && attempt + 1 < link::kAckAttempts) {
            acknowledge(ack, attempt + 1);
        }
    });
}

void HostLink::acknowledged(Instant started, const Ack& ack, const Answered& answer) {
    if (!answer.taken) {
        return;
    }
    switch (link::after_ack(*ack.said.type, answer.lease.has_value())) {
        case link::AfterAck::nothing: break;
        case link::AfterAck::forget_list: host_.told_up_to(ack.list.up_to); break;
        case link::AfterAck::renew: take_lease(started, answer); break;
        case link::AfterAck::report: report_soon(); break;
    }
}

}  // namespace farshore::sim
