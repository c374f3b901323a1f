#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/dice.h"
#include "sim/scene.h"

namespace farshore::sim {

class Controller;

// Plays the script: begins and ends its faults, and gives the operator's commands.
class Director {
  public:
    explicit Director(Scene& scene);

    void start();

    // The story has jumped.
    void rearm();

    // An operation has entered a state.
    void entered(std::string_view doing);  // OperationRecord::doing()

    // A step may wait for an operator's word: it is given a while later.
    void look_for_questions(const core::OperationRecord& operation);

    // When the script goes on, in the story's time; nullopt: never.
    [[nodiscard]] std::optional<Duration> next_event() const;

    // When the last fault ended, so far; nullopt: one is active, or is still to come at a moment.
    [[nodiscard]] std::optional<Duration> faults_over_since() const;

  private:
    enum class What : std::uint8_t { begin, end, command };

    struct Event {
        Duration at{};
        std::size_t order = 0;  // in the script: who is first when two are at once
        What what{};
        std::size_t which = 0;
    };

    struct Waiting {
        Duration from{};
        std::string_view entering;
        Duration after{};
        What what{};
        std::size_t which = 0;
    };

    void plan(const Moment& moment, What what, std::size_t which);
    void add(Event event);
    void play();
    void begin(const Fault& fault);
    void end(const Fault& fault);
    void end_intrusion();
    void forget_ghosts();
    void strike(const Fault& fault);
    void strike_hosts(const Fault& fault, bool begins);
    void strike_controller(const Fault& fault, bool begins);
    void write_records(const Fault& fault);
    void weather_changed();
    void give(const Command& command);
    void request(Controller& controller, const Command& command);
    void answer();
    void answer(Controller& controller, const core::OperationRecord& operation, std::size_t index);
    void restart(std::size_t host, Duration after);
    void start_host(std::size_t host);
    [[nodiscard]] std::vector<std::size_t> hosts_of(const Fault& fault) const;

    Scene& scene_;
    Dice dice_;
    std::vector<Event> events_;  // the next one last
    std::vector<Waiting> waiting_;
    Calendar::Ticket timer_;
    std::size_t order_ = 0;
    Duration last_end_{};
    bool answering_ = false;
};

}  // namespace farshore::sim
