#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/time.h"

#include "sim/places.h"
#include "sim/script.h"

namespace farshore::sim {

// What is wrong at the moment, as flags that are made anew when a fault begins or ends: asking
// costs a look into an array.
class Weather {
  public:
    Weather();

    void begin(const Fault& fault, Instant now);
    void end(const Fault& fault);

    // No fault is active.
    [[nodiscard]] bool fair() const { return active_.empty(); }

    // The size of the worst fault of the kind there; zero: there is none.
    [[nodiscard]] int amount(FaultKind kind, Place at) const {
        return amounts_[static_cast<std::size_t>(kind)][at];
    }

    [[nodiscard]] bool is(FaultKind kind, Place at) const { return amount(kind, at) != 0; }

    [[nodiscard]] bool anywhere(FaultKind kind) const;

    // A message can pass.
    [[nodiscard]] bool linked(Way way) const { return linked_[way.from][way.to]; }

    [[nodiscard]] bool clogged(Way way) const { return clogged_[way.from][way.to]; }

    // Both ways at once, for requests whose parts are not carried one by one.
    [[nodiscard]] bool linked_both_ways(Place a, Place b) const {
        return linked({.from = a, .to = b}) && linked({.from = b, .to = a}) &&
               !clogged({.from = a, .to = b}) && !clogged({.from = b, .to = a});
    }

    // The Region's DynamoDB takes part in replication.
    [[nodiscard]] bool replicates(Way way) const { return replicates_[way.from][way.to]; }

    [[nodiscard]] int replication_delay_ms(Way way) const { return delays_[way.from][way.to]; }

    // Its name has had no address for longer than connections live on without one.
    [[nodiscard]] bool old_connections_hang(Place at, Instant now) const;

    [[nodiscard]] const std::vector<const Fault*>& active() const { return active_; }

  private:
    void make_anew();
    void touch_ways(const Fault& fault);

    template <class T>
    using Matrix = std::array<std::array<T, kPlaces>, kPlaces>;

    std::vector<const Fault*> active_;
    std::array<std::array<int, kPlaces>, kFaultKindNames.size()> amounts_{};
    Matrix<bool> linked_{};
    Matrix<bool> clogged_{};
    Matrix<bool> replicates_{};
    Matrix<int> delays_{};
    std::array<Instant, kPlaces> names_empty_since_{};
};

// A fault of the controller or of its store: the data path does not notice.
[[nodiscard]] bool is_of_controllers(FaultKind kind);

// A fault that happens at once; its length says nothing.
[[nodiscard]] bool is_instant(FaultKind kind);

}  // namespace farshore::sim
