#include <utility>

#include <boost/json.hpp>

#include "wire/agent_protocol.h"
#include "wire/agent_protocol_parts.h"

// What a controller says on its stream.
namespace farshore::wire {

namespace json = boost::json;

namespace {

struct OrderTypeOf {
    std::string_view operator()(const RouteOrder&) const { return "route"; }

    std::string_view operator()(const HoldOrder&) const { return "hold"; }

    std::string_view operator()(const ReleaseOrder&) const { return "release"; }

    std::string_view operator()(const FenceOrder&) const { return "fence"; }

    std::string_view operator()(const DrainOrder&) const { return "drain"; }

    std::string_view operator()(const VerifyOrder&) const { return "verify"; }

    std::string_view operator()(const PingOrder&) const { return "ping"; }

    std::string_view operator()(const UnknownOrder& order) const { return order.type; }
};

struct OrderFields {
    json::object& out;

    void operator()(const RouteOrder& order) const {
        out["active"] = order.active.value();
        out["users"] = order.users.value();
        out["operation"] = order.operation.value();
    }

    void operator()(const HoldOrder& order) const {
        out["hold_ms"] = to_ms(order.hold);
        out["operation"] = order.operation.value();
    }

    void operator()(const ReleaseOrder& order) const { out["operation"] = order.operation.value(); }

    void operator()(const FenceOrder& order) const {
        out["fence_grace_ms"] = to_ms(order.grace);
        out["operation"] = order.operation.value();
    }

    void operator()(const DrainOrder& order) const {
        out["timeout_ms"] = to_ms(order.timeout);
        out["operation"] = order.operation.value();
    }

    void operator()(const VerifyOrder& order) const { out["operation"] = order.operation.value(); }

    void operator()(const PingOrder& order) const {
        out["at_ms"] = to_ms(order.at);
        if (order.uptime) {
            out["uptime_ms"] = to_ms(*order.uptime);
        }
    }

    void operator()(const UnknownOrder&) const {}
};

// A hundred years.
constexpr std::int64_t kUptimeMsMax = std::int64_t{100} * 366 * 24 * 3'600'000;

OrderBody read_order_body(ObjectReader& in, const std::string& type) {
    const auto operation = [&in] {
        return in.id<OperationId>("operation", Field::optional);
    };
    if (type == "route") {
        RouteOrder order;
        order.active = in.id<RegionId>("active");
        order.users = in.id<RegionId>("users");
        order.operation = operation();
        return order;
    }
    if (type == "hold") {
        return HoldOrder{.hold = ms_of(in, "hold_ms"), .operation = operation()};
    }
    if (type == "release") {
        return ReleaseOrder{.operation = operation()};
    }
    if (type == "fence") {
        FenceOrder order{.operation = operation()};
        if (in.has("fence_grace_ms")) {
            order.grace = ms_of(in, "fence_grace_ms");
        }
        return order;
    }
    if (type == "drain") {
        return DrainOrder{.timeout = ms_of(in, "timeout_ms"), .operation = operation()};
    }
    if (type == "verify") {
        return VerifyOrder{.operation = operation()};
    }
    if (type == "ping") {
        PingOrder ping{.at = at_of(in, "at_ms"), .uptime = {}};
        if (in.has("uptime_ms")) {
            ping.uptime = std::chrono::milliseconds{in.number("uptime_ms", 0, kUptimeMsMax)};
        }
        return ping;
    }
    return UnknownOrder{.type = type};
}

struct LineWriter {
    json::object operator()(const ControllerHello& hello) const {
        return {
            {"type", "hello"},
            {"protocol",
             {{"lowest", hello.protocol.lowest},
              {"highest", hello.protocol.highest},
              {"speaks", hello.speaks}}},
            {"app", hello.app.value()},
            {"controller", hello.controller.value()},
            {"boot", hello.boot.value()},
            {"configuration_generation", number_of(hello.configuration_generation)},
            {"register", hello.register_id}
        };
    }

    json::object operator()(const Refused& refused) const {
        return {{"type", "refused"}, {"why", words_of(refused.why)}};
    }

    json::object operator()(const Order& order) const {
        json::object out{
            {"type", text_of(order.type())},
            {"order", number_of(order.number)},
            {"app", order.app.value()},
            {"epoch", number_of(order.epoch)}
        };
        std::visit(OrderFields{out}, order.body);
        return out;
    }
};

ControllerHello read_controller_hello(ObjectReader& in, JsonTrouble& trouble) {
    ControllerHello hello;
    hello.protocol = read_range(in, trouble);
    if (const json::object* protocol = in.object("protocol")) {
        ObjectReader range(*protocol, "protocol", trouble);
        hello.speaks =
            static_cast<int>(range.number("speaks", hello.protocol.lowest, hello.protocol.highest));
    }
    hello.app = in.id<AppId>("app");
    hello.controller = in.id<ObserverId>("controller");
    hello.boot = in.id<BootId>("boot");
    hello.configuration_generation =
        in.count("configuration_generation", kCountMax, Field::optional);
    hello.register_id = in.text("register", ObjectReader::kIdBytesMax, Field::optional);
    return hello;
}

}  // namespace

std::string_view Order::type() const {
    return std::visit(OrderTypeOf{}, body);
}

std::string serialize(const StreamLine& line) {
    return json::serialize(std::visit(LineWriter{}, line));
}

Result<StreamLine> parse_stream_line(std::string_view line) {
    return parse_with<StreamLine>(
        "order",
        line,
        kStreamLineBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) -> StreamLine {
            const std::string type = in.text("type", 64);
            if (type == "hello") {
                return read_controller_hello(in, trouble);
            }
            if (type == "refused") {
                return Refused{.why = in.text("why", kTextBytesMax, Field::optional)};
            }
            Order order;
            order.number = in.count("order", kCountMax);
            order.app = in.id<AppId>("app");
            order.epoch = in.epoch("epoch");
            order.body = read_order_body(in, type);
            return order;
        }
    );
}

}  // namespace farshore::wire
