#include "sim/controller_site.h"

#include <utility>

#include "sim/chronicle.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

ControllerSite::ControllerSite(Scene& scene, std::size_t number)
    : scene_(scene),
      number_(number),
      store_(scene.store.get()),
      clock_(std::chrono::hours{7 + 4 * number}),
      dice_(scene.calendar, scene.script.seed, 301 + number),
      configuration_(scene.script.configuration),
      lives_(number * Session::kLivesOfRival),
      held_down_(static_cast<int>(number)) {}

UtcTime ControllerSite::wall() const {
    return scene_.wall() + std::chrono::duration_cast<WallClock::duration>(wall_ahead_);
}

void ControllerSite::start() {
    scene_.calendar.cancel(restart_);
    if (controller_ || held_down_ > 0) {
        return;
    }
    scene_.quiet->disturb();
    controller_ = std::make_shared<Controller>(scene_, *this, ++lives_, configuration_);
    scene_.chronicle->controller_began(*controller_);
    controller_->boot();
}

void ControllerSite::end_life() {
    if (!controller_) {
        return;
    }
    scene_.quiet->disturb();
    // It may be called from deep inside the life that ends.
    const std::shared_ptr<Controller> ended = std::exchange(controller_, nullptr);
    ended->end();
    scene_.chronicle->controller_ended(*ended);
}

void ControllerSite::kill() {
    end_life();
    scene_.calendar.cancel(restart_);
    restart_ = scene_.calendar.in(dice_.between(100ms, 2600ms), [this] { start(); });
}

void ControllerSite::keep_down() {
    ++held_down_;
    end_life();
    scene_.calendar.cancel(restart_);
}

void ControllerSite::let_up() {
    if (--held_down_ == 0) {
        restart_ = scene_.calendar.in(dice_.between(10ms, 500ms), [this] { start(); });
    }
}

void ControllerSite::open(FaultKind kind) {
    if (opened_++ > 0) {
        return;
    }
    store_ = scene_.store.get();
    if (kind != FaultKind::rival_beside) {
        store_ = scene_.rival_store.get();
        store_->begin_beside(*scene_.store, kind == FaultKind::rival_empty);
    }
    configure(scene_.controllers->configuration());
    let_up();
    for (const auto& host : scene_.hosts) {
        host->meet_rival();
    }
}

void ControllerSite::close() {
    if (--opened_ == 0) {
        keep_down();
    }
}

void ControllerSite::end_soon(std::uint64_t life) {
    scene_.calendar.in(Duration{}, [this, life] {
        if (controller_ && controller_->life() == life) {
            kill();
        }
    });
}

void ControllerSite::pause() {
    if (controller_) {
        scene_.quiet->disturb();
        controller_->pause();
    }
}

void ControllerSite::resume() {
    if (controller_) {
        scene_.quiet->disturb();
        const std::shared_ptr<Controller> kept = controller_;
        kept->resume();
    }
}

void ControllerSite::drift(int ppm) {
    clock_.drift(scene_.calendar.now(), ppm);
    if (controller_) {
        controller_->rearm();
    }
}

bool ControllerSite::is_up() const {
    return controller_ && controller_->ready() && !controller_->is_paused();
}

void ControllerSite::greet(Place from, const core::link::Hello& hello) {
    scene_.network.send_again_if_in_doubt({.from = from, .to = kWitness}, [this, hello] {
        receive([hello](Controller& controller) { controller.link().hello(hello); });
    });
}

AgentLink::Reply ControllerSite::carry(Controller& controller, Place to, AgentLink::Reply reply)
    const {
    return [this, &controller, to, reply = std::move(reply)](const Answered& answer) {
        controller.leave([this, to, reply, answer] {
            scene_.network.send({.from = kWitness, .to = to}, [reply, answer] { reply(answer); });
        });
    };
}

void ControllerSite::take_report(
    Place from, std::shared_ptr<const Report> report, AgentLink::Reply reply
) {
    scene_.network.send_again_if_in_doubt(
        {.from = from, .to = kWitness},
        [this, from, report, reply] {
            receive([this, from, report, reply](Controller& controller) {
                controller.link().report(*report, carry(controller, from, reply));
            });
        }
    );
}

void ControllerSite::take_ack(Place from, Ack ack, AgentLink::Reply reply) {
    scene_.network.send_again_if_in_doubt(
        {.from = from, .to = kWitness},
        [this, from, ack = std::move(ack), reply] {
            receive([this, from, ack, reply](Controller& controller) {
                controller.link().ack(ack, carry(controller, from, reply));
            });
        }
    );
}

// Its process has ended, and the kernel closes what it had open.
void ControllerSite::hang_up(Place from, const HostId& host, const BootId& boot) {
    scene_.network.send({.from = from, .to = kWitness}, [this, host, boot] {
        receive([host, boot](Controller& controller) { controller.link().hung_up(host, boot); });
    });
}

bool ControllerSite::stream_lives(Session session, const HostId& host) const {
    return controller_ && controller_->link().stream_lives(session, host);
}

}  // namespace farshore::sim
