#include "adapters/aws/fleet.h"

#include <algorithm>
#include <utility>

#include "adapters/aws/fleet_kinds.h"
#include "adapters/aws/members.h"

namespace farshore::aws {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// Of one list: thousands of instances, at a thousand each.
constexpr int kPagesMax = 200;
constexpr Duration kFirstLook = 200ms;
constexpr Duration kSlowestLook = 5s;

bool may_go_away(const Error& error) {
    return error.kind == ErrorKind::throttled || error.kind == ErrorKind::unavailable ||
           error.kind == ErrorKind::timed_out;
}

}  // namespace

FleetEnd fleet_done(std::string text) {
    return {.how = FleetEnd::How::done, .text = std::move(text)};
}

FleetEnd fleet_failed(std::string text) {
    return {.how = FleetEnd::How::failed, .text = std::move(text)};
}

FleetEnd fleet_failed(const Error& error) {
    return fleet_failed(error.text + (error.remedy.empty() ? "" : "; remedy: " + error.remedy));
}

net::Task<Result<json::object>> FleetWork::call(
    std::string service, std::string name, json::object input, CallOptions options
) const {
    AwsCall asked{
        .service = std::move(service),
        .name = std::move(name),
        .region = RegionId{change().region},
        .input = std::move(input)
    };
    Result<AwsReply> reply = co_await client.call(std::move(asked), options);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    co_return std::move(reply->output);
}

net::Task<Result<std::vector<json::object>>> FleetWork::pages(
    std::string service,
    std::string name,
    json::object input,
    std::string list,
    std::string token_in,
    std::string token_out
) const {
    std::vector<json::object> out;
    for (int page = 0; page < kPagesMax; ++page) {
        const Result<json::object> output = co_await call(service, name, input);
        if (!output) {
            co_return std::unexpected(output.error());
        }
        for (const json::object* entry : entries(*output, list)) {
            out.push_back(*entry);
        }
        const std::string next = text_member(*output, token_out);
        if (next.empty()) {
            co_return out;
        }
        input[token_in] = next;
    }
    co_return fail(ErrorKind::exhausted, name + " has more than " + std::to_string(kPagesMax) + " pages");
}

net::Task<FleetEnd> FleetWork::watch(
    std::function<net::Task<FleetLook>()> look, const std::string& what_is_missing
) const {
    Duration rest = kFirstLook;
    std::string trouble;
    while (true) {
        const FleetLook seen = co_await look();
        if (seen && *seen) {
            co_return **seen;
        }
        if (!seen && !may_go_away(seen.error())) {
            co_return fleet_failed(seen.error());
        }
        trouble = seen ? "" : "; the last look failed: " + seen.error().text;
        if (client.clock().now() >= deadline) {
            co_return FleetEnd{
                .how = FleetEnd::How::timed_out, .text = what_is_missing + trouble
            };
        }
        const Duration left = deadline - client.clock().now();
        (void)co_await client.pause(std::min(rest, std::max<Duration>(left, 10ms)));
        rest = std::min(rest * 2, kSlowestLook);
    }
}

net::Task<FleetEnd> move_fleet(AwsClient& client, core::MoveFleet order) {
    const FleetWork work{
        .client = client, .order = order, .deadline = client.clock().now() + order.timeout
    };
    FleetEnd end;
    if (order.kind == core::StepKind::ssm) {
        end = co_await run_script(work);
    } else if (order.kind == core::StepKind::asg) {
        end = co_await raise_capacity(work);
    } else if (order.kind == core::StepKind::ecs) {
        end = co_await roll_out(work);
    } else if (order.kind == core::StepKind::lambda) {
        end = co_await change_function(work);
    }
    co_return end;
}

}  // namespace farshore::aws
