#include "aws_model/endpoint.h"

#include <algorithm>

#include "base/assert.h"

namespace farshore::aws_model {
namespace {

std::size_t partition_number(const Model& model, std::string_view region) {
    std::size_t number = 0;
    std::size_t longest = 0;
    for (const RegionBeginning& row : model.beginnings) {
        const std::string_view beginning = model.word(row.beginning);
        if (region.starts_with(beginning) && beginning.size() > longest) {
            longest = beginning.size();
            number = row.partition;
        }
    }
    return number;
}

std::string filled(std::string_view text, std::string_view region) {
    const auto blank = text.find("{}");
    std::string out{text.substr(0, blank)};
    if (blank != std::string_view::npos) {
        out += region;
        out += text.substr(blank + 2);
    }
    return out;
}

}  // namespace

Endpoint endpoint_of(
    const Model& model, const Service& service, std::string_view region, EndpointWish wish
) {
    const std::size_t number = partition_number(model, region);
    const auto of = static_cast<std::size_t>(&service - model.services.data());
    const auto row = std::ranges::find_if(model.endpoints, [&](const EndpointRow& one) {
        return one.service == of && one.fips == wish.fips && one.dual_stack == wish.dual_stack &&
               (one.partition < 0 || one.partition == static_cast<int>(number)) &&
               (one.region == 0 || model.word(one.region) == region);
    });
    FARSHORE_ASSERT(row != model.endpoints.end(), "each service has a row for all Regions");
    const Partition& partition = model.partitions[number];
    return {
        .url =
            "https://" + filled(model.word(row->host), region) +
            std::string{model.word(row->with_dual_suffix ? partition.dual_suffix : partition.suffix)
            },
        .signing_region = filled(model.word(row->signing_region), region)
    };
}

std::string_view partition_of(const Model& model, std::string_view region) {
    return model.word(model.partitions[partition_number(model, region)].name);
}

}  // namespace farshore::aws_model
