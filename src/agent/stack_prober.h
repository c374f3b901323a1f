#pragma once

#include <string>
#include <utility>

#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "base/ids.h"
#include "core/evidence/evidence_book.h"
#include "ports/clock.h"

namespace farshore::agent {

// Asks another Region's health URL, over a fresh and over a kept connection by turns of one probe
// each, and writes down what it saw. Control thread only.
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

    explicit StackProber(Parts parts) : parts_(std::move(parts)) {}

    // Runs until the group stops.
    net::Task<> run(net::TaskGroup* tasks);

  private:
    net::Task<> probe(core::Path path);

    Parts parts_;
};

}  // namespace farshore::agent
