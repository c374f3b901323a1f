#include "lab/dynamo/table.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "lab/dynamo/constraints.h"
#include "lab/dynamo/request.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

Answer<std::vector<KeyAttribute>> read_attributes(const Object& request) {
    const auto array = required_array(request, "AttributeDefinitions");
    if (!array) {
        return std::unexpected(array.error());
    }
    std::vector<KeyAttribute> attributes;
    for (const Json& each : **array) {
        if (!each.is_object()) {
            return std::unexpected(serialization("Unexpected value type in payload"));
        }
        const auto name = optional_text(each.get_object(), "AttributeName");
        const auto type = optional_word(each.get_object(), "AttributeType", {"S", "N", "B"});
        if (!name || !type) {
            return std::unexpected(!name ? name.error() : type.error());
        }
        if (!*name || member(each.get_object(), "AttributeType") == nullptr) {
            return std::unexpected(must_not_be_null(
                "attributeDefinitions.1.member." +
                std::string{*name ? "attributeType" : "attributeName"}
            ));
        }
        const bool twice = std::ranges::any_of(attributes, [&](const KeyAttribute& a) {
            return a.name == **name;
        });
        if (twice) {
            return invalid("Cannot have two attributes with the same name");
        }
        attributes.push_back({.name = **name, .type = *type});
    }
    return attributes;
}

std::optional<KeyAttribute> declared(
    const std::vector<KeyAttribute>& attributes, std::string_view name
) {
    const auto found = std::ranges::find(attributes, name, &KeyAttribute::name);
    return found == attributes.end() ? std::nullopt : std::optional{*found};
}

ServiceError undeclared(const std::string& name) {
    return validation(
        std::string{kInvalid} +
        "Some index key attributes are not defined in AttributeDefinitions. Keys: [" + name + "]"
    );
}

Answer<KeySchema> read_schema(const Object& request, const std::vector<KeyAttribute>& attributes) {
    const auto array = required_array(request, "KeySchema");
    if (!array) {
        return std::unexpected(array.error());
    }
    if ((*array)->empty() || (*array)->size() > 2) {
        return invalid(
            "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: "
            "Member must have length between 1 and 2"
        );
    }
    KeySchema schema;
    for (std::size_t i = 0; i < (*array)->size(); ++i) {
        const Json& each = (**array)[i];
        if (!each.is_object()) {
            return std::unexpected(serialization("Unexpected value type in payload"));
        }
        const auto name = optional_text(each.get_object(), "AttributeName");
        const auto type = optional_word(each.get_object(), "KeyType", {"HASH", "RANGE"});
        if (!name || !type) {
            return std::unexpected(!name ? name.error() : type.error());
        }
        if (!*name) {
            return std::unexpected(must_not_be_null("keySchema.1.member.attributeName"));
        }
        if ((i == 0) != (*type == "HASH")) {
            return invalid(
                i == 0 ? "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
                       : "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
            );
        }
        const std::optional<KeyAttribute> attribute = declared(attributes, **name);
        if (!attribute) {
            return std::unexpected(undeclared(**name));
        }
        if (i == 0) {
            schema.hash = *attribute;
        } else if (attribute->name == schema.hash.name) {
            return invalid(
                "Both the Hash Key and the Range Key element in the KeySchema have the same name"
            );
        } else {
            schema.range = *attribute;
        }
    }
    return schema;
}

Answer<IndexDefinition> read_index(
    const Object& request, bool global, const std::vector<KeyAttribute>& attributes
) {
    const auto name = optional_text(request, "IndexName");
    if (!name || !*name) {
        return std::unexpected(name ? must_not_be_null("IndexName") : name.error());
    }
    Answer<KeySchema> schema = read_schema(request, attributes);
    if (!schema) {
        return std::unexpected(std::move(schema.error()));
    }
    IndexDefinition index{.name = **name, .global = global, .schema = std::move(*schema)};
    const auto projection = required_object(request, "Projection");
    if (!projection) {
        return std::unexpected(projection.error());
    }
    const auto type =
        optional_word(**projection, "ProjectionType", {"ALL", "KEYS_ONLY", "INCLUDE"});
    const auto included = optional_array(**projection, "NonKeyAttributes");
    if (!type || !included) {
        return std::unexpected(!type ? type.error() : included.error());
    }
    index.projection = *type;
    const bool wanted = *type == "INCLUDE";
    if (wanted != (*included != nullptr)) {
        return invalid(
            std::string{kInvalid} + "ProjectionType is " + *type + ", but NonKeyAttributes is " +
            (wanted ? "not specified" : "specified")
        );
    }
    if (*included != nullptr) {
        for (const Json& each : **included) {
            index.included.emplace_back(
                each.is_string() ? std::string{each.get_string()} : std::string{}
            );
        }
    }
    return index;
}

