#pragma once

#include <map>
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
    [[nodiscard]] net::Task<> learn_checks();
    [[nodiscard]] net::Task<std::string> why_not_yet();

    Edge& edge_;
    std::vector<aws::RecordSet> records_;
    // The endpoint checks behind the primary record. They alone decide which Region it answers
    // with, whichever way users move.
    std::vector<aws::HealthCheck> deciding_;
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
