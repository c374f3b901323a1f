#include "adapters/aws/epoch_item.h"

#include "base/text.h"

namespace farshore::aws {

namespace {

// An hour: longer than any lease or drift that a configuration may name.
constexpr std::int64_t kTermMsMax = 3'600'000;

std::optional<Duration> term_of(const Item& item, std::string_view attribute) {
    const std::int64_t ms = number_of(item, attribute).value_or(0);
    if (ms < 0 || ms > kTermMsMax) {
        return std::nullopt;
    }
    return std::chrono::milliseconds{ms};
}

core::RaisedFor raised_for(const Item& item) {
    core::RaisedFor raised;
    raised.operation = OperationId{string_of(item, "operation").value_or("")};
    raised.verb = enum_from<core::Verb>(string_of(item, "verb").value_or(""));
    raised.held_until = from_iso8601(string_of(item, "held_until").value_or(""));
    return raised;
}

}  // namespace

GetItem read_of_epoch_item(const TableName& table, const AppId& app) {
    GetItem get{.table = table, .consistent = true};
    get.key["app"] = string_attribute(app.value());
    return get;
}

std::optional<core::EpochItem> parse_epoch_item(const Item& item) {
    const auto epoch = number_of(item, "epoch");
    const auto active = string_of(item, "active");
    const auto lease = term_of(item, "lease_ms");
    const auto clock_error = term_of(item, "clock_error_ms");
    if (!epoch || *epoch < 0 || !is_possible(Epoch{static_cast<std::uint64_t>(*epoch)}) ||
        !active || !lease || !clock_error) {
        return std::nullopt;
    }
    return core::EpochItem{
        .epoch = Epoch{static_cast<std::uint64_t>(*epoch)},
        .active = RegionId{*active},
        .terms = {.lease = *lease, .clock_error = *clock_error},
        .register_id = string_of(item, "register").value_or(""),
        .raised_for = raised_for(item)
    };
}

UpdateItem write_of_epoch_item(
    const TableName& table, const AppId& app, const core::EpochItem& item, const EpochWriter& writer
) {
    UpdateItem update;
    update.table = table;
    update.key["app"] = string_attribute(app.value());
    Expressions& expressions = update.expressions;
    const auto set = [&](std::string_view attribute, boost::json::value value) {
        const std::string name = "#" + std::string{attribute};
        const std::string placeholder = ":" + std::string{attribute};
        expressions.update +=
            (expressions.update.empty() ? "SET " : ", ") + name + " = " + placeholder;
        expressions.names[name] = attribute;
        expressions.values[placeholder] = std::move(value);
    };
    const auto ms = [](Duration duration) {
        return number_attribute(to_ms(duration));
    };
    set("epoch", number_attribute(static_cast<std::int64_t>(item.epoch.value())));
    set("active", string_attribute(item.active.value()));
    set("lease_ms", ms(item.terms.lease));
    set("clock_error_ms", ms(item.terms.clock_error));
    set("register", string_attribute(item.register_id));
    const core::RaisedFor& raised = item.raised_for;
    set("operation", string_attribute(raised.operation.value()));
    set("verb", string_attribute(raised.verb ? to_string(*raised.verb) : ""));
    set("held_until", string_attribute(raised.held_until ? to_iso8601(*raised.held_until) : ""));
    set("at", string_attribute(to_iso8601(writer.at)));
    set("by", string_attribute(writer.by));
    expressions.condition =
        "attribute_not_exists(#epoch) OR #epoch < :epoch OR #epoch > :highest OR "
        "NOT attribute_type(#epoch, :number) OR (#epoch = :epoch AND #active = :active)";
    const Epoch furthest = core::furthest_beside(item.epoch);
    expressions.values[":highest"] = number_attribute(static_cast<std::int64_t>(furthest.value()));
    expressions.values[":number"] = string_attribute("N");
    update.return_values = ReturnValues::updated_old;
    return update;
}

}  // namespace farshore::aws
