#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "adapters/aws/credentials_source.h"
#include "wire/config.h"

#include "aws_model/endpoint.h"

namespace farshore::aws {

// Where services are reached, as configuration, environment and profile say it together
// (docs/configuration.md, "AWS endpoints"). What the files say is read once. Immutable.
class EndpointSettings {
  public:
    EndpointSettings(config::AwsAccess access, const Environment& environment);

    // A URL that wire::parse_endpoint has not looked at yet.
    [[nodiscard]] std::string url(std::string_view service, const RegionId& region) const;

    [[nodiscard]] std::string signing_region(std::string_view service, const RegionId& region)
        const;

  private:
    [[nodiscard]] std::string override_of(std::string_view service, const RegionId& region) const;

    config::AwsAccess access_;
    std::map<std::string, std::string, std::less<>> urls_;  // by the service's name
    std::string everywhere_;                                // for services that have none
    aws_model::EndpointWish wish_;
};

}  // namespace farshore::aws
