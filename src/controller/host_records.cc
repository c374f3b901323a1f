#include "controller/host_records.h"

#include <utility>

#include "adapters/system/log.h"
#include "wire/host_record.h"

namespace farshore::controller {

namespace {

constexpr Duration kCallTimeout = std::chrono::milliseconds{800};
constexpr Duration kWatchEvery = std::chrono::seconds{5};
constexpr std::size_t kPagesMax = 100;  // of a megabyte: far more than the register holds

aws::CallOptions call_options() {
    aws::CallOptions options;
    options.connect_timeout = kCallTimeout;
    options.total_timeout = kCallTimeout;
    options.attempts_max = 1;
    return options;
}

}  // namespace

void HostRecords::find(const core::FindHosts& action) {
    search(action.step);
}

void HostRecords::search(const core::StepId& step) {
    auto search = std::make_shared<Search>();
    search->step = step;
    for (const RegionId& region : regions_) {
        edge_.tasks.spawn("find hosts in " + region.value(), [this, region, search] {
            return search_in(region, search);
        });
    }
}

// Whose registration it is, is what its key says: a policy can bind the key to its writer, and
// nothing else in the item.
void HostRecords::take(const aws::Item& item, Search& search) {
    const auto key = aws::string_of(item, "app");
    const auto host = aws::string_of(item, "host");
    const auto home = aws::string_of(item, "region");
    if (!key || !host) {
        return;
    }
    if (wire::host_of_record_key(edge_.config.app, *key) != HostId{*host}) {
        system::log_warning(
            "register",
            "a registration in the epoch table names another host than its key does: not counted",
            {{"key", *key}, {"host", *host}}
        );
        return;
    }
    keys_[HostId{*host}].insert(*key);
    if (!counts_(aws::string_of(item, "register").value_or(""))) {
        return;
    }
    RegionId region{home.value_or("")};
    if (!check_name(region)) {
        // It may write all the same, wherever it stands: a fence waits for it.
        system::log_warning(
            "register",
            "a registration in the epoch table names no Region: its host counts without one",
            {{"host", *host}, {"region", region.value()}}
        );
        region = RegionId{};
    }
    search.hosts[HostId{*host}] = std::move(region);
}

net::Task<bool> HostRecords::read(RegionId region, std::shared_ptr<Search> search) {
    aws::Scan scan;
    scan.table = edge_.config.fence.epoch_table;
    scan.consistent = true;
    scan.expressions.filter = "begins_with(#app, :prefix)";
    scan.expressions.names = {{"#app", "app"}};
    scan.expressions.values[":prefix"] =
        aws::string_attribute(wire::host_record_prefix(edge_.config.app));
    for (std::size_t page = 0; page < kPagesMax; ++page) {
        const Result<aws::Page> found = co_await edge_.tables.scan(region, scan, call_options());
        if (!found) {
            co_return false;
        }
        for (const aws::Item& item : found->items) {
            take(item, *search);
        }
        if (!found->last_key) {
            co_return true;
        }
        scan.start_after = found->last_key;
    }
    co_return false;
}

net::Task<> HostRecords::search_in(RegionId region, std::shared_ptr<Search> search) {
    const bool whole = co_await read(region, search);
    search->read += whole ? 1 : 0;
    ++search->ended;
    const bool complete = search->read > regions_.size() / 2;
    if (search->reported || (!complete && search->ended < regions_.size())) {
        co_return;
    }
    search->reported = true;
    core::HostsFound found{.step = search->step, .complete = complete, .hosts = {}};
    found.hosts.assign(search->hosts.begin(), search->hosts.end());
    edge_.deliver(std::move(found));
}

net::Task<> HostRecords::watch() {
    const bool by_records =
        edge_.config.fence.on_controller_loss == config::OnControllerLoss::verify;
    while (by_records) {
        search({});
        const bool slept = co_await net::sleep_for(edge_.io, kWatchEvery);
        if (!slept) {
            co_return;
        }
    }
}

net::Task<> HostRecords::forget(HostId host, std::string but_not_for) {
    std::set<std::string> keys = keys_[host];
    keys_.erase(host);
    keys.insert(wire::host_record_key(edge_.config.app, host));
    for (const std::string& key : keys) {
        for (const RegionId& region : regions_) {
            co_await erase(region, host, key, but_not_for);
        }
    }
}

net::Task<> HostRecords::erase(
    RegionId region, HostId host, std::string key, std::string but_not_for
) {
    aws::DeleteItem erase;
    erase.table = edge_.config.fence.epoch_table;
    erase.key["app"] = aws::string_attribute(key);
    if (!but_not_for.empty()) {
        erase.expressions.condition = "attribute_not_exists(#register) OR #register <> :register";
        erase.expressions.names = {{"#register", "register"}};
        erase.expressions.values[":register"] = aws::string_attribute(but_not_for);
    }
    const auto erased = co_await edge_.tables.delete_item(region, erase, call_options());
    if (!erased && erased.error().kind != ErrorKind::conflict) {
        system::log_warning(
            "register",
            "what the host registered by itself could not be removed",
            {{"host", host.value()}, {"region", region.value()}, {"why", erased.error().text}}
        );
    }
}

}  // namespace farshore::controller
