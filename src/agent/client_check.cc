#include "agent/client_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/client.h"
#include "adapters/aws/credentials.h"
#include "adapters/aws/endpoint_settings.h"
#include "adapters/host/programs.h"
#include "adapters/net/task_group.h"
#include "agent/client_settings.h"
#include "agent/dynamodb_places.h"
#include "base/text_file.h"

namespace farshore::agent {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> kOurPrograms{"farshore-agent", "farshored", "farshore"};
constexpr std::chrono::seconds kResolvePatience{10};
constexpr std::size_t kPidsShown = 5;
constexpr std::size_t kRangesBytesMax = std::size_t{32} << 20U;

net::Task<> add_addresses(
    net::Io* io,
    net::DnsClient* dns,
    wire::Url url,
    RegionId region,
    DynamoDbPlaces* places,
    std::vector<std::string>* unresolved
) {
    std::vector<std::string> addresses;
    std::string why;
    if (wire::is_ip_address(url.host)) {
        addresses.push_back(url.host);
    } else if (dns != nullptr) {
        auto answer = co_await dns->resolve(url.host);
        if (answer) {
            addresses = std::move(answer->addresses);
        } else {
            why = answer.error().text;
        }
    } else {
        boost::asio::ip::basic_resolver<boost::asio::ip::tcp, net::Io::executor_type> resolver(
            io->get_executor()
        );
        auto [code, found] = co_await resolver.async_resolve(url.host, "", net::kAwait);
        for (const auto& each : found) {
            addresses.push_back(each.endpoint().address().to_string());
        }
        why = code ? code.message() : "";
    }
    if (addresses.empty()) {
        unresolved->push_back(url.host + (why.empty() ? "" : ": " + why));
    }
    for (std::string& address : addresses) {
        places->add({.address = std::move(address), .port = url.port}, region);
    }
}

// The addresses that DynamoDB's names have now, of each Region that this agent knows.
std::vector<std::string> resolve_names(const config::AgentConfig& config, DynamoDbPlaces& places) {
    std::set<RegionId> regions{config.region};
    for (const config::AgentApp& app : config.apps) {
        regions.insert(app.regions.begin(), app.regions.end());
        if (!app.witness.value().empty()) {
            regions.insert(app.witness);
        }
    }
    const aws::EndpointSettings settings{config.aws, &aws::process_environment};
    net::Io io{1};
    const std::unique_ptr<net::DnsClient> dns = aws::resolver_of(io, config.aws);
    net::TaskGroup tasks(io);
    std::vector<std::string> unresolved;
    for (const RegionId& region : regions) {
        const Result<wire::Url> url = wire::parse_endpoint(settings.url("dynamodb", region));
        if (!url) {
            unresolved.push_back(region.value() + ": " + url.error().text);
            continue;
        }
        tasks.spawn("resolve " + region.value(), [&io, &dns, &places, &unresolved, url, region] {
            return add_addresses(&io, dns.get(), *url, region, &places, &unresolved);
        });
    }
    io.run_for(kResolvePatience);
    if (!tasks.idle()) {
        unresolved.emplace_back("names that no resolver answers for");
    }
    tasks.stop();
    // The system's resolver cannot be interrupted, and ends by limits of its own.
    while (!tasks.idle()) {
        io.restart();
        io.run_one();
    }
    return unresolved;
}

bool is_ours(const host::Program& program) {
    const std::string& name = program.executable.empty() ? program.name : program.executable;
    return std::ranges::find(kOurPrograms, name) != kOurPrograms.end();
}

std::vector<std::string> past_connections(
    const host::Program& program, const DynamoDbPlaces& places
) {
    std::vector<std::string> past;
    for (const wire::AddressPort& other_end : program.connections) {
        if (const auto region = places.region_at(other_end)) {
            std::string text = other_end.text() + " (" + region->value() + ")";
            if (std::ranges::find(past, text) == past.end()) {
                past.push_back(std::move(text));
            }
        }
    }
    return past;
}

void add(ClientReport& report, const host::Program& program, core::ClientFinding finding) {
    const auto same = std::ranges::find_if(report.troubles, [&](const ClientTrouble& trouble) {
        return trouble.program == program.name && trouble.finding.fault == finding.fault &&
               trouble.finding.text == finding.text;
    });
    if (same != report.troubles.end()) {
        same->pids.push_back(program.pid);
        return;
    }
    report.troubles.push_back(
        {.program = program.name, .pids = {program.pid}, .finding = std::move(finding)}
    );
}

bool is_broken(const ClientTrouble& trouble) {
    return core::row_of(trouble.finding.fault).weight == core::LintWeight::broken;
}

std::string who(const ClientTrouble& trouble) {
    const std::size_t shown = std::min(kPidsShown, trouble.pids.size());
    const auto end = trouble.pids.begin() + static_cast<std::ptrdiff_t>(shown);
    std::string pids = fmt::format("{}", fmt::join(trouble.pids.begin(), end, ", "));
    if (shown < trouble.pids.size()) {
        pids += fmt::format(" and {} more", trouble.pids.size() - shown);
    }
    return trouble.program + " (" + pids + ")";
}

std::string verdict_of(const ClientReport& report) {
    return report.is_broken() ? "not_ready" : report.is_whole() ? "ready" : "unchecked";
}

constexpr std::string_view kHiddenRemedy = "run it as root";
constexpr std::string_view kUnresolvedRemedy =
    "look at the resolver, or name AWS's address ranges with --ranges";

}  // namespace

