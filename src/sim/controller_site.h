#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "sim/controller.h"
#include "sim/local_clock.h"

namespace farshore::sim {

// A machine that a controller runs on, and the supervisor that starts it again. At most one
// controller lives there at a time; what agents send there reaches the one that lives.
class ControllerSite {
  public:
    // `number`: 0 is the first one's, 1 that of a rival, which runs while a fault has it run.
    ControllerSite(Scene& scene, std::size_t number);

    void start();
    // The process dies, and is started again after a while by chance.
    void kill();
    // It is not started again before it is let.
    void keep_down();
    void let_up();
    // A rival is started beside the first controller: on its store, or on one of its own.
    void open(FaultKind kind);
    void close();
    // That life of a controller ends itself, when its call has returned.
    void end_soon(std::uint64_t life);

    void blind(bool blind) { blind_ = blind; }

    // It does not reach the epoch items.
    [[nodiscard]] bool is_blind() const { return blind_; }

    [[nodiscard]] std::size_t number() const { return number_; }

    [[nodiscard]] Store& store() const { return *store_; }

    // Agents know of it: of a rival while it is there.
    [[nodiscard]] bool expects_agents() const { return number_ == 0 || opened_ > 0; }

    void pause();
    void resume();
    void drift(int ppm);

    void step_wall(Duration ahead) { wall_ahead_ = ahead; }

    // From its next start on.
    void configure(Configuration configuration) { configuration_ = std::move(configuration); }

    // Null while none lives.
    [[nodiscard]] Controller* controller() const { return controller_.get(); }

    [[nodiscard]] const Configuration& configuration() const { return configuration_; }

    [[nodiscard]] Instant local_now() const { return clock_.read(scene_.calendar.now()); }

    [[nodiscard]] const LocalClock& clock() const { return clock_; }

    [[nodiscard]] UtcTime wall() const;

    // It runs, decides, and nothing holds it up.
    [[nodiscard]] bool is_up() const;

    // What agents send: it travels, and may never arrive.
    void greet(Place from, const core::link::Hello& hello);
    void take_report(Place from, std::shared_ptr<const Report> report, AgentLink::Reply reply);
    void take_ack(Place from, Ack ack, AgentLink::Reply reply);
    void hang_up(Place from, const HostId& host, const BootId& boot);
    [[nodiscard]] bool stream_lives(Session session, const HostId& host) const;

  private:
    // A message reaches the machine: the controller that lives there takes it.
    template <class Job>
    void receive(Job job) {
        if (controller_) {
            controller_->enter([self = controller_, job = std::move(job)] {
                if (self->ready()) {
                    job(*self);
                }
            });
        }
    }

    void end_life();
    [[nodiscard]] AgentLink::Reply carry(Controller& controller, Place to, AgentLink::Reply reply)
        const;

    Scene& scene_;
    std::size_t number_;
    Store* store_;
    bool blind_ = false;
    int opened_ = 0;
    LocalClock clock_;
    Dice dice_;
    Duration wall_ahead_{};
    Configuration configuration_;
    std::shared_ptr<Controller> controller_;
    std::uint64_t lives_ = 0;
    int held_down_ = 0;
    Calendar::Ticket restart_;
};

}  // namespace farshore::sim
