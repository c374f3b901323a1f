#pragma once

#include <functional>

#include "adapters/aws/fleet.h"

// The parts of fleet.cc: one for each kind.
namespace farshore::aws {

// How a look at a change that is under way ended; nullopt: it is still under way.
using FleetLook = Result<std::optional<FleetEnd>>;

// The order, and what each kind does with it.
struct FleetWork {
    AwsClient& client;
    core::MoveFleet order;
    Instant deadline;

    [[nodiscard]] const core::FleetChange& change() const { return order.change; }

    [[nodiscard]] net::Task<Result<boost::json::object>> call(
        std::string service, std::string name, boost::json::object input, CallOptions options = {}
    ) const;

    // All pages of a call that answers with a list under `list` and goes on with `token_in`.
    [[nodiscard]] net::Task<Result<std::vector<boost::json::object>>> pages(
        std::string service,
        std::string name,
        boost::json::object input,
        std::string list,
        std::string token_in,
        std::string token_out
    ) const;

    // Looks again and again, ever more slowly, until it has ended or the deadline has passed; an
    // error that may go away is looked past. `what_is_missing` is of the last look.
    [[nodiscard]] net::Task<FleetEnd> watch(
        std::function<net::Task<FleetLook>()> look, const std::string& what_is_missing
    ) const;
};

[[nodiscard]] net::Task<FleetEnd> run_script(const FleetWork& work);
[[nodiscard]] net::Task<FleetEnd> raise_capacity(const FleetWork& work);
[[nodiscard]] net::Task<FleetEnd> roll_out(const FleetWork& work);
[[nodiscard]] net::Task<FleetEnd> change_function(const FleetWork& work);

[[nodiscard]] FleetEnd fleet_done(std::string text);
[[nodiscard]] FleetEnd fleet_failed(std::string text);
[[nodiscard]] FleetEnd fleet_failed(const Error& error);

}  // namespace farshore::aws
