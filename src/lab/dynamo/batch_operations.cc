#include <map>
#include <set>

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

namespace json = boost::json;

constexpr std::size_t kGetsMax = 100;
constexpr std::size_t kWritesMax = 25;
constexpr std::size_t kAnswerBytesMax = 16 * 1024 * 1024;

Answer<const Object*> request_items(const Object& request) {
    const auto items = required_object(request, "RequestItems");
    if (items && (*items)->empty()) {
        return invalid(
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy "
            "constraint: Member must have "
            "length greater than or equal to 1"
        );
    }
    return items;
}

// One table's part of BatchGetItem.
struct Gets {
    const Table* table = nullptr;
    std::vector<Item> keys;
    std::optional<Projection> projection;
    bool consistent = false;
};

Answer<Gets> read_gets(Region& region, const std::string& name, const Json& json) {
    if (!json.is_object()) {
        return std::unexpected(serialization("Unexpected value type in payload"));
    }
    const Object& part = json.get_object();
    const auto keys = required_array(part, "Keys");
    const auto consistent = optional_flag(part, "ConsistentRead", false);
    if (!keys || !consistent) {
        return std::unexpected(!keys ? keys.error() : consistent.error());
    }
    if ((*keys)->empty()) {
        return invalid(
            "1 validation error detected: Value '[]' at 'requestItems." + name +
            ".member.keys' failed to satisfy constraint: Member must have length greater than or "
            "equal to 1"
        );
    }
    if (auto mixed = check_not_mixed(part)) {
        return std::unexpected(std::move(*mixed));
    }
    Answer<Placeholders> placeholders =
        Placeholders::read(part, has_any(part, {"ProjectionExpression"}));
    if (!placeholders) {
        return std::unexpected(std::move(placeholders.error()));
    }
    auto projection = optional_projection(part, *placeholders);
    if (!projection) {
        return std::unexpected(std::move(projection.error()));
    }
    if (auto unused = placeholders->unused()) {
        return std::unexpected(std::move(*unused));
    }
    const Answer<Table*> table = region.usable(name);
    if (!table) {
        return std::unexpected(table.error());
    }
    Gets gets{.table = *table, .projection = std::move(*projection), .consistent = *consistent};
    std::set<std::string> seen;
    for (const Json& each : **keys) {
        Answer<Item> key = parse_item(each);
        if (!key) {
            return std::unexpected(std::move(key.error()));
        }
        if (auto error = check_key((*table)->definition.schema, *key)) {
            return std::unexpected(std::move(*error));
        }
        if (!seen.insert(location((*table)->definition.schema, *key)).second) {
            return invalid("Provided list of item keys contains duplicates");
        }
        gets.keys.push_back(std::move(*key));
    }
    return gets;
}

Answer<PlannedWrite> plan_one(Region& region, const std::string& table, const Json& json) {
    const Object* object = json.if_object();
    if (object == nullptr) {
        return std::unexpected(serialization("Unexpected value type in payload"));
    }
    const auto put = optional_object(*object, "PutRequest");
    const auto remove = optional_object(*object, "DeleteRequest");
    if (!put || !remove) {
        return std::unexpected(!put ? put.error() : remove.error());
    }
    if ((*put == nullptr) == (*remove == nullptr)) {
        return invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the supported datatypes"
        );
    }
    Object single = *put != nullptr ? **put : **remove;
    single["TableName"] = table;
    Answer<PlannedWrite> write =
        plan(region, *put != nullptr ? read_put(single) : read_delete(single));
    if (write) {
        write->op = "BatchWriteItem";
    }
    return write;
}

