#include "sim/intruder.h"

#include <algorithm>
#include <memory>

#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr Duration kEvery = 300ms;
// No host lives so often.
constexpr std::uint64_t kLives = 1'000'000;

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

void Intruder::impersonate(const Fault& fault) {
    scene_.quiet->disturb();
    masks_.push_back(
        {.host = host_of(scene_, fault.at, fault.host),
         .holder = host_of(scene_, fault.to, 0),
         .home = fault.at,
         .from = fault.to,
         .life = kLives + ++lives_}
    );
    speak(masks_.size() - 1, rounds_);
}

void Intruder::invent(const Fault& fault) {
    scene_.quiet->disturb();
    const std::size_t holder = host_of(scene_, fault.to, 0);
    for (Place home = 0; home < scene_.script.tables; ++home) {
        for (int i = 0; i < fault.amount; ++i) {
            const std::size_t ghost = scene_.hosts.size() + 1 + scene_.ghosts.size();
            scene_.ghosts.push_back(home);
            // Its role in AWS may write there.
            for (const Place place : scene_.record_places) {
                scene_.small.registered[place].insert(ghost);
            }
            masks_.push_back(
                {.host = ghost,
                 .holder = holder,
                 .home = home,
                 .from = fault.to,
                 .life = kLives + ++lives_,
                 .sees_failing = fault.at}
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
    scene_.controllers->greet(
        {.host = as.host,
         .life = as.life,
         .home = as.home,
         .epoch = as.epoch,
         .holder = as.holder,
         .from = as.from}
    );
    report(as);
    scene_.calendar.in(kEvery, [this, mask, round] { speak(mask, round); });
}

void Intruder::report(Mask& mask) {
    auto report = std::make_shared<Report>();
    report->host = mask.host;
    report->life = mask.life;
    report->sequence = ++mask.sequence;
    report->epoch = mask.epoch;
    report->active = 0;
    report->users = region_id(0);
    report->write_state = "open";
    report->from = mask.from;
    if (mask.sees_failing) {
        for (Place region = 0; region < scene_.script.tables; ++region) {
            for (Tried& tried : report->seen.data[region]) {
                tried = region == *mask.sees_failing ? Tried{.ok = 0, .failed = 9}
                                                     : Tried{.ok = 9, .failed = 0};
            }
            report->seen.stack[region].ok = 9;
        }
    } else {
        report->with_evidence = false;
    }
    scene_.controllers->take_report(report, [](const ReportAnswer&) {});
}

void Intruder::take_order(std::size_t host, const Order& order) {
    const auto as = std::ranges::find(masks_, host, &Mask::host);
    if (as == masks_.end()) {
        return;
    }
    if (order.body.type == core::OrderType::route) {
        as->epoch = order.body.epoch;
    }
    Ack ack{
        .host = host,
        .life = as->life,
        .order = order.number,
        .type = order.body.type,
        .done = true,
        .epoch = as->epoch
    };
    scene_.controllers->take_ack(as->from, std::move(ack));
}

}  // namespace farshore::sim
