#include "lab/dynamo/capacity.h"

#include <boost/json.hpp>

namespace farshore::lab::dynamo {

double read_units(std::size_t bytes, bool consistent) {
    const auto blocks = static_cast<double>(bytes == 0 ? 1 : (bytes + 4095) / 4096);
    return consistent ? blocks : blocks / 2;
}

double write_units(std::size_t bytes) {
    return static_cast<double>(bytes == 0 ? 1 : (bytes + 1023) / 1024);
}

Answer<CapacityReport> CapacityReport::read(const Object& request) {
    const auto word =
        optional_word(request, "ReturnConsumedCapacity", {"NONE", "TOTAL", "INDEXES"});
    if (!word) {
        return std::unexpected(word.error());
    }
    CapacityReport report;
    report.total_ = *word != "NONE";
    report.indexes_ = *word == "INDEXES";
    return report;
}

Object CapacityReport::describe(const std::string& table, double units) const {
    Object out{{"TableName", table}, {"CapacityUnits", units}};
    if (indexes_) {
        out["Table"] = Object{{"CapacityUnits", units}};
    }
    return out;
}

void CapacityReport::add_to(Object& answer, const std::string& table, double units) const {
    if (total_) {
        answer["ConsumedCapacity"] = describe(table, units);
    }
}

void CapacityReport::add_to(Object& answer, const std::map<std::string, double>& units) const {
    if (!total_) {
        return;
    }
    boost::json::array list;
    for (const auto& [table, each] : units) {
        list.push_back(describe(table, each));
    }
    answer["ConsumedCapacity"] = std::move(list);
}

}  // namespace farshore::lab::dynamo
