#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/http_message.h"
#include "adapters/net/task_group.h"
#include "agent/app_gate.h"
#include "agent/verifier.h"

namespace farshore::agent {

// One probe's outcome, as the health documents show it.
struct Probe {
    bool ok = false;
    Duration took{};
    std::string error;
};

enum class HealthDepth {
    serving,  // a read through the active Region: may a load balancer send people here?
    home,     // a read from the Region that the host stands in
    deep,     // writes too
};
inline constexpr std::array<std::string_view, 3> kHealthDepthNames{"serving", "home", "deep"};

constexpr const auto& names_of(HealthDepth) {
    return kHealthDepthNames;
}

// One app's answers to "are you well?": each within a second, and at most one check of a kind a
// second and for each change of the host's route and permission, however many ask. Control thread
// only.
class Health {
  public:
    struct Parts {
        net::Io& io;
        std::shared_ptr<const ports::Clock> clock;
        net::TaskGroup& tasks;
        AppGate& gate;
        Verifier& verifier;
        aws::AwsClient& aws;  // to Regions directly
        RegionId home;
    };

    explicit Health(Parts parts);

    // 200 or 503 with a JSON document.
    net::Task<net::HttpResponse> check(HealthDepth depth);
    // 200 when users were moved away from `region`, by the route on disk; 503 when not; 404 when
    // the app has no such Region.
    [[nodiscard]] net::HttpResponse route53(const RegionId& region) const;

    // How often a check of this depth was really made.
    [[nodiscard]] std::uint64_t checks(HealthDepth depth) const;

  private:
    // What an answer stands on beside its probes.
    struct Ground {
        core::HostRoute route;
        core::WriteState write_state{};

        bool operator==(const Ground&) const = default;
    };

    struct Kept {
        std::optional<Instant> made_at;
        Ground ground;  // as it was when its probes began
        bool running = false;
        bool ok = false;
        std::string body;
        std::uint64_t checks = 0;
    };

    net::Task<> make(HealthDepth depth);
    net::Task<Probe> probe(HealthDepth depth, bool fresh);
    net::Task<> probe_into(
        HealthDepth depth, bool fresh, std::optional<Probe>* into, std::shared_ptr<void> keeps
    );
    net::Task<Probe> ask_region(RegionId region, bool fresh);
    [[nodiscard]] TableName table() const;
    [[nodiscard]] Ground ground() const;
    [[nodiscard]] bool holds(const Kept& kept) const;
    [[nodiscard]] std::string document(
        HealthDepth depth, bool ok, const Probe& fresh, const Probe& reused
    ) const;

    Parts parts_;
    aws::DynamoDb regions_;
    Signal made_;
    std::array<Kept, 3> kept_;
};

}  // namespace farshore::agent
