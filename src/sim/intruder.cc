#include "sim/intruder.h"

#include <algorithm>
#include <memory>

#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr Duration kEvery = 300ms;

std::size_t host_of(const Scene& scene, Place region, std::size_t number) {
    std::vector<std::size_t> there;
    for (const auto& host : scene.hosts) {
        if (host->home() == region) {
            there.push_back(host->index());
        }
    }
    return there[number % there.size()];
}

}  // namespace

core::link::Sender Intruder::as(std::size_t host, Place home, Place from) {
    const HostId holder = scene_.id_of(host_of(scene_, from, 0));
    return {
        .credential = {.app = kApp, .host = holder, .region = region_id(from)},
        .subject = {.app = kApp, .host = scene_.id_of(host), .region = region_id(home)},
        .boot = boot_of(kLivesOfIntruders + ++lives_)
    };
}

void Intruder::impersonate(const Fault& fault) {
    scene_.quiet->disturb();
    const std::size_t host = host_of(scene_, fault.at, fault.host);
    masks_.push_back({.as = as(host, fault.at, fault.to), .from = fault.to});
    speak(masks_.size() - 1, rounds_);
}

void Intruder::invent(const Fault& fault) {
    scene_.quiet->disturb();
    for (Place home = 0; home < scene_.script.tables; ++home) {
        for (int i = 0; i < fault.amount; ++i) {
            const std::size_t ghost = scene_.hosts.size() + 1 + scene_.ghosts.size();
            scene_.ghosts.push_back(home);
            // Its role in AWS may write there.
            for (const Place place : scene_.record_places) {
                scene_.small.registered[place].insert(ghost);
            }
            masks_.push_back(
                {.as = as(ghost, home, fault.to), .from = fault.to, .sees_failing = fault.at}
            );
            speak(masks_.size() - 1, rounds_);
        }
    }
}

void Intruder::stop() {
    ++rounds_;
    masks_.clear();
}

void Intruder::speak(std::size_t mask, std::uint64_t round) {
    if (round != rounds_ || mask >= masks_.size()) {
        return;
    }
    Mask& as = masks_[mask];
    scene_.controllers->greet(as.from, {.from = as.as, .epoch = as.epoch});
    report(as);
    scene_.calendar.in(kEvery, [this, mask, round] { speak(mask, round); });
}

void Intruder::report(Mask& mask) {
    auto report = std::make_shared<Report>();
    core::link::Report& told = report->said;
    told = {
        .from = mask.as,
        .sequence = ++mask.sequence,
        .said =
            {.epoch = mask.epoch,
             .active = region_id(0),
             .users = region_id(0),
             .write_state = "open"}
    };
    if (mask.sees_failing) {
        for (Place region = 0; region < scene_.script.tables; ++region) {
            const bool fails = region == *mask.sees_failing;
            core::Observation seen{
                .region = region_id(region), .ok = fails ? 0U : 9U, .failed = fails ? 9U : 0U
            };
            for (const auto path : {core::Path::fresh, core::Path::reused, core::Path::passive}) {
                seen.path = path;
                told.seen.push_back(seen);
            }
            told.seen.push_back(
                {.region = region_id(region), .component = core::Component::stack, .ok = 9}
            );
        }
    }
    scene_.controllers->take_report(mask.from, report, [](const Answered&) {});
}

void Intruder::take_order(const HostId& host, const Order& order) {
    const auto mask =
        std::ranges::find(masks_, host, [](const Mask& one) { return one.as.subject.host; });
    if (mask == masks_.end()) {
        return;
    }
    if (order.body.type == core::OrderType::route) {
        mask->epoch = order.body.epoch;
    }
    const core::OrderType type = order.body.type;
    scene_.controllers->take_ack(
        mask->from,
        {.said =
             {.from = mask->as,
              .order = order.number,
              .type = type,
              .has_list = type == core::OrderType::fence,
              .said = {.epoch = mask->epoch, .done = true}},
         .list = {}},
        [](const Answered&) {}
    );
}

}  // namespace farshore::sim
