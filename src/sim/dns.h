#pragma once

#include "sim/dice.h"
#include "sim/scene.h"

namespace farshore::sim {

// The failover record and the health checks that it follows, as Route 53 keeps them: the preferred
// Region unless its check fails and another's does not. Its check is its own stack's, and not "the
// standby's agents say that users were moved to them". Changes are found by the checkers' interval
// and threshold. Records are never edited here.
class Dns {
  public:
    explicit Dns(Scene& scene);

    // Something that a check looks at may have changed.
    void changed();

    // Where new lookups lead users.
    [[nodiscard]] Place answer() const { return answer_; }

    [[nodiscard]] bool still() const { return !pending_; }

  private:
    void look();
    [[nodiscard]] Place wanted() const;
    [[nodiscard]] bool serves(Place region) const;
    [[nodiscard]] bool takes_over(Place region) const;

    Scene& scene_;
    Dice dice_;
    Place answer_ = 0;
    bool pending_ = false;
};

}  // namespace farshore::sim
