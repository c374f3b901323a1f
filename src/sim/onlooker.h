#pragma once

#include "core/failover/record.h"

#include "sim/tables.h"

namespace farshore::sim {

struct Scene;

// What a measurement hears of a world while it is played: the chronicle tells it. It sees the whole
// world, and no part of the world sees it.
class Onlooker {
  public:
    Onlooker() = default;
    Onlooker(const Onlooker&) = delete;
    Onlooker& operator=(const Onlooker&) = delete;
    virtual ~Onlooker() = default;

    // The world stands, and stays there until closed().
    virtual void opened(const Scene& scene) = 0;
    // A shopper has the answer that the write took effect; `epoch`: under which it was sent.
    virtual void acknowledged(std::size_t key, WriteId id, Epoch epoch) = 0;
    // A shopper's write was refused by an agent, or failed.
    virtual void spoiled() = 0;
    // The record of the first controller is durable.
    virtual void saved(const core::AppRecord& record) = 0;
    // Once a second of the story, where it is played.
    virtual void looked() = 0;
    // Everything that was under way has arrived.
    virtual void closed() = 0;

    // Nothing that comes is of interest: the world may end.
    [[nodiscard]] virtual bool has_seen_enough() const = 0;
};

}  // namespace farshore::sim
