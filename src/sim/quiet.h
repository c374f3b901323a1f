#pragma once

#include "sim/scene.h"

namespace farshore::sim {

// Whether anything happens. While something does, shoppers run one by one, and every moment is
// played. When nothing has for a while, and nothing is pending that time alone would change, the
// world only repeats itself: then the story may be carried on without playing it.
class Quiet {
  public:
    explicit Quiet(Scene& scene) : scene_(scene) {}

    void start();

    // Something has happened, or is about to.
    void disturb();

    // Nothing has happened lately: shoppers are counted, not played.
    [[nodiscard]] bool calm() const { return calm_; }

    // How much of the story was skipped, and how much was played while something happened.
    [[nodiscard]] Duration skipped() const { return scene_.calendar.skipped(); }

    [[nodiscard]] Duration busy() const { return busy_; }

  private:
    void look();
    [[nodiscard]] bool nothing_happens() const;
    [[nodiscard]] bool nothing_is_pending() const;
    void skip_to_next_stop();
    [[nodiscard]] Duration next_stop() const;

    Scene& scene_;
    Instant last_ = Calendar::kBegin;
    Duration busy_{};
    bool calm_ = false;
};

}  // namespace farshore::sim
