#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "sim/agent_words.h"
#include "sim/scene.h"

namespace farshore::sim {

// An attacker that holds one host's credential, and its role in AWS, and says that it is another
// host: one that exists, whose orders it acknowledges at once, or one that it has invented, which
// sees a Region fail. The controller decides what of that counts.
class Intruder {
  public:
    explicit Intruder(Scene& scene) : scene_(scene) {}

    // The fault's Region and host are the victim; `fault.to` is the Region of the host that holds
    // the credential.
    void impersonate(const Fault& fault);
    // `fault.amount` hosts of each Region, none of which there is; they see fault.at fail.
    void invent(const Fault& fault);
    void stop();

    // An order that a controller took it for the right one to give to.
    void take_order(const HostId& host, const Order& order);

    // As the host that it pretends to be.
    struct Mask {
        core::link::Sender as;  // whom it claims to be, and whose credential it shows
        Place from = 0;         // where it truly is
        std::uint64_t sequence = 0;
        Epoch epoch{1};
        std::optional<Place> sees_failing;
    };

  private:
    void speak(std::size_t mask, std::uint64_t round);
    void report(Mask& mask);
    // The host claims to stand in `home`; the holder of the credential is the first in `from`.
    [[nodiscard]] core::link::Sender as(std::size_t host, Place home, Place from);

    Scene& scene_;
    std::deque<Mask> masks_;
    std::uint64_t lives_ = 0;   // every mask is a process of its own
    std::uint64_t rounds_ = 0;  // masks of an earlier fault say nothing more
};

}  // namespace farshore::sim
