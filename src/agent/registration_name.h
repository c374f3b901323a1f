#pragma once

#include <memory>
#include <string>

#include "adapters/aws/client.h"
#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "agent/blocking_pool.h"
#include "ports/clock.h"
#include "wire/config.h"

namespace farshore::agent {

// Under what name this host registers itself in the epoch tables (wire/host_record.h): its own, or
// what IAM calls aws:userid, which a policy for a role of many hosts can bind to its caller
// (docs/iam.md). STS is asked for that once in each process's life, and the answer is kept on disk,
// so that an agent that starts while STS does not answer can register itself. Control thread only.
class RegistrationName {
  public:
    struct Parts {
        net::Io& io;
        const ports::Clock& clock;
        net::HttpClient& http;
        BlockingPool& files;
        const config::AgentConfig& config;
        const aws::AwsClient& aws;
        aws::CredentialsProvider& aws_keys;
    };

    // Reads what is on disk. Blocking; at start only.
    explicit RegistrationName(Parts parts);

    // Empty: not known yet, see why().
    [[nodiscard]] const std::string& text() const { return name_; }

    [[nodiscard]] const std::string& why() const { return why_; }

    // Asks until there is an answer.
    net::Task<> run(net::TaskGroup* tasks);

  private:
    net::Task<Result<std::string>> ask();
    void keep(const std::string& name);

    Parts parts_;
    std::string name_;
    std::string why_ = "STS has not said yet who this host is";
};

// What aws:userid is of a role's session that is named as the host is. Errors: denied, with a
// remedy. Pure.
[[nodiscard]] Result<std::string> registration_name_of(
    const std::string& user_id, const HostId& host
);

}  // namespace farshore::agent
