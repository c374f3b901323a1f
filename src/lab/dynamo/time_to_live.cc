#include "lab/dynamo/time_to_live.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <boost/json.hpp>

#include "lab/dynamo/constraints.h"
#include "lab/dynamo/operations.h"
#include "lab/dynamo/replicas.h"
#include "lab/dynamo/request.h"

namespace farshore::lab::dynamo {
namespace {

// DynamoDB leaves alone what is older: a wrong attribute must not empty a table.
constexpr std::int64_t kPastMaxS = std::int64_t{5} * 365 * 24 * 60 * 60;
// "It can take up to one hour for the change to fully process. Any additional UpdateTimeToLive
// calls for the same table during this one hour duration result in a ValidationException."
constexpr std::int64_t kChangesApartMs = std::int64_t{60} * 60 * 1000;

constexpr std::string_view kWhere = "timeToLiveSpecification";

struct Specification {
    bool enabled = false;
    std::string attribute;
};

Answer<Specification> read_specification(const Object& request) {
    const std::string where{kWhere};
    const auto object = required_object(request, "TimeToLiveSpecification");
    if (!object) {
        return std::unexpected(object.error());
    }
    const auto enabled = optional_flag(**object, "Enabled", false);
    const auto attribute = optional_text(**object, "AttributeName");
    if (!enabled || !attribute) {
        return std::unexpected(!enabled ? enabled.error() : attribute.error());
    }
    if (member(**object, "Enabled") == nullptr) {
        return std::unexpected(must_not_be_null(where + ".enabled"));
    }
    if (!*attribute) {
        return std::unexpected(must_not_be_null(where + ".attributeName"));
    }
    Constraints constraints;
    constraints.length(member(**object, "AttributeName"), where + ".attributeName", 1, 255);
    if (auto broken = constraints.broken()) {
        return std::unexpected(std::move(*broken));
    }
    return Specification{.enabled = *enabled, .attribute = **attribute};
}

Answer<Table*> described_table(Region& region, const Object& request) {
    const Answer<std::string> name = required_table_name(request);
    if (!name) {
        return std::unexpected(name.error());
    }
    Table* table = region.find(TableName{*name});
    return table != nullptr ? Answer<Table*>{table} : std::unexpected(no_such_table(*name));
}

// The present state first: what it already is cannot be a change too many.
std::optional<ServiceError> check_change(
    const Region& region, const Table& table, const Specification& wanted
) {
    const auto& now = table.definition.ttl_attribute;
    if (!now && !wanted.enabled) {
        return validation("TimeToLive is already disabled");
    }
    if (now && *now != wanted.attribute) {
        return validation(
            "TimeToLive is active on a different AttributeName: current AttributeName is " + *now
        );
    }
    if (now && wanted.enabled) {
        return validation("TimeToLive is already enabled");
    }
    if (to_ms(region.clock().wall()) - table.ttl_changed_ms < kChangesApartMs) {
        return validation("Time to live has been modified multiple times within a fixed interval");
    }
    return std::nullopt;
}

// Seconds since 1970. nullopt: not a time that ends an item.
std::optional<std::int64_t> end_of(const Item& item, const std::string& attribute) {
    const auto found = item.find(attribute);
    const Decimal* number = found == item.end() ? nullptr : as<Decimal>(found->second);
    if (number == nullptr) {
        return std::nullopt;
    }
    const std::string text = number->text();
    std::int64_t whole = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    const bool is_time =
        error == std::errc{} && text.find_first_not_of("0123456789.") == std::string::npos;
    return is_time ? std::optional{whole} : std::nullopt;
}

}  // namespace

Answer<Object> update_time_to_live(Cluster& cluster, Region& region, const Object& request) {
    const Answer<Specification> wanted = read_specification(request);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    const Answer<Table*> table = described_table(region, request);
    if (!table) {
        return std::unexpected(table.error());
    }
    if (!(*table)->is_active(region.clock().now())) {
        return std::unexpected(being_created((*table)->definition.name));
    }
    if (const auto being_made = replica_being_made(cluster, region, **table)) {
        return invalid(
            "Create/Update/Delete of replica is not allowed while the replica is being added to "
            "table with name: '" +
            (*table)->definition.name.value() + "' in region: '" + being_made->value() + "'."
        );
    }
    if (auto error = check_change(region, **table, *wanted)) {
        return std::unexpected(std::move(*error));
    }
    for (Region* holder : holders(cluster, region, **table)) {
        Table* copy = holder->find((*table)->definition.name);
        copy->definition.ttl_attribute =
            wanted->enabled ? std::optional{wanted->attribute} : std::nullopt;
        copy->ttl_changed_ms = to_ms(region.clock().wall());
        const Status saved = holder->save(*copy);
        if (!saved) {
            return std::unexpected(store_failure(saved.error()));
        }
    }
    return Object{
        {"TimeToLiveSpecification",
         Object{{"Enabled", wanted->enabled}, {"AttributeName", wanted->attribute}}}
    };
}

Answer<Object> describe_time_to_live(Cluster& /*cluster*/, Region& region, const Object& request) {
    const Answer<Table*> table = described_table(region, request);
    if (!table) {
        return std::unexpected(table.error());
    }
    if (!(*table)->is_active(region.clock().now())) {
        return invalid(
            "Cannot describe time to live while table is in CREATING state: Current table state "
            "is CREATING"
        );
    }
    Object described{{"TimeToLiveStatus", "DISABLED"}};
    if (const auto& attribute = (*table)->definition.ttl_attribute) {
        described = {{"TimeToLiveStatus", "ENABLED"}, {"AttributeName", *attribute}};
    }
    return Object{{"TimeToLiveDescription", std::move(described)}};
}

void Expiry::sweep() {
    for (auto& [id, region] : cluster_.regions) {
        for (const Table* table : region->tables()) {
            if (table->definition.ttl_attribute) {
                sweep(*region, *table);
            }
        }
    }
}

void Expiry::sweep(Region& region, const Table& table) {
    const std::int64_t now_s = to_ms(region.clock().wall()) / 1000;
    const std::pair place{region.id(), table.definition.name};
    const auto began = next_.extract(place);  // kept while a walk is under way
    std::string next;
    std::vector<Item> ended;
    std::size_t looks = 0;
    bool more = false;
    const Status visited = region.store().visit(
        table.number,
        {.from = began.empty() ? std::string{} : began.mapped(), .to = {}},
        {},
        [&](std::string_view where, StoredItem stored) {
            more = looks++ == looks_max_;
            if (more) {
                next = std::string{where};
                return false;
            }
            const auto end = end_of(stored.item, *table.definition.ttl_attribute);
            const bool mine = stored.version.region == region.id() ||
                              !table.replicas.contains(stored.version.region);
            if (mine && end && *end < now_s && *end >= now_s - kPastMaxS) {
                ended.push_back(std::move(stored.item));
            }
            return true;
        }
    );
    // A store that fails here fails for its clients too, and tells them.
    for (const Item& item : ended) {
        const Answer<Item> key = key_of(table.definition.schema, item);
        if (!visited || !key ||
            region.write(table, *key, std::nullopt, "TimeToLive", WriteOrigin::service)) {
            return;
        }
    }
    if (more) {
        next_.emplace(place, std::move(next));
    }
}

}  // namespace farshore::lab::dynamo