bool ClientReport::is_broken() const {
    return std::ranges::any_of(troubles, agent::is_broken);
}

Result<ClientReport> check_clients(
    const config::AgentConfig& config, const std::string& ranges_file
) {
    DynamoDbPlaces places;
    if (!ranges_file.empty()) {
        const Result<std::string> text = read_text_file(
            ranges_file,
            {.what = "file of address ranges",
             .remedy = "download https://ip-ranges.amazonaws.com/ip-ranges.json",
             .bytes_max = kRangesBytesMax}
        );
        if (!text) {
            return std::unexpected(text.error());
        }
        if (const Status added = places.add_ranges(*text); !added) {
            return std::unexpected(added.error());
        }
    }
    ClientReport report;
    report.unresolved = resolve_names(config, places);
    const host::ProgramsSeen seen = host::look_at_programs();
    report.hidden = seen.hidden;
    for (const host::Program& program : seen.programs) {
        if (is_ours(program)) {
            continue;
        }
        ++report.programs;
        core::SeenClient client = client_from(program, config);
        client.past = past_connections(program, places);
        // A profile of a user says nothing of programs that have nothing to do with AWS.
        if (client.calls_aws || client.talks_to_agent || !client.past.empty()) {
            for (core::ClientFinding& finding : core::lint_client(client)) {
                add(report, program, std::move(finding));
            }
        }
    }
    std::ranges::sort(report.troubles, {}, [](const ClientTrouble& trouble) {
        return std::tuple{!agent::is_broken(trouble), trouble.program, trouble.pids.front()};
    });
    return report;
}

std::string report_text(const ClientReport& report) {
    std::string text;
    const auto line = [&text](std::string_view state, const std::string& what) {
        text += fmt::format("{:<9}  {}\n", state, what);
    };
    for (const ClientTrouble& trouble : report.troubles) {
        const core::ClientRow& row = core::row_of(trouble.finding.fault);
        line(
            is_broken(trouble) ? "wrong" : "advice",
            fmt::format(
                "{} {}: {} [{}]",
                who(trouble),
                trouble.finding.text,
                row.explanation,
                to_string(trouble.finding.fault)
            )
        );
        line("", "remedy: " + std::string{row.remedy});
    }
    if (report.hidden > 0) {
        line("unchecked", fmt::format("{} programs of other users", report.hidden));
        line("", "remedy: " + std::string{kHiddenRemedy});
    }
    for (const std::string& name : report.unresolved) {
        line("unchecked", "connections to " + name);
        line("", "remedy: " + std::string{kUnresolvedRemedy});
    }
    const bool quiet = !report.is_broken();
    return text + fmt::format(
                      "{} programs looked at: {}\n",
                      report.programs,
                      quiet ? report.is_whole() ? "none is past the agent"
                                                : "none is known to be past the agent"
                            : "not all use the agent"
                  );
}

json::object report_document(const ClientReport& report) {
    json::array findings;
    for (const ClientTrouble& trouble : report.troubles) {
        const core::ClientRow& row = core::row_of(trouble.finding.fault);
        findings.push_back(json::object{
            {"code", to_string(trouble.finding.fault)},
            {"state", is_broken(trouble) ? "wrong" : "advice"},
            {"program", trouble.program},
            {"pids", json::array(trouble.pids.begin(), trouble.pids.end())},
            {"text", trouble.finding.text + ": " + std::string{row.explanation}},
            {"remedy", row.remedy}
        });
    }
    return {
        {"verdict", verdict_of(report)},
        {"programs", report.programs},
        {"hidden", report.hidden},
        {"unresolved", json::array(report.unresolved.begin(), report.unresolved.end())},
        {"findings", std::move(findings)}
    };
}

}  // namespace farshore::agent
