#include "sim/controller_site.h"

#include <utility>

#include "sim/chronicle.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

ControllerSite::ControllerSite(Scene& scene)
    : scene_(scene),
      clock_(std::chrono::hours{7}),
      dice_(scene.calendar, scene.script.seed, 301),
      configuration_(scene.script.configuration) {}

UtcTime ControllerSite::wall() const {
    return scene_.wall() + std::chrono::duration_cast<WallClock::duration>(wall_ahead_);
}

void ControllerSite::start() {
    scene_.calendar.cancel(restart_);
    if (controller_ || held_down_ > 0) {
        return;
    }
    scene_.quiet->disturb();
    controller_ = std::make_shared<Controller>(scene_, ++lives_, configuration_);
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
    scene_.chronicle->controller_ended();
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

void ControllerSite::greet(const Hello& hello) {
    const Way there{.from = hello.from.value_or(hello.home), .to = kWitness};
    scene_.network.send_again_if_in_doubt(there, [this, hello] {
        receive([hello](Controller& controller) { controller.link().hello(hello); });
    });
}

void ControllerSite::take_report(
    std::shared_ptr<const Report> report, std::function<void(const ReportAnswer&)> reply
) {
    const Place home = report->from ? *report->from : scene_.home_of(report->host);
    scene_.network.send_again_if_in_doubt(
        {.from = home, .to = kWitness},
        [this, report, reply, home] {
            receive([this, report, reply, home](Controller& controller) {
                const ReportAnswer answer = controller.link().report(*report);
                controller.leave([this, reply, answer, home] {
                    scene_.network.send({.from = kWitness, .to = home}, [reply, answer] {
                        reply(answer);
                    });
                });
            });
        }
    );
}

// Its process has ended, and the kernel closes what it had open.
void ControllerSite::hang_up(Place from, std::size_t host, std::uint64_t life) {
    scene_.network.send({.from = from, .to = kWitness}, [this, host, life] {
        receive([host, life](Controller& controller) { controller.link().hung_up(host, life); });
    });
}

bool ControllerSite::take_ack(Place from, Ack ack) {
    return scene_.network.send_again_if_in_doubt(
        {.from = from, .to = kWitness},
        [this, ack = std::move(ack)] {
            receive([ack](Controller& controller) { controller.link().ack(ack); });
        }
    );
}

bool ControllerSite::stream_lives(Session session, std::size_t host) const {
    return controller_ && controller_->link().stream_lives(session, host);
}

}  // namespace farshore::sim
