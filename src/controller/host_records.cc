#include "controller/host_records.h"

#include <utility>

#include "adapters/system/log.h"
#include "wire/host_record.h"

namespace farshore::controller {

namespace {

constexpr Duration kCallTimeout = std::chrono::milliseconds{800};

}  // namespace

void HostRecords::find(const core::FindHosts& action) {
    search(action.step);
}

void HostRecords::search(const core::StepId& step) {
    const auto search = std::make_shared<core::HostSearch>(step, regions_.size(), counts_);
    for (const RegionId& region : regions_) {
        edge_.tasks.spawn("find hosts in " + region.value(), [this, region, search] {
            return read(region, search);
        });
    }
}

void HostRecords::take(const aws::Item& item, core::HostSearch& search) {
    const auto key = aws::string_of(item, "app");
    const auto host = aws::string_of(item, "host");
    if (!key || !host) {
        return;
    }
    const core::HostEntry entry{
        .owner = wire::host_of_record_key(edge_.config.app, *key),
        .host = HostId{*host},
        .region = RegionId{aws::string_of(item, "region").value_or("")},
        .register_id = aws::string_of(item, "register").value_or("")
    };
    const core::HostSearch::Verdict verdict = search.take(entry);
    if (verdict == core::HostSearch::Verdict::of_another_host) {
        system::log_warning(
            "register",
            "a registration in the epoch table names another host than its key does: not counted",
            {{"key", *key}, {"host", *host}}
        );
        return;
    }
    keys_[entry.host].insert(*key);
    if (verdict == core::HostSearch::Verdict::counts_without_region) {
        system::log_warning(
            "register",
            "a registration in the epoch table names no Region: its host counts without one",
            {{"host", *host}, {"region", entry.region.value()}}
        );
    }
}

net::Task<> HostRecords::read(RegionId region, std::shared_ptr<core::HostSearch> search) {
    aws::Scan scan;
    scan.table = edge_.config.fence.epoch_table;
    scan.consistent = true;
    scan.expressions.filter = "begins_with(#app, :prefix)";
    scan.expressions.names = {{"#app", "app"}};
    scan.expressions.values[":prefix"] =
        aws::string_attribute(wire::host_record_prefix(edge_.config.app));
    const aws::CallOptions options = aws::once_within(kCallTimeout);
    bool more = true;
    while (more) {
        const Result<aws::Page> found = co_await edge_.tables.scan(region, scan, options);
        if (!found) {
            search->page_failed();
            break;
        }
        for (const aws::Item& item : found->items) {
            take(item, *search);
        }
        more = search->page_read(region, found->last_key.has_value());
        scan.start_after = found->last_key;
    }
    if (std::optional<core::HostsFound> hosts = search->news()) {
        edge_.deliver(std::move(*hosts));
    }
}

net::Task<> HostRecords::watch() {
    while (core::hosts_register_themselves(edge_.config.fence.on_controller_loss)) {
        search({});
        const bool slept = co_await net::sleep_for(edge_.io, core::kSearchHostsEvery);
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
    const aws::CallOptions options = aws::once_within(kCallTimeout);
    const auto erased = co_await edge_.tables.delete_item(region, erase, options);
    if (!erased && erased.error().kind != ErrorKind::conflict) {
        system::log_warning(
            "register",
            "what the host registered by itself could not be removed",
            {{"host", host.value()}, {"region", region.value()}, {"why", erased.error().text}}
        );
    }
}

}  // namespace farshore::controller
