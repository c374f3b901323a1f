#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "sim/agent_words.h"
#include "sim/controller.h"
#include "sim/local_clock.h"

namespace farshore::sim {

// The machine that the controller runs on, and the supervisor that starts it again. At most one
// controller lives at a time; what agents send reaches the one that lives.
class ControllerSite {
  public:
    explicit ControllerSite(Scene& scene);

    void start();
    // The process dies, and is started again after a while by chance.
    void kill();
    // It is not started again before it is let.
    void keep_down();
    void let_up();
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

    [[nodiscard]] std::uint64_t lives() const { return lives_; }

    // It runs, decides, and nothing holds it up.
    [[nodiscard]] bool is_up() const;

    // What agents send: it travels, and may never arrive.
    void greet(const Hello& hello);
    void take_report(
        std::shared_ptr<const Report> report, std::function<void(const ReportAnswer&)> reply
    );
    bool take_ack(Place from, Ack ack);
    void hang_up(Place from, std::size_t host, std::uint64_t life);
    [[nodiscard]] bool stream_lives(Session session, std::size_t host) const;

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

    Scene& scene_;
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
