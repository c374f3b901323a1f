#include "core/failover/record.h"

namespace farshore::core {

RaisedFor raised_for(const AppRecord& record) {
    if (!record.operation || record.operation->plan.epoch_after != record.epoch) {
        return {};
    }
    const OperationRecord& operation = *record.operation;
    return {
        .operation = operation.plan.id,
        .verb = operation.plan.verb,
        .held_until = operation.held_until
    };
}

}  // namespace farshore::core
