#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/task_group.h"
#include "agent/registration_name.h"
#include "agent/signal.h"
#include "ports/clock.h"
#include "wire/config.h"

namespace farshore::agent {

// Makes sure that no fence overlooks this host. A host that takes permission to write from the
// epoch records must be in the register that the records name: either a controller of that register
// has heard our hello, or we have written a registration of our own into a majority of the epoch
// tables (wire/host_record.h). Control thread only.
class HostRegistration {
  public:
    struct Parts {
        net::Io& io;
        const ports::Clock& clock;
        aws::AwsClient& aws;
        Signal& registered;  // a confirmation may be worth asking for again
        const config::AgentApp& app;
        HostId host;
        const RegistrationName& name;
        RegionId home;
        BootId boot;
    };

    explicit HostRegistration(Parts parts);

    // A controller of this register has accepted our hello.
    void enrolled(const std::string& register_id);

    // May records of this register, read from `started` on, confirm us? What was read before we
    // were known may come from before a fence that did not wait for us.
    [[nodiscard]] bool covers(const std::string& register_id, Instant started) const;

    // The epoch records name this register, and would confirm us if it knew this host.
    void want(const std::string& register_id);

    // Runs until the group stops.
    net::Task<> run(net::TaskGroup* tasks);

    // "by hello" or "by itself"; empty: no register knows this host.
    [[nodiscard]] std::string state() const;

  private:
    struct Known {
        std::string register_id;
        Instant since;
    };

    struct Round {
        std::size_t ended = 0;
        std::size_t done = 0;
        std::string why;
    };

    net::Task<> put(std::shared_ptr<Round> round, RegionId region, std::string register_id);
    net::Task<> take_back(std::shared_ptr<Round> round, RegionId region);
    // All Regions at once; true when a majority did it.
    net::Task<bool> everywhere(net::TaskGroup* tasks, bool add, std::string register_id);

    Parts parts_;
    aws::DynamoDb dynamodb_;
    std::vector<RegionId> regions_;
    Instant started_at_;
    std::optional<Known> by_hello_;
    std::optional<Known> by_ourselves_;
    std::optional<std::string> wanted_;
    Signal wanted_signal_;
    Signal round_changed_;
};

}  // namespace farshore::agent
