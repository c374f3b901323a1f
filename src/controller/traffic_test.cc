#include "controller/traffic.h"

#include <gtest/gtest.h>

namespace farshore::controller {
namespace {

TEST(CheckText, NamesTheEndpointAndCountsItsCheckers) {
    aws::HealthCheckConfig check;
    check.ip_address = "192.0.2.7";
    check.port = 8643;
    check.path = "/route53/magento/us-east-1";
    check.inverted = true;
    const std::vector<aws::CheckerObservation> seen{
        {.status = "Success: HTTP Status Code 200, OK"},
        {.status = "Failure: connection refused"},
        {.status = "Success: HTTP Status Code 200, OK"}
    };
    EXPECT_EQ(
        check_text(check, seen),
        "http://192.0.2.7:8643/route53/magento/us-east-1 (inverted): 2 of 3 checkers get a good "
        "answer"
    );
    check = {.type = aws::HealthCheckType::https, .domain_name = "shop.example"};
    EXPECT_EQ(check_text(check, {}), "https://shop.example: 0 of 0 checkers get a good answer");
}

}  // namespace
}  // namespace farshore::controller
