#pragma once

#include <string>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/task_group.h"
#include "agent/registration_name.h"
#include "agent/signal.h"
#include "core/records/self_registration.h"
#include "ports/clock.h"
#include "wire/config.h"

namespace farshore::agent {

// Carries the errands of core::SelfRegistration to the epoch tables: it writes this host's
// registration there (wire/host_record.h), and takes it back. Control thread only.
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

    // What wants a register there calls look_again() afterwards.
    [[nodiscard]] core::SelfRegistration& decisions() { return decisions_; }

    void look_again() { changed_.notify(); }

    // Runs until the group stops.
    net::Task<> run(net::TaskGroup* tasks);

    // That hold an epoch table.
    [[nodiscard]] const std::vector<RegionId>& regions() const { return regions_; }

    [[nodiscard]] std::string state() const { return decisions_.state(); }

  private:
    using Errand = core::SelfRegistration::Errand;

    net::Task<> ask(Errand errand, RegionId region);
    [[nodiscard]] net::Task<Status> put(RegionId region, std::string register_id);
    [[nodiscard]] net::Task<Status> take_back(RegionId region);

    Parts parts_;
    aws::DynamoDb dynamodb_;
    std::vector<RegionId> regions_;
    core::SelfRegistration decisions_;
    std::string why_;  // a table has not done it, lately
    Signal changed_;
};

}  // namespace farshore::agent
