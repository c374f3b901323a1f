#include "sim/world.h"

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/director.h"
#include "sim/host.h"
#include "sim/onlooker.h"
#include "sim/quiet.h"
#include "sim/shoppers.h"
#include "sim/store.h"

namespace farshore::sim {

namespace {

// What is under way between the Regions arrives before the books are closed.
constexpr Duration kSettling = 10s;

}  // namespace

Outcome play(const Script& script, Telling telling, Onlooker* onlooker) {
    Scene scene(script);
    if (telling == Telling::story) {
        scene.chronicle->tell();
    }
    scene.chronicle->set_onlooker(onlooker);
    scene.chronicle->begin();
    for (const auto& host : scene.hosts) {
        host->boot();
    }
    scene.controllers->start();
    scene.director->start();
    scene.quiet->start();
    const auto seen_enough = [onlooker] {
        return onlooker != nullptr && onlooker->has_seen_enough();
    };
    while (scene.calendar.story() < script.length && !seen_enough()) {
        if (!scene.calendar.run_next(
                scene.calendar.now() + script.length - scene.calendar.story()
            )) {
            break;
        }
    }
    scene.shoppers->close();
    const Instant settled = scene.calendar.now() + kSettling;
    while (scene.calendar.run_next(settled)) {
    }
    scene.chronicle->end();

    Outcome outcome;
    const Chronicle& chronicle = *scene.chronicle;
    outcome.violations = chronicle.violations();
    outcome.story = chronicle.story();
    outcome.trace_hash = chronicle.hash();
    outcome.coverage = chronicle.coverage();
    outcome.length = scene.calendar.story();
    outcome.skipped = scene.quiet->skipped();
    outcome.busy = scene.quiet->busy();
    outcome.jobs = scene.calendar.jobs();
    outcome.operations_begun = chronicle.operations_begun();
    outcome.operations_done = chronicle.operations_done();
    outcome.operations_ended = chronicle.operations_ended();
    outcome.failovers = chronicle.failovers();
    outcome.saves = scene.store->saves();
    outcome.writes = scene.shoppers->writes();
    outcome.acknowledged = chronicle.writes().acknowledged_writes();
    outcome.lost = chronicle.writes().lost();
    outcome.refused = scene.shoppers->refused();
    outcome.late = chronicle.epochs().late_landings();
    outcome.epoch = scene.store->durable().epoch;
    outcome.active = scene.store->durable().active;
    outcome.users = scene.store->durable().users;
    return outcome;
}

}  // namespace farshore::sim
