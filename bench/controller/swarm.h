#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "wire/agent_protocol.h"

#include "bench/controller/observations.h"
#include "bench/controller/poll_loop.h"

namespace farshore::bench {

class Agent;

// What an agent's report says between two changes of its route or state, so that a report costs the
// swarm a few copies.
struct ReportText {
    std::vector<std::string> pieces;  // between them: host, boot, sequence
    std::uint64_t well = 0;           // all of its evidence, as a short report says it
};

// Hosts without traffic of their own, as a controller sees them: each opens its stream, reports at
// the product's rate, obeys at once, and counts its lease by its own clock. Hosts stand in both
// Regions in turn. Not thread-safe.
class Swarm {
  public:
    struct Options {
        std::size_t agents = 0;
        std::uint16_t port = 0;  // the controller's, on 127.0.0.1
        AppId app;
        std::vector<RegionId> regions;
    };

    Swarm(PollLoop& loop, Options options);
    ~Swarm();
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    // The n-th host, and its credential.
    [[nodiscard]] static HostId host(std::size_t number);
    [[nodiscard]] static std::string token(std::size_t number);

    // All of them connect now.
    void start();
    // Every connection of every agent ends now; each comes back as the product's agent does.
    void cut();
    // None comes back.
    void retire();

    // Forgets what was seen, and gives it.
    Observations begin_phase();

    [[nodiscard]] const Observations& seen() const { return seen_; }

    [[nodiscard]] const Gauges& gauges() const { return gauges_; }

    [[nodiscard]] std::size_t size() const { return options_.agents; }

  private:
    friend class Agent;

    [[nodiscard]] const ReportText& report_text(const wire::Report& like);

    PollLoop& loop_;
    Options options_;
    Observations seen_;
    Gauges gauges_;
    std::map<std::tuple<RegionId, Epoch, RegionId, RegionId, wire::WriteState>, ReportText> texts_;
    std::vector<std::unique_ptr<Agent>> agents_;
};

}  // namespace farshore::bench
