#pragma once

#include <string>
#include <utility>

#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "base/ids.h"
#include "core/evidence/evidence_book.h"
#include "core/evidence/probe_round.h"
#include "ports/clock.h"

namespace farshore::agent {

// Asks another Region's health URL, over fresh and over kept connections, each on time whatever
// hangs (core::ProbeRound), and writes down what it saw. Control thread only.
class StackProber {
  public:
    struct Parts {
        net::Io& io;
        const ports::Clock& clock;
        net::HttpClient& http;
        core::EvidenceBook& book;
        RegionId region;
        std::string url;
        Duration every;
    };

    explicit StackProber(Parts parts)
        : parts_(std::move(parts)),
          fresh_({.every = parts_.every, .under_way_max = core::kHangingProbesMax}),
          kept_({.every = parts_.every}) {}

    // Runs until the group stops, which has to be idle before this ends.
    net::Task<> run(net::TaskGroup* tasks);

  private:
    net::Task<> probe(core::Path path, core::ProbeRound* round);

    Parts parts_;
    // Kept connections are asked one after the other: two at once would be two connections.
    core::ProbeRound fresh_;
    core::ProbeRound kept_;
};

}  // namespace farshore::agent
