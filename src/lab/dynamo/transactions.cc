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

Answer<const json::array*> actions_of(const Object& request) {
    const auto actions = required_array(request, "TransactItems");
    if (!actions) {
        return actions;
    }
    if ((*actions)->empty() || (*actions)->size() > kActionsMax) {
        return invalid(
            std::string{"1 validation error detected: Value at 'transactItems' failed to satisfy "
                        "constraint: Member must have length "} +
            ((*actions)->empty() ? "greater than or equal to 1" : "less than or equal to 100")
        );
    }
    return actions;
}

using Plan = Answer<PlannedWrite> (*)(Region&, const Object&);

Answer<PlannedWrite> plan_action(Region& region, const Json& action) {
    const Object* object = action.if_object();
    if (object == nullptr) {
        return std::unexpected(serialization("Unexpected value type in payload"));
    }
    const Object* chosen = nullptr;
    Plan plan = nullptr;
    std::size_t count = 0;
    constexpr std::array<std::pair<std::string_view, Plan>, 4> kPlans{
        {{"Put", plan_put},
         {"Update", plan_update},
         {"Delete", plan_delete},
         {"ConditionCheck", plan_check}}
    };
    for (const auto& [name, each] : kPlans) {
        const auto found = optional_object(*object, name);
        if (!found) {
            return std::unexpected(found.error());
        }
        if (*found != nullptr) {
            chosen = *found;
            plan = each;
            ++count;
        }
    }
    if (count != 1) {
        return invalid("TransactItems can only contain one of Check, Put, Update or Delete");
    }
    Answer<PlannedWrite> write = plan(region, *chosen);
    if (write) {
        write->op = "TransactWriteItems";
    }
    return write;
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

// Judges every action before any is carried out. Errors that only the request is to blame for end
// the whole at once; those that depend on items become cancellation reasons.
Answer<std::vector<PlannedWrite>> plan_all(Region& region, const json::array& actions) {
    std::vector<PlannedWrite> writes;
    std::set<std::pair<std::string, std::string>> seen;
    json::array reasons;
    bool refused = false;
    for (const Json& action : actions) {
        Answer<PlannedWrite> write = plan_action(region, action);
        if (!write) {
            if (!write.error().type.ends_with("#ConditionalCheckFailedException")) {
                return std::unexpected(std::move(write.error()));
            }
            refused = true;
            reasons.push_back(reason_for(write.error()));
            continue;
        }
        reasons.push_back(json::object{{"Code", "None"}});
        const TableDefinition& definition = write->table->definition;
        if (!seen.emplace(definition.name.value(), location(definition.schema, write->key))
                 .second) {
            return invalid("Transaction request cannot include multiple operations on one item");
        }
        writes.push_back(std::move(*write));
    }
    if (refused) {
        return std::unexpected(cancelled(std::move(reasons)));
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

Answer<Object> transact_get_items(Cluster& cluster, Region& region, const Object& request) {
    const auto actions = actions_of(request);
    const Answer<CapacityReport> capacity = CapacityReport::read(request);
    if (!actions || !capacity) {
        return std::unexpected(!actions ? actions.error() : capacity.error());
    }
    std::map<std::string, double> units;
    json::array responses;
    for (const Json& action : **actions) {
        const Object* object = action.if_object();
        const auto get =
            object == nullptr ? Answer<const Object*>{nullptr} : required_object(*object, "Get");
        if (!get || *get == nullptr) {
            return std::unexpected(
                get ? serialization("Unexpected value type in payload") : get.error()
            );
        }
        Object single = **get;
        single["ConsistentRead"] = true;
        single.erase("ReturnConsumedCapacity");
        Answer<Object> answer = get_item(cluster, region, single);
        if (!answer) {
            return answer;
        }
        const Json* item = answer->if_contains("Item");
        const Answer<Item> read = item == nullptr ? Answer<Item>{Item{}} : parse_item(*item);
        units[std::string{single.at("TableName").get_string()}] +=
            2 * read_units(read ? stored_size(*read) : 0, true);
        responses.push_back(std::move(*answer));
    }
    Object answer{{"Responses", std::move(responses)}};
    capacity->add_to(answer, units);
    return answer;
}

}  // namespace farshore::lab::dynamo
