#pragma once

#include <string>
#include <string_view>

#include "aws_model/model.h"

namespace farshore::aws_model {

struct EndpointWish {
    bool fips = false;        // validated cryptography, for those whose law asks for it
    bool dual_stack = false;  // IPv6 beside IPv4
};

struct Endpoint {
    std::string url;
    std::string signing_region;
};

// Where AWS serves a Region, and as which Region a request is signed there: a global service has
// one of each for a whole partition. A Region whose name no partition knows is taken for one of
// `aws`. Source: the rule sets of the service models. Pure.
[[nodiscard]] Endpoint endpoint_of(
    const Model& model, const Service& service, std::string_view region, EndpointWish wish
);

// "aws", "aws-cn", "aws-us-gov", ...: as ARNs begin.
[[nodiscard]] std::string_view partition_of(const Model& model, std::string_view region);

}  // namespace farshore::aws_model
