#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "agent/app_gate.h"

namespace farshore::agent {

// Tells the ledger what the keys of the app's tables are made of, as DescribeTable says in the
// active Region, or else in the other: without it, the agent cannot look a write up in the standby.
// A table that cannot be described is asked for again at growing intervals and named once in the
// log; so is one whose keys differ between the Regions. Control thread only.
class KeyNames {
  public:
    KeyNames(const ports::Clock& clock, aws::AwsClient& aws, AppGate& gate)
        : clock_(&clock), dynamodb_(aws), gate_(&gate) {}

    enum class From {
        every_region,  // the key is the active Region's, and is compared with the others'
        any_region,    // the first answer will do, and the active Region is asked last
    };

    // Asks for the tables that were written to and whose keys are not known, when each is due.
    net::Task<> learn(Instant end, From from);

    // "; table `t` …" for each table whose key is not known, or is another one in the other Region.
    [[nodiscard]] std::string in_words() const;

  private:
    struct Failure {
        Instant again_at;
        Duration pause{};
        std::string why;
    };

    net::Task<> learn_one(TableName table, Instant end, From from);
    void failed(const TableName& table, const Error& error);
    void compare(const TableName& table, const std::vector<std::pair<RegionId, std::string>>& keys);

    const ports::Clock* clock_;
    aws::DynamoDb dynamodb_;
    AppGate* gate_;
    std::map<TableName, Failure> failures_;
    std::map<TableName, std::string> unlike_;
};

}  // namespace farshore::agent
