#include <algorithm>

#include <boost/json.hpp>

#include "lab/dynamo/capacity.h"
#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/legacy.h"
#include "lab/dynamo/operations.h"
#include "lab/dynamo/planned_write.h"
#include "lab/dynamo/request.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

void add_attributes(Object& answer, const Item& item) {
    if (!item.empty()) {
        answer["Attributes"] = to_json(item);
    }
}

// ItemCollectionMetrics only exists for tables with local indexes.
void add_collection(Object& answer, const Object& request, const PlannedWrite& write) {
    const auto* asked = member(request, "ReturnItemCollectionMetrics");
    const bool local = std::ranges::any_of(
        write.table->definition.indexes, [](const IndexDefinition& index) { return !index.global; }
    );
    if (asked == nullptr || !asked->is_string() || asked->get_string() != "SIZE" || !local) {
        return;
    }
    const std::string& hash = write.table->definition.schema.hash.name;
    answer["ItemCollectionMetrics"] = Object{
        {"ItemCollectionKey", Object{{hash, to_json(write.key.find(hash)->second)}}},
        {"SizeEstimateRangeGB", boost::json::array{0.0, 1.0}},
    };
}

using Read = Answer<WriteRequest> (*)(const Object&);

// Plans a write, carries it out, and answers; `returns` adds the attributes that were asked for.
template <class Returns>
Answer<Object> run_write(Region& region, const Object& request, Read read, Returns returns) {
    const Answer<CapacityReport> capacity = CapacityReport::read(request);
    if (!capacity) {
        return std::unexpected(capacity.error());
    }
    const auto metrics = optional_word(request, "ReturnItemCollectionMetrics", {"NONE", "SIZE"});
    if (!metrics) {
        return std::unexpected(metrics.error());
    }
    Answer<PlannedWrite> write = plan(region, read(request));
    if (!write) {
        return std::unexpected(std::move(write.error()));
    }
    if (auto error = carry_out(region, *write)) {
        return std::unexpected(std::move(*error));
    }
    Object answer;
    returns(answer, *write);
    const double units = write_units(bytes_of(*write));
    capacity->add_to(answer, write->table->definition.name.value(), units);
    add_collection(answer, request, *write);
    return answer;
}

Answer<bool> wants_old(const Object& request) {
    const auto word = optional_word(
        request, "ReturnValues", {"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"}
    );
    if (!word) {
        return std::unexpected(word.error());
    }
    if (*word != "NONE" && *word != "ALL_OLD") {
        return invalid("Return values set to invalid value");
    }
    return *word == "ALL_OLD";
}

}  // namespace

Answer<Object> put_item(Cluster& /*cluster*/, Region& region, const Object& request) {
    const Answer<bool> old = wants_old(request);
    if (!old) {
        return std::unexpected(old.error());
    }
    return run_write(region, request, read_put, [&old](Object& answer, const PlannedWrite& write) {
        if (*old && write.before) {
            add_attributes(answer, *write.before);
        }
    });
}

Answer<Object> delete_item(Cluster& /*cluster*/, Region& region, const Object& request) {
    const Answer<bool> old = wants_old(request);
    if (!old) {
        return std::unexpected(old.error());
    }
    return run_write(
        region,
        request,
        read_delete,
        [&old](Object& answer, const PlannedWrite& write) {
            if (*old && write.before) {
                add_attributes(answer, *write.before);
            }
        }
    );
}

Answer<Object> update_item(Cluster& /*cluster*/, Region& region, const Object& request) {
    const auto wanted = optional_word(
        request, "ReturnValues", {"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"}
    );
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    return run_write(
        region,
        request,
        read_update,
        [&wanted](Object& answer, const PlannedWrite& write) {
            if (*wanted == "ALL_NEW") {
                add_attributes(answer, *write.after);
            } else if (*wanted == "UPDATED_NEW") {
                add_attributes(answer, projected(write.written, *write.after));
            } else if (*wanted == "ALL_OLD" && write.before) {
                add_attributes(answer, *write.before);
            } else if (*wanted == "UPDATED_OLD" && write.before) {
                add_attributes(answer, projected(write.written, *write.before));
            }
        }
    );
}

Answer<Object> get_item(Cluster& /*cluster*/, Region& region, const Object& request) {
    const Answer<std::string> name = required_table_name(request);
    const Answer<CapacityReport> capacity = CapacityReport::read(request);
    const Answer<bool> consistent = optional_flag(request, "ConsistentRead", false);
    if (!name || !capacity || !consistent) {
        return std::unexpected(
            !name       ? name.error()
            : !capacity ? capacity.error()
                        : consistent.error()
        );
    }
    if (auto mixed = check_not_mixed(request)) {
        return std::unexpected(std::move(*mixed));
    }
    Answer<Placeholders> placeholders =
        Placeholders::read(request, has_any(request, {"ProjectionExpression"}));
    if (!placeholders) {
        return std::unexpected(std::move(placeholders.error()));
    }
    const auto projection = optional_projection(request, *placeholders);
    if (!projection) {
        return std::unexpected(projection.error());
    }
    if (auto unused = placeholders->unused()) {
        return std::unexpected(std::move(*unused));
    }
    const Answer<Table*> table = region.usable(*name);
    if (!table) {
        return std::unexpected(table.error());
    }
    const Answer<Item> key = given_key(request);
    if (!key) {
        return std::unexpected(key.error());
    }
    if (auto error = check_key((*table)->definition.schema, *key)) {
        return std::unexpected(std::move(*error));
    }
    const Answer<std::optional<Item>> item = region.read(**table, *key);
    if (!item) {
        return std::unexpected(item.error());
    }
    Object answer;
    if (*item) {
        answer["Item"] = to_json(*projection ? projected(**projection, **item) : **item);
    }
    capacity->add_to(answer, *name, read_units(*item ? stored_size(**item) : 0, *consistent));
    return answer;
}

}  // namespace farshore::lab::dynamo
