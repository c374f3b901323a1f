#include "adapters/aws/epoch_item.h"

#include "base/text.h"

namespace farshore::aws {

namespace {

// An hour: longer than any lease or drift that a configuration may name.
constexpr Duration kTermMax = std::chrono::hours{1};
constexpr std::string_view kLease = "lease_ms";
constexpr std::string_view kClockError = "clock_error_ms";
constexpr std::string_view kHoldMax = "hold_max_ms";

std::optional<Duration> term_of(
    const Item& item, std::string_view attribute, Duration most = kTermMax
) {
    const std::int64_t ms = number_of(item, attribute).value_or(0);
    if (ms < 0 || ms > to_ms(most)) {
        return std::nullopt;
    }
    return std::chrono::milliseconds{ms};
}

std::optional<Epoch> epoch_of(const Item& item) {
    const auto number = number_of(item, "epoch");
    if (!number || *number < 0 || !is_possible(Epoch{static_cast<std::uint64_t>(*number)})) {
        return std::nullopt;
    }
    return Epoch{static_cast<std::uint64_t>(*number)};
}

// The first attribute whose value no controller writes.
std::optional<std::string_view> damaged_attribute(const Item& item) {
    if (!epoch_of(item)) {
        return "epoch";
    }
    if (!string_of(item, "active")) {
        return "active";
    }
    for (const std::string_view term : {kLease, kClockError, kHoldMax}) {
        if (!term_of(item, term, term == kHoldMax ? core::kHoldLimit : kTermMax)) {
            return term;
        }
    }
    return std::nullopt;
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
    if (damaged_attribute(item)) {
        return std::nullopt;
    }
    return core::EpochItem{
        .epoch = *epoch_of(item),
        .active = RegionId{*string_of(item, "active")},
        .terms =
            {.lease = *term_of(item, kLease),
             .clock_error = *term_of(item, kClockError),
             .hold_max = *term_of(item, kHoldMax, core::kHoldLimit)},
        .register_id = string_of(item, "register").value_or(""),
        .raised_for = raised_for(item)
    };
}

core::CopyAnswer copy_as_read(const RegionId& region, const std::optional<Item>& item) {
    if (!item) {
        return {.word = core::CopyWord::done, .item = core::EpochItem{}};
    }
    if (const auto damaged = damaged_attribute(*item)) {
        return {
            .word = core::CopyWord::damaged,
            .why = "the epoch item in " + region.value() +
                   " is damaged: no controller writes such a value of `" + std::string{*damaged} +
                   "`"
        };
    }
    return {.word = core::CopyWord::done, .item = parse_epoch_item(*item)};
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
    set(kLease, ms(item.terms.lease));
    set(kClockError, ms(item.terms.clock_error));
    set(kHoldMax, ms(item.terms.hold_max));
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
