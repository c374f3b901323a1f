#pragma once

#include <string>

#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "agent/evidence_book.h"
#include "base/ids.h"
#include "ports/clock.h"

namespace farshore::agent {

// Asks another Region's health URL, over a fresh and over a kept connection by turns of one probe
// each, and writes down what it saw. Control thread only.
class StackProber {
  public:
    StackProber(
        net::Io& io,
        const ports::Clock& clock,
        net::HttpClient& http,
        EvidenceBook& book,
        RegionId region,
        std::string url,
        Duration every
    );

    // Runs until the group stops.
    net::Task<> run(net::TaskGroup* tasks);

  private:
    net::Task<> probe(wire::EvidencePath path);

    net::Io* io_;
    const ports::Clock* clock_;
    net::HttpClient* http_;
    EvidenceBook* book_;
    RegionId region_;
    std::string url_;
    Duration every_;
};

}  // namespace farshore::agent
