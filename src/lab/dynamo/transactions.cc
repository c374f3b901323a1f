#include <map>
#include <set>

#include <boost/json.hpp>

#include "lab/dynamo/capacity.h"
#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/operations.h"
#include "lab/dynamo/planned_write.h"
#include "lab/dynamo/request.h"
#include "lab/dynamo/value_json.h"

#include "sigv4/signer.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

constexpr std::size_t kActionsMax = 100;
constexpr std::size_t kBytesMax = 4 * 1024 * 1024;

Answer<const json::array*> actions_of(const Object& request) {
    const auto actions = required_array(request, "TransactItems");
    if (!actions) {
        return actions;
    }
    if ((*actions)->empty() || (*actions)->size() > kActionsMax) {
        return invalid(
            std::string{"1 validation error detected: Value "} +
            ((*actions)->empty() ? "'[]' " : "") +
            "at 'transactItems' failed to satisfy constraint: Member must have length " +
            ((*actions)->empty() ? "greater than or equal to 1" : "less than or equal to 100")
        );
    }
    return actions;
}

ServiceError twice_on_one_item() {
    return validation("Transaction request cannot include multiple operations on one item");
}

// The service refuses it; the words are ours.
ServiceError too_large() {
    return validation("The items of the transaction have more than 4 MB together");
}

using Read = Answer<WriteRequest> (*)(const Object&);

Answer<WriteRequest> read_action(const Json& action) {
    const Object* object = action.if_object();
    if (object == nullptr) {
        return std::unexpected(serialization("Unexpected value type in payload"));
    }
    const Object* chosen = nullptr;
    Read read = nullptr;
    std::size_t count = 0;
    constexpr std::array<std::pair<std::string_view, Read>, 4> kReads{
        {{"Put", read_put},
         {"Update", read_update},
         {"Delete", read_delete},
         {"ConditionCheck", read_check}}
    };
    for (const auto& [name, each] : kReads) {
        const auto found = optional_object(*object, name);
        if (!found) {
            return std::unexpected(found.error());
        }
        if (*found != nullptr) {
            chosen = *found;
            read = each;
            ++count;
        }
    }
    if (count != 1) {
        return invalid("TransactItems can only contain one of Check, Put, Update or Delete");
    }
    return read(*chosen);
}

json::object reason_for(const ServiceError& error) {
    const bool condition = error.type.ends_with("#ConditionalCheckFailedException");
    json::object reason{
        {"Code", condition ? "ConditionalCheckFailed" : "ValidationError"},
        {"Message", error.message}
    };
    if (const auto* item = error.more.if_contains("Item")) {
        reason["Item"] = *item;
    }
    return reason;
}

ServiceError cancelled(json::array reasons) {
    std::string codes;
    for (const Json& reason : reasons) {
        codes += codes.empty() ? "" : ", ";
        codes += reason.at("Code").get_string();
    }
    ServiceError error = dynamo_error(
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons [" + codes +
            "]"
    );
    error.more["CancellationReasons"] = std::move(reasons);
    return error;
}

// What the actions are refused for, one reason each; "None" while there is none.
class Reasons {
  public:
    explicit Reasons(std::size_t actions) : reasons_(actions, json::object{{"Code", "None"}}) {}

    [[nodiscard]] bool none() const { return !refused_; }

    [[nodiscard]] bool none(std::size_t action) const {
        return reasons_[action].at("Code").as_string() == "None";
    }

    void add(std::size_t action, const std::optional<ServiceError>& error) {
        if (error) {
            reasons_[action] = reason_for(*error);
            refused_ = true;
        }
    }

    [[nodiscard]] ServiceError cancelled() const {
        json::array all;
        for (const json::object& reason : reasons_) {
            all.push_back(reason);
        }
        return dynamo::cancelled(std::move(all));
    }

  private:
    std::vector<json::object> reasons_;
    bool refused_ = false;
};

// Takes all actions through one step after the other, so that what ends the whole is found wherever
// it stands, before anything that becomes one action's reason.
Answer<std::vector<PlannedWrite>> plan_all(Region& region, const json::array& actions) {
    std::vector<WriteRequest> requests;
    for (const Json& action : actions) {
        Answer<WriteRequest> request = read_action(action);
        if (!request) {
            return std::unexpected(std::move(request.error()));
        }
        requests.push_back(std::move(*request));
    }
    std::vector<PlannedWrite> writes;
    for (WriteRequest& request : requests) {
        Answer<PlannedWrite> write = find_target(region, std::move(request));
        if (!write) {
            return std::unexpected(std::move(write.error()));
        }
        writes.push_back(std::move(*write));
    }
    Reasons reasons{writes.size()};
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        PlannedWrite& write = writes[i];
        const TableDefinition& definition = write.table->definition;
        reasons.add(i, check_keys(write));
        if (reasons.none(i) &&
            !seen.emplace(definition.name.value(), location(definition.schema, write.key)).second) {
            return std::unexpected(twice_on_one_item());
        }
    }
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        if (reasons.none(i)) {
            reasons.add(i, judge(region, writes[i], false));
            bytes += bytes_of(writes[i]);
        }
    }
    if (bytes > kBytesMax) {
        return std::unexpected(too_large());
    }
    if (!reasons.none()) {
        return std::unexpected(reasons.cancelled());
    }
    return writes;
}

// nullopt inside: the request has none.
Answer<std::optional<std::string>> token_of(const Object& request) {
    constexpr std::size_t kTokenMax = 36;
    const auto token = optional_text(request, "ClientRequestToken");
    if (token && *token && ((*token)->empty() || (*token)->size() > kTokenMax)) {
        return invalid(
            "1 validation error detected: Value '" + **token +
            "' at 'clientRequestToken' failed to satisfy constraint: Member must have length " +
            ((*token)->empty() ? "greater than or equal to 1" : "less than or equal to 36")
        );
    }
    return token;
}

