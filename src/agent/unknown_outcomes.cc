#include "agent/unknown_outcomes.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <boost/json.hpp>

#include "adapters/host/durable_file.h"
#include "adapters/host/host_files.h"
#include "adapters/system/log.h"
#include "base/text.h"
#include "base/text_file.h"
#include "wire/json_reader.h"

namespace farshore::agent {

namespace json = boost::json;

namespace {

// A file of less than a megabyte: what is over is counted, and its keys are not known.
constexpr std::size_t kEntriesMax = 10'000;
constexpr std::size_t kBytesMax = 900'000;

core::LedgerWrite to_ledger(wire::LedgerEntry entry) {
    return {
        .table = std::move(entry.table),
        .key = std::move(entry.key),
        .operation = std::move(entry.op),
        .at = entry.at,
        .epoch = entry.epoch,
        .digest = std::move(entry.hash),
        .acknowledged = false
    };
}

}  // namespace

std::string unknown_path(const std::string& state_directory, const AppId& app) {
    return host::state_path(state_directory, app) + ".unknown";
}

Status store_unknown(
    const std::string& state_directory, const AppId& app, const std::string& text
) {
    return host::replace_file(
        unknown_path(state_directory, app), text, host::Durability::on_disk, 0600
    );
}

UnknownOutcomes::UnknownOutcomes(
    const ports::Clock& clock,
    dataplane::Endpoint& endpoint,
    AppId app,
    const std::string& state_directory,
    bool lived_before
)
    : clock_(&clock), endpoint_(&endpoint), app_(std::move(app)) {
    if (!lived_before) {
        return;
    }
    began_at_ = clock.now();
    const std::string path = unknown_path(state_directory, app_);
    const Result<std::string> text = read_text_file(path, {.what = "the unknown outcomes"});
    if (text) {
        take_over(*text);
        // Said once: the next process tells of what this one leaves.
        (void)std::remove(path.c_str());
    } else if (text.error().kind != ErrorKind::not_found) {
        system::log_error("state", text.error().text, {{"app", app_.value()}});
    }
}

void UnknownOutcomes::take_over(const std::string& text) {
    const Result<json::object> document = wire::parse_json_object(text, kBytesMax * 2);
    if (!document) {
        system::log_error("state", document.error().text, {{"app", app_.value()}});
        return;
    }
    wire::JsonTrouble trouble;
    wire::ObjectReader in(*document, "", trouble);
    inherited_ = in.count("writes", INT64_MAX);
    std::uint64_t keys = 0;
    if (const json::array* entries = in.array("entries", kEntriesMax)) {
        for (const json::value& each : *entries) {
            if (auto entry = wire::parse_ledger_entry(json::serialize(each))) {
                endpoint_->ledger()->inherit(to_ledger(std::move(*entry)), clock_->now());
                ++keys;
            }
        }
    }
    system::log_warning(
        "state",
        "the agent before this one left writes whose outcome is unknown",
        {{"app", app_.value()},
         {"writes", std::to_string(inherited_)},
         {"keys", std::to_string(keys)}}
    );
}

core::NewestUnknown UnknownOutcomes::newest() const {
    core::NewestUnknown newest(began_at_);
    for (const dataplane::RegionStatistics& region : endpoint_->statistics().regions) {
        newest.given_up(region.newest_unknown_at);
    }
    return newest;
}

wire::UnknownOutcomes UnknownOutcomes::now() const {
    wire::UnknownOutcomes unknown{.count = inherited_, .newest_age = newest().ago(clock_->now())};
    for (const dataplane::RegionStatistics& region : endpoint_->statistics().regions) {
        unknown.count += region.unknown_outcomes;
    }
    return unknown;
}

UnknownOutcomes::Left UnknownOutcomes::left() const {
    const std::vector<core::LedgerWrite> lately =
        endpoint_->ledger()->unknown_since(clock_->now() - kUnknownMatters, kEntriesMax);
    std::string entries;
    for (const core::LedgerWrite& entry : lately) {
        if (entry.key.empty() || entries.size() > kBytesMax) {
            continue;
        }
        entries += (entries.empty() ? "" : ",\n") + wire::serialize(told(entry));
    }
    return {
        .writes = lately.size(),
        .text = R"({"schema_version":1,"app":)" + json::serialize(json::string{app_.value()}) +
                R"(,"written_at":")" + to_iso8601(clock_->wall()) + R"(","writes":)" +
                std::to_string(lately.size()) + ",\"entries\":[\n" + entries + "\n]}\n"
    };
}

}  // namespace farshore::agent