std::optional<ServiceError> read_indexes(const Object& request, TableDefinition& definition) {
    for (const bool global : {true, false}) {
        const auto array =
            optional_array(request, global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes");
        if (!array) {
            return array.error();
        }
        if (*array == nullptr) {
            continue;
        }
        for (const Json& each : **array) {
            if (!each.is_object()) {
                return serialization("Unexpected value type in payload");
            }
            Answer<IndexDefinition> index =
                read_index(each.get_object(), global, definition.attributes);
            if (!index) {
                return std::move(index.error());
            }
            if (definition.index(index->name) != nullptr) {
                return validation(std::string{kInvalid} + "Duplicate index name: " + index->name);
            }
            if (!global &&
                (!definition.schema.range || index->schema.hash != definition.schema.hash)) {
                return validation(
                    std::string{kInvalid} +
                    "Index KeySchema does not have the same leading hash key as table KeySchema "
                    "for index: " +
                    index->name
                );
            }
            definition.indexes.push_back(std::move(*index));
        }
    }
    return std::nullopt;
}

std::optional<ServiceError> check_all_used(const TableDefinition& definition) {
    for (const KeyAttribute& attribute : definition.attributes) {
        const bool used =
            definition.schema.has(attribute.name) ||
            std::ranges::any_of(definition.indexes, [&](const IndexDefinition& index) {
                return index.schema.has(attribute.name);
            });
        if (!used) {
            return validation(
                std::string{kInvalid} +
                "Number of attributes in KeySchema does not exactly match number of attributes "
                "defined in "
                "AttributeDefinitions"
            );
        }
    }
    return std::nullopt;
}

std::optional<ServiceError> read_throughput(const Object& request, TableDefinition& definition) {
    const auto mode = optional_word(request, "BillingMode", {"PROVISIONED", "PAY_PER_REQUEST"});
    const auto throughput = optional_object(request, "ProvisionedThroughput");
    if (!mode || !throughput) {
        return !mode ? mode.error() : throughput.error();
    }
    definition.on_demand = *mode == "PAY_PER_REQUEST";
    if (definition.on_demand && *throughput != nullptr) {
        return validation(
            std::string{kInvalid} +
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
            "PAY_PER_REQUEST"
        );
    }
    if (definition.on_demand) {
        return std::nullopt;
    }
    if (*throughput == nullptr) {
        return validation(
            std::string{kInvalid} +
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
            "PROVISIONED"
        );
    }
    const auto read = optional_integer(**throughput, "ReadCapacityUnits");
    const auto write = optional_integer(**throughput, "WriteCapacityUnits");
    if (!read || !write) {
        return !read ? read.error() : write.error();
    }
    if (read->value_or(0) < 1 || write->value_or(0) < 1) {
        return validation(
            "1 validation error detected: Value at 'provisionedThroughput' failed to satisfy "
            "constraint: Member must "
            "have value greater than or equal to 1"
        );
    }
    definition.read_units = **read;
    definition.write_units = **write;
    return std::nullopt;
}

std::optional<ServiceError> read_options(const Object& request, TableDefinition& definition) {
    const auto protection = optional_flag(request, "DeletionProtectionEnabled", false);
    const auto stream = read_stream(request);
    const auto tags = optional_array(request, "Tags");
    if (!protection || !stream || !tags) {
        return !protection ? protection.error() : !stream ? stream.error() : tags.error();
    }
    definition.deletion_protection = *protection;
    if (*stream && (*stream)->enabled == (*stream)->view.empty()) {
        return validation(
            std::string{kInvalid} +
            ((*stream)->enabled ? "Table is being created with a stream enabled, UpdateViewType is "
                                  "required"
                                : "Table is being created with a stream disabled, UpdateViewType "
                                  "should not be specified")
        );
    }
    definition.stream_view = *stream ? (*stream)->view : std::string{};
    if (*tags != nullptr) {
        return add_tags(**tags, definition.tags);
    }
    return std::nullopt;
}

}  // namespace

const IndexDefinition* TableDefinition::index(std::string_view wanted) const {
    const auto found = std::ranges::find(indexes, wanted, &IndexDefinition::name);
    return found == indexes.end() ? nullptr : &*found;
}

