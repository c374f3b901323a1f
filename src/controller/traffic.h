#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/edge.h"
#include "ports/effects.h"

namespace farshore::controller {

// Users are moved by health state: the agents of the standby say that users were moved, Route 53's
// calculated check follows, and the record answers with the other Region. Nothing is edited; this
// port watches that the record really answers so.
class Traffic final : public ports::Traffic {
  public:
    explicit Traffic(Edge& edge) : edge_(edge) {}

    // ports::Traffic
    void serve(const core::ServeUsers& action) override;

    // Runs until cancelled: remembers the record sets while Route 53's control plane answers, so
    // that the night does not depend on it.
    [[nodiscard]] net::Task<> learn();

  private:
    [[nodiscard]] net::Task<> watch(core::ServeUsers action);
    [[nodiscard]] net::Task<std::set<std::string>> expected(RegionId region);
    [[nodiscard]] net::Task<std::string> why_not_yet();

    using RecordSets = std::vector<aws::RecordSet>;
    using HealthChecks = std::vector<aws::HealthCheck>;

    // nullopt: one of them could not be read.
    [[nodiscard]] net::Task<std::optional<HealthChecks>> checks_behind(
        std::shared_ptr<const RecordSets> records
    );

    Edge& edge_;
    // Replaced as a whole while others look at what was there: each takes a copy of the pointer.
    std::shared_ptr<const RecordSets> records_ = std::make_shared<RecordSets>();
    // The endpoint checks behind the primary record. They alone decide which Region it answers
    // with, whichever way users move.
    std::shared_ptr<const HealthChecks> deciding_ = std::make_shared<HealthChecks>();
};

// "http://192.0.2.7:8643/healthz: 16 of 18 checkers get a good answer".
[[nodiscard]] std::string check_text(
    const aws::HealthCheckConfig& check, const std::vector<aws::CheckerObservation>& seen
);

// The functional checks, run against a Region's stack.
class Checks final : public ports::Checks {
  public:
    explicit Checks(Edge& edge) : edge_(edge) {}

    // ports::Checks
    void verify(const core::VerifyFunction& action) override;

  private:
    [[nodiscard]] net::Task<> run(core::VerifyFunction action);

    Edge& edge_;
};

}  // namespace farshore::controller