Answer<std::vector<PlannedWrite>> plan_writes(Region& region, const Object& tables) {
    std::vector<PlannedWrite> writes;
    std::set<std::pair<std::string, std::string>> seen;
    std::size_t count = 0;
    for (const auto& [name, list] : tables) {
        if (!list.is_array()) {
            return std::unexpected(serialization("Unexpected field type"));
        }
        count += list.get_array().size();
    }
    if (count > kWritesMax || count == 0) {
        return invalid(
            "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: "
            "Map value must satisfy "
            "constraint: [Member must have length less than or equal to 25, Member must have "
            "length greater than or "
            "equal to 1]"
        );
    }
    for (const auto& [name, list] : tables) {
        for (const Json& each : list.get_array()) {
            Answer<PlannedWrite> write = plan_one(region, std::string{name}, each);
            if (!write) {
                return std::unexpected(std::move(write.error()));
            }
            if (!seen.emplace(
                         std::string{name}, location(write->table->definition.schema, write->key)
                )
                     .second) {
                return invalid("Provided list of item keys contains duplicates");
            }
            writes.push_back(std::move(*write));
        }
    }
    return writes;
}

// Reads what fits into one answer; what does not comes back under UnprocessedKeys.
struct BatchAnswer {
    Object responses;
    Object unprocessed;
    std::map<std::string, double> units;
    std::size_t bytes = 0;

    std::optional<ServiceError> add(
        Region& region, const std::string& name, const Gets& gets, const Json& asked
    ) {
        json::array found;
        json::array left;
        for (const Item& key : gets.keys) {
            if (bytes >= kAnswerBytesMax) {
                left.push_back(to_json(key));
                continue;
            }
            const Answer<std::optional<Item>> item = region.read(*gets.table, key);
            if (!item) {
                return item.error();
            }
            const std::size_t size = *item ? stored_size(**item) : 0;
            bytes += size;
            units[name] += read_units(size, gets.consistent);
            if (*item) {
                found.push_back(
                    to_json(gets.projection ? projected(*gets.projection, **item) : **item)
                );
            }
        }
        responses[name] = std::move(found);
        if (!left.empty()) {
            Object rest = asked.get_object();
            rest["Keys"] = std::move(left);
            unprocessed[name] = std::move(rest);
        }
        return std::nullopt;
    }
};

}  // namespace

Answer<Object> batch_get_item(Cluster& /*cluster*/, Region& region, const Object& request) {
    const auto tables = request_items(request);
    const Answer<CapacityReport> capacity = CapacityReport::read(request);
    if (!tables || !capacity) {
        return std::unexpected(!tables ? tables.error() : capacity.error());
    }
    std::map<std::string, Gets> all;
    std::size_t count = 0;
    for (const auto& [name, part] : **tables) {
        Answer<Gets> gets = read_gets(region, std::string{name}, part);
        if (!gets) {
            return std::unexpected(std::move(gets.error()));
        }
        count += gets->keys.size();
        all.emplace(std::string{name}, std::move(*gets));
    }
    if (count > kGetsMax) {
        return invalid("Too many items requested for the BatchGetItem call");
    }
    BatchAnswer batch;
    for (const auto& [name, gets] : all) {
        if (auto error = batch.add(region, name, gets, (*tables)->at(name))) {
            return std::unexpected(std::move(*error));
        }
    }
    Object answer{
        {"Responses", std::move(batch.responses)}, {"UnprocessedKeys", std::move(batch.unprocessed)}
    };
    capacity->add_to(answer, batch.units);
    return answer;
}

Answer<Object> batch_write_item(Cluster& /*cluster*/, Region& region, const Object& request) {
    const auto tables = request_items(request);
    const Answer<CapacityReport> capacity = CapacityReport::read(request);
    if (!tables || !capacity) {
        return std::unexpected(!tables ? tables.error() : capacity.error());
    }
    Answer<std::vector<PlannedWrite>> writes = plan_writes(region, **tables);
    if (!writes) {
        return std::unexpected(std::move(writes.error()));
    }
    std::map<std::string, double> units;
    for (PlannedWrite& write : *writes) {
        if (auto error = carry_out(region, write)) {
            return std::unexpected(std::move(*error));
        }
        units[write.table->definition.name.value()] += write_units(bytes_of(write));
    }
    Object answer{{"UnprocessedItems", Object{}}};
    capacity->add_to(answer, units);
    return answer;
}

}  // namespace farshore::lab::dynamo
