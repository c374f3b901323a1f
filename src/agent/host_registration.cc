#include "agent/host_registration.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "base/text.h"
#include "wire/host_record.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 700ms;

std::vector<RegionId> regions_of(const config::AgentApp& app) {
    std::vector<RegionId> regions = app.regions;
    if (app.witness != RegionId{} && std::ranges::find(regions, app.witness) == regions.end()) {
        regions.push_back(app.witness);
    }
    return regions;
}

}  // namespace

HostRegistration::HostRegistration(Parts parts)
    : parts_(std::move(parts)),
      dynamodb_(parts_.aws),
      regions_(regions_of(parts_.app)),
      decisions_(parts_.clock.now(), regions_.size()),
      changed_(parts_.io) {}

void HostRegistration::enrolled(const std::string& register_id) {
    decisions_.enrolled(parts_.clock.now(), register_id);
    look_again();
}

net::Task<Status> HostRegistration::put(RegionId region, std::string register_id) {
    aws::PutItem put{.table = parts_.app.epoch_table};
    put.item["app"] =
        aws::string_attribute(wire::host_record_key(parts_.app.app, parts_.name.text()));
    put.item["host"] = aws::string_attribute(parts_.host.value());
    put.item["region"] = aws::string_attribute(parts_.home.value());
    put.item["boot"] = aws::string_attribute(parts_.boot.value());
    put.item["register"] = aws::string_attribute(register_id);
    put.item["at"] = aws::string_attribute(to_iso8601(parts_.clock.wall()));
    aws::CallOptions options = aws::once_within(kPatience);
    options.idempotent = true;
    const auto written = co_await dynamodb_.put_item(region, put, options);
    co_return written ? Status{} : std::unexpected(written.error());
}

net::Task<Status> HostRegistration::take_back(RegionId region) {
    aws::DeleteItem erase{.table = parts_.app.epoch_table};
    erase.key["app"] =
        aws::string_attribute(wire::host_record_key(parts_.app.app, parts_.name.text()));
    const aws::CallOptions options = aws::once_within(kPatience);
    const auto erased = co_await dynamodb_.delete_item(region, erase, options);
    co_return erased ? Status{} : std::unexpected(erased.error());
}

net::Task<> HostRegistration::ask(Errand errand, RegionId region) {
    Status done = fail(ErrorKind::unavailable, parts_.name.why());
    if (!parts_.name.text().empty() && errand.add) {
        done = co_await put(region, errand.register_id);
    } else if (!parts_.name.text().empty()) {
        done = co_await take_back(region);
    }
    if (!done) {
        why_ = region.value() + ": " + done.error().text;
    }
    switch (decisions_.take(parts_.clock.now(), errand.number, done.has_value())) {
        case core::SelfRegistration::News::none: break;
        case core::SelfRegistration::News::registered:
            system::log_info(
                "register", "this host registered itself", {{"app", parts_.app.app.value()}}
            );
            parts_.registered.notify();
            break;
        case core::SelfRegistration::News::not_registered:
            system::log_warning(
                "register",
                "this host could not register itself: until a controller answers, the epoch "
                "records do not let it write",
                {{"app", parts_.app.app.value()},
                 {"why", why_},
                 {"remedy",
                  "the agent's role needs dynamodb:PutItem on " + parts_.app.epoch_table.value()}}
            );
            break;
    }
    look_again();
}

net::Task<> HostRegistration::run(net::TaskGroup* tasks) {
    while (!tasks->stopping()) {
        const std::uint64_t seen = changed_.generation();
        if (const auto errand = decisions_.due(parts_.clock.now())) {
            for (const RegionId& region : regions_) {
                tasks->spawn("host record", [this, errand, region] {
                    return ask(*errand, region);
                });
            }
        }
        co_await changed_.wait(seen, decisions_.next_deadline() - parts_.clock.now());
    }
}

}  // namespace farshore::agent
