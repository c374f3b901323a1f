#include "lab/dynamo/write_log.h"

#include <algorithm>

namespace farshore::lab {

boost::json::object to_json(const WriteRecord& record) {
    return {
        {"n", record.n},
        {"at_ms", to_ms(record.at)},
        {"region", record.region.value()},
        {"table", record.table.value()},
        {"key", record.key},
        {"op", record.op},
        {"origin", to_string(record.origin)},
        {"version",
         boost::json::object{
             {"ts", record.version.at_us}, {"region", record.version.region.value()}
         }},
        {"outcome", to_string(record.outcome)},
        {"item_hash", record.item_hash},
    };
}

void WriteLog::add(WriteRecord record) {
    record.n = next_++;
    records_.push_back(std::move(record));
    if (records_.size() > entries_max_) {
        records_.pop_front();
    }
}

std::vector<WriteRecord> WriteLog::after(std::uint64_t after, std::size_t limit) const {
    const std::uint64_t from = std::max(after + 1, first());
    std::vector<WriteRecord> found;
    for (std::uint64_t n = from; n < next_ && found.size() < limit; ++n) {
        found.push_back(records_[n - first()]);
    }
    return found;
}

}  // namespace farshore::lab
