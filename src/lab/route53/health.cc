#include "lab/route53/health.h"

#include <algorithm>
#include <string_view>

namespace farshore::lab::route53 {

void CheckerOpinion::heard(bool success, int failure_threshold) {
    if (success == healthy_) {
        against_ = 0;
        return;
    }
    if (++against_ >= failure_threshold) {
        healthy_ = success;
        against_ = 0;
    }
}

bool enough_are_healthy(std::size_t healthy, std::size_t all) {
    return all == 0 || healthy * 100 > all * 18;
}

bool final_verdict(const CheckConfig& config, bool raw) {
    const bool state = config.disabled || raw;
    return config.inverted ? !state : state;
}

bool calculated_verdict(const CheckConfig& config, std::size_t healthy_children) {
    return healthy_children >=
           static_cast<std::size_t>(std::max(0, config.health_threshold.value_or(0)));
}

bool cloudwatch_verdict(const CheckConfig& config) {
    // LastKnownStatus without any known one counts as healthy.
    return config.insufficient_data != InsufficientData::unhealthy;
}

bool is_success_status(int status) {
    return status >= 200 && status < 400;
}

bool body_contains(const std::string& body, const std::string& search) {
    constexpr std::size_t kLookedAt = 5120;
    return std::string_view{body}.substr(0, kLookedAt).contains(search);
}

}  // namespace farshore::lab::route53
