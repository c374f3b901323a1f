#pragma once

#include <memory>
#include <string>

#include "base/time.h"

#include "dataplane/region_pool.h"
#include "dataplane/request_writer.h"

namespace farshore::dataplane {

// Looks at a Region when no application does: at each interval one small request on a connection
// opened for it and one on a warm connection, so that "only new connections fail" is seen, and the
// standby is known to work before it is needed. One thread.
class Prober {
  public:
    struct Environment {
        RegionPool* pool = nullptr;
        RequestWriter* writer = nullptr;
        const Limits* limits = nullptr;
        std::string target;
        std::string body;
        const ports::Clock* clock = nullptr;
        const Instant* now = nullptr;
    };

    explicit Prober(Environment environment);
    ~Prober();
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    void tick();
    // Frees finished connections. Only between rounds of events.
    void sweep();

  private:
    class Run;

    [[nodiscard]] std::string request() const;

    Environment environment_;
    std::string payload_hash_;
    std::unique_ptr<Run> fresh_;
    std::unique_ptr<Run> reused_;
};

}  // namespace farshore::dataplane