std::optional<ServiceError> add_tags(
    const json::array& list, std::map<std::string, std::string>& tags
) {
    constexpr std::size_t kTagsMax = 50;
    Constraints constraints;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto* object = list[i].if_object();
        const auto* key = object == nullptr ? nullptr : member(*object, "Key");
        const auto* value = object == nullptr ? nullptr : member(*object, "Value");
        if (key == nullptr || value == nullptr || !key->is_string() || !value->is_string()) {
            return serialization("Unexpected value type in payload");
        }
        const std::string where = "tags." + std::to_string(i + 1) + ".member.";
        constraints.length(key, where + "key", 1, 128);
        constraints.length(value, where + "value", 0, 256);
        tags.insert_or_assign(std::string{key->get_string()}, std::string{value->get_string()});
    }
    if (auto broken = constraints.broken()) {
        return broken;
    }
    if (tags.size() > kTagsMax) {
        return validation("Number of Tags exceed the current limit for the provided ResourceArn");
    }
    return std::nullopt;
}

Answer<std::optional<StreamWish>> read_stream(const Object& request) {
    const auto stream = optional_object(request, "StreamSpecification");
    if (!stream || *stream == nullptr) {
        return stream ? Answer<std::optional<StreamWish>>{std::nullopt}
                      : std::unexpected(stream.error());
    }
    const auto enabled = optional_flag(**stream, "StreamEnabled", false);
    const auto view = optional_text(**stream, "StreamViewType");
    if (!enabled || !view) {
        return std::unexpected(!enabled ? enabled.error() : view.error());
    }
    if (member(**stream, "StreamEnabled") == nullptr) {
        return std::unexpected(must_not_be_null("streamSpecification.streamEnabled"));
    }
    constexpr std::array<std::string_view, 4> kViews{
        "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"
    };
    if (*view && std::ranges::find(kViews, **view) == kViews.end()) {
        return invalid(
            "1 validation error detected: Value '" + **view +
            "' at 'streamSpecification.streamViewType' failed to satisfy constraint: Member must "
            "satisfy enum value set: [NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY]"
        );
    }
    return StreamWish{.enabled = *enabled, .view = view->value_or("")};
}

std::optional<ServiceError> change_throughput(const Object& request, TableDefinition& definition) {
    if (!has_any(request, {"BillingMode", "ProvisionedThroughput"})) {
        return std::nullopt;
    }
    Object whole = request;
    if (member(request, "BillingMode") == nullptr) {
        whole["BillingMode"] = definition.on_demand ? "PAY_PER_REQUEST" : "PROVISIONED";
    } else if (member(request, "ProvisionedThroughput") == nullptr && !definition.on_demand) {
        whole["ProvisionedThroughput"] = Object{
            {"ReadCapacityUnits", definition.read_units},
            {"WriteCapacityUnits", definition.write_units}
        };
        const auto mode = optional_word(request, "BillingMode", {"PROVISIONED", "PAY_PER_REQUEST"});
        if (mode && *mode == "PAY_PER_REQUEST") {
            whole.erase("ProvisionedThroughput");
        }
    }
    return read_throughput(whole, definition);
}

Answer<TableDefinition> read_definition(const Object& request) {
    TableDefinition definition;
    const Answer<std::string> name = required_table_name(request);
    if (!name) {
        return std::unexpected(name.error());
    }
    definition.name = TableName{*name};
    if (auto broken = check_definition_constraints(request)) {
        return std::unexpected(std::move(*broken));
    }
    Answer<std::vector<KeyAttribute>> attributes = read_attributes(request);
    if (!attributes) {
        return std::unexpected(std::move(attributes.error()));
    }
    definition.attributes = std::move(*attributes);
    if (auto error = read_throughput(request, definition)) {
        return std::unexpected(std::move(*error));
    }
    Answer<KeySchema> schema = read_schema(request, definition.attributes);
    if (!schema) {
        return std::unexpected(std::move(schema.error()));
    }
    definition.schema = std::move(*schema);
    if (auto error = read_indexes(request, definition)) {
        return std::unexpected(std::move(*error));
    }
    if (auto error = check_index_counts(definition)) {
        return std::unexpected(std::move(*error));
    }
    if (auto error = check_all_used(definition)) {
        return std::unexpected(std::move(*error));
    }
    if (auto error = read_options(request, definition)) {
        return std::unexpected(std::move(*error));
    }
    return definition;
}

}  // namespace farshore::lab::dynamo
