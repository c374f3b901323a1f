#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "lab/route53/model.h"

// From single probes to the verdict that DNS uses: pure.
namespace farshore::lab::route53 {

// What one checker holds of one endpoint. Its opinion turns after `failure_threshold` probes in a
// row say otherwise, both ways; before any probe it is healthy, as a new health check is.
class CheckerOpinion {
  public:
    void heard(bool success, int failure_threshold);

    [[nodiscard]] bool healthy() const { return healthy_; }

  private:
    bool healthy_ = true;
    int against_ = 0;  // probes in a row that contradict the opinion
};

// Route 53 calls an endpoint healthy while more than 18 % of the checkers do: enough to outvote a
// few networks with a broken path to it. Without a report of any checker it counts as healthy.
[[nodiscard]] bool enough_are_healthy(std::size_t healthy, std::size_t all);

// The verdict on a check from the raw state of its endpoint or of its children's verdicts:
// disabled counts as healthy, then the inversion applies.
[[nodiscard]] bool final_verdict(const CheckConfig& config, bool raw);

// A calculated check before the inversion. `healthy_children` counts their final verdicts.
[[nodiscard]] bool calculated_verdict(const CheckConfig& config, std::size_t healthy_children);

// A CloudWatch check here never has data, so its configuration decides.
[[nodiscard]] bool cloudwatch_verdict(const CheckConfig& config);

struct Observation {
    std::string region;
    std::string address;
    bool success = false;
    std::string text;  // "Success: HTTP Status Code 200, OK"
    UtcTime at;
};

// HTTP's part of an observation: 2xx and 3xx are successes.
[[nodiscard]] bool is_success_status(int status);

// Route 53 looks for the string in the first 5,120 bytes of the body only.
[[nodiscard]] bool body_contains(const std::string& body, const std::string& search);

}  // namespace farshore::lab::route53