Answer<Object> carry_out_all(
    Region& region, const json::array& actions, const CapacityReport& capacity
) {
    Answer<std::vector<PlannedWrite>> writes = plan_all(region, actions);
    if (!writes) {
        return std::unexpected(std::move(writes.error()));
    }
    std::map<std::string, double> units;
    std::optional<ServiceError> failed;
    const Status done = region.store().together([&]() -> Status {
        for (PlannedWrite& write : *writes) {
            write.op = "TransactWriteItems";
            failed = carry_out(region, write);
            if (failed) {
                return fail(ErrorKind::unavailable, failed->message);
            }
            const std::size_t after = write.after ? stored_size(*write.after) : 0;
            units[write.table->definition.name.value()] += 2 * write_units(after);
        }
        return {};
    });
    if (!done) {
        return std::unexpected(failed ? std::move(*failed) : store_failure(done.error()));
    }
    Object answer;
    capacity.add_to(answer, units);
    return answer;
}

// One action of TransactGetItems.
struct Get {
    std::string table_name;
    const Table* table = nullptr;
    Item key;
    std::optional<Projection> projection;
};

Answer<Get> read_get(const Json& action) {
    const Object* object = action.if_object();
    const auto get =
        object == nullptr ? Answer<const Object*>{nullptr} : required_object(*object, "Get");
    if (!get || *get == nullptr) {
        return std::unexpected(
            get ? serialization("Unexpected value type in payload") : get.error()
        );
    }
    Answer<std::string> name = required_table_name(**get);
    Answer<Placeholders> placeholders =
        Placeholders::read(**get, has_any(**get, {"ProjectionExpression"}));
    if (!name || !placeholders) {
        return std::unexpected(!name ? name.error() : placeholders.error());
    }
    auto projection = optional_projection(**get, *placeholders);
    if (!projection) {
        return std::unexpected(std::move(projection.error()));
    }
    if (auto unused = placeholders->unused()) {
        return std::unexpected(std::move(*unused));
    }
    Answer<Item> key = given_key(**get);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    return Get{
        .table_name = std::move(*name), .key = std::move(*key), .projection = std::move(*projection)
    };
}

// In the same steps as writes.
Answer<std::vector<Get>> plan_gets(Region& region, const json::array& actions) {
    std::vector<Get> gets;
    for (const Json& action : actions) {
        Answer<Get> get = read_get(action);
        if (!get) {
            return std::unexpected(std::move(get.error()));
        }
        gets.push_back(std::move(*get));
    }
    for (Get& get : gets) {
        const Answer<Table*> table = region.usable(get.table_name);
        if (!table) {
            return std::unexpected(table.error());
        }
        get.table = *table;
        if (auto error = check_key_is_not_empty(get.table->definition.schema, get.key)) {
            return std::unexpected(std::move(*error));
        }
    }
    Reasons reasons{gets.size()};
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < gets.size(); ++i) {
        const KeySchema& schema = gets[i].table->definition.schema;
        reasons.add(i, check_key(schema, gets[i].key));
        if (reasons.none(i) &&
            !seen.emplace(gets[i].table_name, location(schema, gets[i].key)).second) {
            return std::unexpected(twice_on_one_item());
        }
    }
    if (!reasons.none()) {
        return std::unexpected(reasons.cancelled());
    }
    return gets;
}

}  // namespace

Answer<Object> transact_write_items(Cluster& /*cluster*/, Region& region, const Object& request) {
    const auto actions = actions_of(request);
    const Answer<CapacityReport> capacity = CapacityReport::read(request);
    const auto token = token_of(request);
    if (!actions || !capacity || !token) {
        return std::unexpected(
            !actions ? actions.error() : (!capacity ? capacity.error() : token.error())
        );
    }
    if (!*token) {
        return carry_out_all(region, **actions, *capacity);
    }
    const Instant now = region.clock().now();
    const std::string content = sigv4::sha256_hex(json::serialize(**actions));
    auto done = region.transaction_tokens().find(**token, content, now);
    if (!done) {
        return std::unexpected(std::move(done.error()));
    }
    if (*done) {
        return std::move(**done);
    }
    Answer<Object> answer = carry_out_all(region, **actions, *capacity);
    if (answer) {
        region.transaction_tokens().remember(**token, content, *answer, now);
    }
    return answer;
}

Answer<Object> transact_get_items(Cluster& /*cluster*/, Region& region, const Object& request) {
    const auto actions = actions_of(request);
    const Answer<CapacityReport> capacity = CapacityReport::read(request);
    if (!actions || !capacity) {
        return std::unexpected(!actions ? actions.error() : capacity.error());
    }
    const Answer<std::vector<Get>> gets = plan_gets(region, **actions);
    if (!gets) {
        return std::unexpected(gets.error());
    }
    std::map<std::string, double> units;
    json::array responses;
    std::size_t bytes = 0;
    for (const Get& get : *gets) {
        const Answer<std::optional<Item>> item = region.read(*get.table, get.key);
        if (!item) {
            return std::unexpected(item.error());
        }
        const std::size_t size = *item ? stored_size(**item) : 0;
        bytes += size;
        units[get.table->definition.name.value()] += 2 * read_units(size, true);
        responses.push_back(
            *item
                ? json::
                      object{{"Item", to_json(get.projection ? projected(*get.projection, **item) : **item)}
                      }
                : json::object{}
        );
    }
    if (bytes > kBytesMax) {
        return std::unexpected(too_large());
    }
    Object answer{{"Responses", std::move(responses)}};
    capacity->add_to(answer, units);
    return answer;
}

}  // namespace farshore::lab::dynamo
