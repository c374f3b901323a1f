#pragma once

#include <map>

#include "adapters/aws/dynamodb.h"
#include "agent/app_gate.h"

namespace farshore::agent {

// Tells the ledger what the keys of the app's tables are made of, as DescribeTable says: without
// it, nobody can look a write up in the standby. A table that cannot be described is asked for
// again at growing intervals, and a missing permission is named once. Control thread only.
class KeyNames {
  public:
    KeyNames(const ports::Clock& clock, aws::AwsClient& aws, AppGate& gate)
        : clock_(&clock), dynamodb_(aws), gate_(&gate) {}

    // Asks for the tables that were written to for the first time, and whose turn it is.
    net::Task<> learn(Instant end);

    [[nodiscard]] std::uint64_t questions() const { return questions_; }

  private:
    struct Failure {
        Instant again_at;
        Duration pause{};
        bool told = false;
    };

    net::Task<> learn_one(TableName table, Instant end);
    void failed(const TableName& table, const Error& error);

    const ports::Clock* clock_;
    aws::DynamoDb dynamodb_;
    AppGate* gate_;
    std::map<TableName, Failure> failures_;
    std::uint64_t questions_ = 0;
};

}  // namespace farshore::agent
