#include "sim/shoppers.h"

#include "sim/chronicle.h"
#include "sim/dns.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr Duration kKnownFor = 60s;  // what resolvers make of a TTL of 30 s

}  // namespace

Shoppers::Shoppers(Scene& scene)
    : scene_(scene),
      dice_(scene.calendar, scene.script.seed, 501),
      shoppers_(scene.script.shoppers) {
    for (std::size_t number = 0; number < shoppers_.size(); ++number) {
        shoppers_[number].stubborn = number % 4 == 3;
    }
}

void Shoppers::wake() {
    if (scene_.calendar.story() < kOpening) {
        return;
    }
    for (std::size_t number = 0; number < shoppers_.size(); ++number) {
        if (!shoppers_[number].active && !closed_) {
            shoppers_[number].active = true;
            scene_.calendar.in(dice_.between(1ms, 120ms), [this, number] { shop(number); });
        }
    }
}

Place Shoppers::stack_of(Shopper& shopper) {
    const Duration story = scene_.calendar.story();
    if (story >= shopper.known_until && !scene_.weather.anywhere(FaultKind::resolvers_stale)) {
        shopper.users = scene_.dns->answer();
        shopper.known_until = story + kKnownFor;
    }
    return shopper.stubborn ? (shopper.users + 1) % scene_.script.tables : shopper.users;
}

void Shoppers::shop(std::size_t number) {
    Shopper& shopper = shoppers_[number];
    if (scene_.quiet->calm() || closed_) {
        shopper.active = false;
        return;
    }
    const Place stack = stack_of(shopper);
    const WriteId id = ++writes_;
    if (scene_.script.may_pass_agents(number) && scene_.agentless_live(stack) &&
        !scene_.weather.is(FaultKind::stack_down, stack)) {
        write_past_agents(number, stack, id);
        return;
    }
    Host* host = scene_.host_behind(stack, dice_);
    if (host == nullptr || scene_.weather.is(FaultKind::stack_down, stack)) {
        heard(number, Heard::dead);
        return;
    }
    ++waiting_;
    host->write(
        {.id = id,
         .key = number,
         .answer =
             [this, number](Heard answer) {
                 --waiting_;
                 heard(number, answer);
             },
         .parked_at = {}}
    );
}

// As an application does that calls DynamoDB by itself: in its own Region, whatever is in force.
void Shoppers::write_past_agents(std::size_t number, Place region, WriteId id) {
    const Answer answer =
        scene_.network.ask({.from = region, .to = region}, {.fresh = false, .write = true});
    if (answer == Answer::served) {
        scene_.chronicle->saw(Seen::write_past_agents);
        scene_.tables.append(region, number, id);
    }
    heard(number, answer == Answer::served ? Heard::acknowledged : Heard::failed);
}

void Shoppers::heard(std::size_t number, Heard heard) {
    refused_ += heard == Heard::refused ? 1 : 0;
    scene_.calendar.in(dice_.between(60ms, 140ms), [this, number] { shop(number); });
}

}  // namespace farshore::sim
