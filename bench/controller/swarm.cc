#include "bench/controller/swarm.h"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "bench/controller/agent.h"

namespace farshore::bench {

namespace {

constexpr std::string_view kHostMark = "@host@";
constexpr std::string_view kBootMark = "@boot@";
constexpr std::uint64_t kSequenceMark = 1'234'567'890'123;

// What a healthy host saw of both Regions in half a second: probes over new and kept connections,
// and its own traffic in the active one.
std::vector<wire::EvidenceCounts> evidence_of(
    const std::vector<RegionId>& regions, const RegionId& active
) {
    std::vector<wire::EvidenceCounts> all;
    const auto add = [&all](const RegionId& region, auto component, auto path, std::uint64_t ok) {
        all.push_back(
            {.region = region,
             .component = component,
             .path = path,
             .ok = ok,
             .failed = 0,
             .stalled = {},
             .latency = std::chrono::milliseconds{7},
             .last_error = {}}
        );
    };
    for (const RegionId& region : regions) {
        for (const auto component :
             {wire::EvidenceComponent::dynamodb, wire::EvidenceComponent::stack}) {
            add(region, component, wire::EvidencePath::fresh, 1);
            add(region, component, wire::EvidencePath::reused, 1);
        }
    }
    if (!active.value().empty()) {
        add(active, wire::EvidenceComponent::dynamodb, wire::EvidencePath::passive, 25);
    }
    return all;
}

in_addr address_of(std::size_t number) {
    constexpr std::size_t kNet = 127U << 24U | 200U << 16U;
    constexpr std::size_t kPerSubnet = 250;
    const std::size_t address = kNet + (number / kPerSubnet << 8U) + number % kPerSubnet + 1;
    return {.s_addr = htonl(static_cast<std::uint32_t>(address))};
}

}  // namespace

HostId Swarm::host(std::size_t number) {
    return HostId{fmt::format("web-{:05}", number)};
}

std::string Swarm::token(std::size_t number) {
    return fmt::format("credential-of-{:05}-for-the-bench", number);
}

Swarm::Swarm(PollLoop& loop, Options options) : loop_(loop), options_(std::move(options)) {
    for (std::size_t i = 0; i < options_.agents; ++i) {
        agents_.push_back(std::make_unique<Agent>(
            *this,
            Agent::Identity{
                .host = host(i),
                .region = options_.regions[i % options_.regions.size()],
                .token = token(i),
                .address = address_of(i),
                .seed = i + 1
            }
        ));
    }
}

Swarm::~Swarm() = default;

void Swarm::start() {
    for (const auto& agent : agents_) {
        agent->start();
    }
}

void Swarm::cut() {
    for (const auto& agent : agents_) {
        agent->cut();
    }
}

void Swarm::retire() {
    for (const auto& agent : agents_) {
        agent->retire();
    }
}

Observations Swarm::begin_phase() {
    for (const auto& agent : agents_) {
        agent->begin_phase();
    }
    return std::exchange(seen_, {});
}

const ReportText& Swarm::report_text(const wire::Report& like) {
    const auto key = std::tuple{like.region, like.epoch, like.active, like.users, like.write_state};
    const auto [found, is_new] = texts_.try_emplace(key);
    if (!is_new) {
        return found->second;
    }
    wire::Report report = like;
    report.host = HostId{std::string{kHostMark}};
    report.boot = BootId{std::string{kBootMark}};
    report.sequence = kSequenceMark;
    report.evidence = evidence_of(options_.regions, like.active);
    found->second.well = (std::uint64_t{1} << report.evidence.size()) - 1;
    std::string_view rest;
    const std::string text = wire::serialize(report);
    rest = text;
    // In the order in which the protocol writes them.
    for (const std::string& mark :
         {std::string{kHostMark}, std::string{kBootMark}, std::to_string(kSequenceMark)}) {
        const std::size_t at = rest.find(mark);
        found->second.pieces.emplace_back(rest.substr(0, at));
        rest.remove_prefix(at + mark.size());
    }
    found->second.pieces.emplace_back(rest);
    return found->second;
}

}  // namespace farshore::bench
