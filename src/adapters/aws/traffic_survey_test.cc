#include "adapters/aws/traffic_survey.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "base/text.h"
#include "core/lint/traffic_lint.h"

// test/data/lint: what Route 53 answers of a zone, its records and its checks, in the members of
// its own API, and what the linter finds in it.
namespace farshore::aws {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

struct Case {
    std::string about;
    core::TrafficWish wish;
    core::TrafficSeen seen;
    std::set<std::string> finds;
};

std::string text_of(const json::object& object, std::string_view name) {
    return std::string{object.at(name).as_string()};
}

Case read_case(const fs::path& path) {
    std::ifstream in{path};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    const json::object document = json::parse(text).as_object();
    Case out{
        .about = path.stem().string() + ": " + text_of(document, "about"),
        .wish =
            {.record = text_of(document, "record"), .ttl = *duration_from(text_of(document, "ttl"))}
    };
    out.seen.private_zone =
        route53_members::hosted_zone(document.at("zone").as_object())->private_zone;
    const json::object& checks = document.at("checks").as_object();
    for (const auto& [id, config] : checks) {
        const json::object check{
            {"HealthCheck", json::object{{"Id", id}, {"HealthCheckConfig", config}}}
        };
        const auto read = route53_members::health_check(check);
        EXPECT_TRUE(read) << read.error().text;
        out.seen.checks.emplace(id, seen_check(*read));
        for (const std::string& child : read->config.children) {
            if (!checks.contains(child)) {
                out.seen.absent_checks.insert(child);
            }
        }
    }
    const auto page = route53_members::record_sets(document.at("records").as_object());
    for (const RecordSet& record : page->records) {
        EXPECT_EQ(record.name, out.wish.record);
        out.seen.records.push_back(seen_record(record));
        if (!record.health_check.empty() && !checks.contains(record.health_check)) {
            out.seen.absent_checks.insert(record.health_check);
        }
    }
    for (const json::value& word : document.at("finds").as_array()) {
        out.finds.insert(std::string{word.as_string()});
    }
    return out;
}

TEST(TrafficLint, FindsWhatEachFileSaysAndNothingElse) {
    std::set<std::string> met;
    for (const fs::directory_entry& entry :
         fs::directory_iterator{FARSHORE_SOURCE_DIR "/test/data/lint"}) {
        const Case given = read_case(entry.path());
        std::set<std::string> found;
        for (const core::TrafficFinding& finding : core::lint_traffic(given.wish, given.seen)) {
            found.insert(std::string{to_string(finding.fault)});
            EXPECT_FALSE(finding.text.empty()) << given.about;
        }
        EXPECT_EQ(found, given.finds) << given.about;
        met.insert(found.begin(), found.end());
    }
    // The forecast's own word is met in core/lint.
    met.insert(std::string{to_string(core::TrafficFault::rto_exceeded)});
    for (const std::string_view name : core::kTrafficFaultNames) {
        EXPECT_TRUE(met.contains(std::string{name})) << "no file has a case of " << name;
    }
}

TEST(TrafficLint, AFaultOfTwoTypesOfAddressIsToldOnce) {
    Case given = read_case(FARSHORE_SOURCE_DIR "/test/data/lint/sound_two_types.json");
    given.seen.checks.at("standby").disabled = true;
    const auto found = core::lint_traffic(given.wish, given.seen);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(
        found.front().text,
        "health check standby of the SECONDARY record "
        "(https://euw1.shop.example.com:443/healthz) is disabled"
    );
}

}  // namespace
}  // namespace farshore::aws
