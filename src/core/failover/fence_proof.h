#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/verb.h"

namespace farshore::core {

// What is known about one registered agent while its old epoch is being fenced.
struct AgentStanding {
    HostId host;
    // It acknowledged a fence for an epoch of at least the new one: no write under an older one is
    // on its way any more, and none will start.
    bool fence_acknowledged = false;
    // The end of the last lease that a controller granted it, by the granter's clock.
    std::optional<Instant> granted_until;
};

struct FenceSituation {
    Epoch new_epoch;
    OnControllerLoss on_controller_loss = OnControllerLoss::verify;
    // When a majority of the epoch records was known to be raised. From then on no read of a
    // majority can confirm the old epoch. nullopt: not known yet.
    std::optional<Instant> raised_at;
    Duration lease{};              // length of a lease
    Duration clock_error{};        // drift of two clocks over one lease
    bool accept_unfenced = false;  // an operator takes the risk, by name
    // The register was lost with its store: hosts of it of which this controller has not heard may
    // hold permission until then. nullopt: the register names every host.
    std::optional<Instant> strangers_until;
    std::vector<AgentStanding> agents;
};

struct NotFenced {
    // When silence alone will have become proof; nullopt: never, an acknowledgement is needed.
    std::optional<Instant> certain_at;
    std::vector<HostId> missing;
    bool strangers = false;  // hosts that are not in the register may still write
};

// Proof that no host can write to the old Region under the old epoch. Only prove_fenced() makes
// such a proof, and the order that lets the new Region take writes cannot be made without it. It
// lives in memory only.
class FenceProof {
  public:
    [[nodiscard]] Epoch epoch() const { return epoch_; }

    // Hosts for which an operator's word stands in for the proof.
    [[nodiscard]] const std::vector<HostId>& unfenced() const { return unfenced_; }

    // Hosts that are not in the register may still write: an operator takes that risk.
    [[nodiscard]] bool strangers_accepted() const { return strangers_accepted_; }

  private:
    FenceProof(Epoch epoch, std::vector<HostId> unfenced, bool strangers_accepted)
        : epoch_(epoch), unfenced_(std::move(unfenced)), strangers_accepted_(strangers_accepted) {}

    friend std::expected<FenceProof, NotFenced> prove_fenced(const FenceSituation&, Instant);

    Epoch epoch_;
    std::vector<HostId> unfenced_;
    bool strangers_accepted_ = false;
};

static_assert(
    !std::is_constructible_v<FenceProof, Epoch, std::vector<HostId>, bool> &&
        !std::is_default_constructible_v<FenceProof>,
    "INV-S1: only prove_fenced() makes a proof"
);

// Two independent ways to be sure of an agent (INV-S1): it acknowledged, or whatever could have
// confirmed its old epoch has run out by more than two clocks can disagree. The holder of a lease
// counts from the start of its request, the granter from the grant: the granter is never early.
// Another controller that has not heard of the raise grants until one lease after it at the most
// (grant_permission.h).
[[nodiscard]] std::expected<FenceProof, NotFenced> prove_fenced(
    const FenceSituation& situation, Instant now
);

}  // namespace farshore::core
