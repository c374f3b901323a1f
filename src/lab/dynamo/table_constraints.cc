// The lengths that CreateTable's names may have (service-2.json of botocore:
// KeySchemaAttributeName, IndexName, NonKeyAttributeName), and how many of what a table may have.
#include <boost/json.hpp>

#include "lab/dynamo/constraints.h"
#include "lab/dynamo/table.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";
constexpr std::size_t kNameMax = 255;
constexpr std::size_t kGlobalIndexesMax = 20;
constexpr std::size_t kLocalIndexesMax = 5;

const json::array* list_of(const Object& object, std::string_view key) {
    const Json* found = member(object, key);
    return found == nullptr ? nullptr : found->if_array();
}

std::string member_of(const std::string& list, std::size_t index) {
    return list + "." + std::to_string(index + 1) + ".member";
}

// Calls `visit(object, place)` for each element that is an object.
template <class Visit>
void each_object(
    const Object& object, std::string_view key, const std::string& where, Visit visit
) {
    const json::array* list = list_of(object, key);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        if (const Object* each = (*list)[i].if_object()) {
            visit(*each, member_of(where, i));
        }
    }
}

void check_attribute_names(
    Constraints& constraints, const Object& object, std::string_view key, const std::string& where
) {
    each_object(object, key, where, [&](const Object& each, const std::string& place) {
        constraints.length(member(each, "AttributeName"), place + ".attributeName", 1, kNameMax);
    });
}

void check_index(Constraints& constraints, const Object& index, const std::string& where) {
    const Json* name = member(index, "IndexName");
    constraints.length(name, where + ".indexName", 3, kNameMax);
    constraints.name_pattern(name, where + ".indexName");
    check_attribute_names(constraints, index, "KeySchema", where + ".keySchema");
    const Json* projection = member(index, "Projection");
    const Object* object = projection == nullptr ? nullptr : projection->if_object();
    const json::array* included =
        object == nullptr ? nullptr : list_of(*object, "NonKeyAttributes");
    const std::string place = where + ".projection.nonKeyAttributes";
    if (included != nullptr && included->empty()) {
        constraints.add("[]", place, "have length greater than or equal to 1");
    }
    for (std::size_t i = 0; included != nullptr && i < included->size(); ++i) {
        constraints.length(&(*included)[i], member_of(place, i), 1, kNameMax);
    }
}

}  // namespace

std::optional<ServiceError> check_definition_constraints(const Object& request) {
    Constraints constraints;
    check_attribute_names(constraints, request, "AttributeDefinitions", "attributeDefinitions");
    check_attribute_names(constraints, request, "KeySchema", "keySchema");
    for (const auto& [key, where] :
         {std::pair{"GlobalSecondaryIndexes", "globalSecondaryIndexes"},
          std::pair{"LocalSecondaryIndexes", "localSecondaryIndexes"}}) {
        each_object(request, key, where, [&](const Object& index, const std::string& place) {
            check_index(constraints, index, place);
        });
    }
    if (auto broken = constraints.broken()) {
        return broken;
    }
    for (const std::string key : {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}) {
        const json::array* list = list_of(request, key);
        if (list != nullptr && list->empty()) {
            return validation(std::string{kInvalid} + "List of " + key + " is empty");
        }
    }
    return std::nullopt;
}

std::optional<ServiceError> check_index_counts(const TableDefinition& definition) {
    const auto global = static_cast<std::size_t>(
        std::ranges::count(definition.indexes, true, &IndexDefinition::global)
    );
    if (global > kGlobalIndexesMax) {
        return validation(
            std::string{kInvalid} + "GlobalSecondaryIndex count exceeds the per-table limit of " +
            std::to_string(kGlobalIndexesMax)
        );
    }
    if (definition.indexes.size() - global > kLocalIndexesMax) {
        return validation(
            std::string{kInvalid} + "Number of LocalSecondaryIndexes exceeds per-table limit of " +
            std::to_string(kLocalIndexesMax)
        );
    }
    return std::nullopt;
}

}  // namespace farshore::lab::dynamo
