#include "adapters/aws/client.h"

namespace farshore::aws {
namespace {

enum class Partition { aws, china, gov };

Partition partition_of(const RegionId& region) {
    if (region.value().starts_with("cn-")) {
        return Partition::china;
    }
    return region.value().starts_with("us-gov-") ? Partition::gov : Partition::aws;
}

std::string route53_endpoint(Partition partition) {
    switch (partition) {
        case Partition::aws: return "https://route53.amazonaws.com";
        case Partition::china: return "https://route53.amazonaws.com.cn";
        case Partition::gov: return "https://route53.us-gov.amazonaws.com";
    }
    std::unreachable();
}

}  // namespace

std::string default_endpoint(Service service, const RegionId& region) {
    const Partition partition = partition_of(region);
    switch (service) {
        case Service::dynamodb:
            return "https://dynamodb." + region.value() +
                   (partition == Partition::china ? ".amazonaws.com.cn" : ".amazonaws.com");
        case Service::route53: return route53_endpoint(partition);
    }
    std::unreachable();
}

RegionId signing_region(Service service, const RegionId& region) {
    if (service == Service::dynamodb) {
        return region;
    }
    switch (partition_of(region)) {
        case Partition::aws: return RegionId{"us-east-1"};
        case Partition::china: return RegionId{"cn-northwest-1"};
        case Partition::gov: return RegionId{"us-gov-west-1"};
    }
    std::unreachable();
}

}  // namespace farshore::aws
