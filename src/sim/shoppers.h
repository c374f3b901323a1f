#pragma once

#include <cstdint>
#include <vector>

#include "sim/host.h"
#include "sim/scene.h"

namespace farshore::sim {

// Shoppers buy one thing after the other, each into an item of its own, in the Region that the
// record's last answer to that shopper named. Each write carries its number, so that in the end
// every write can be accounted for.
class Shoppers {
  public:
    // The hosts have found their controller and their records by then.
    static constexpr Duration kOpening = std::chrono::seconds{5};

    explicit Shoppers(Scene& scene);

    // Something happens: they run one by one.
    void wake();

    [[nodiscard]] bool still() const { return waiting_ == 0; }

    // No shopper begins a request any more.
    void close() { closed_ = true; }

    [[nodiscard]] std::uint64_t writes() const { return writes_; }

    [[nodiscard]] std::uint64_t refused() const { return refused_; }

  private:
    struct Shopper {
        bool active = false;
        bool stubborn = false;   // has a bookmark to the other stack
        Place users = 0;         // as the name cache has it
        Duration known_until{};  // of the story
    };

    void shop(std::size_t number);
    void write_past_agents(std::size_t number, Place region, WriteId id);
    void heard(std::size_t number, Heard heard);
    [[nodiscard]] Place stack_of(Shopper& shopper);

    Scene& scene_;
    Dice dice_;
    std::vector<Shopper> shoppers_;
    std::uint64_t writes_ = 0;
    std::uint64_t refused_ = 0;
    std::size_t waiting_ = 0;
    bool closed_ = false;
};

}  // namespace farshore::sim
