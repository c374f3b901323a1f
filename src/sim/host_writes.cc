#include <algorithm>

#include "sim/chronicle.h"
#include "sim/host.h"
#include "sim/quiet.h"

// What an agent's endpoint does with writes: forwards, parks, cuts and refuses them, and remembers
// those that it has not seen in the standby.
namespace farshore::sim {

namespace {

constexpr Duration kUpstreamTimeout = 1s;
constexpr Duration kParkedMax = 1s;
constexpr Duration kRefuseAfter = 10s;
constexpr std::size_t kParkedCountMax = 500;
constexpr Duration kProveEvery = 200ms;
constexpr Duration kProveAgain = 1s;    // after a read that failed
constexpr Duration kCompareAfter = 1s;  // what the standby alone has not proven by then

}  // namespace

void Host::write(Request request) {
    if (!runs()) {
        request.answer(Heard::dead);
        return;
    }
    if (machine_.may_write(local_now())) {
        forward(std::move(request));
        return;
    }
    step(core::Wake{});
    if (parked_.size() >= kParkedCountMax || local_now() - stopped_since_ >= kRefuseAfter) {
        scene_.chronicle->refused(*this);
        request.answer(Heard::refused);
        return;
    }
    request.parked_at = local_now();
    parked_.push_back(std::move(request));
    watch_parked();
}

void Host::watch_parked() {
    if (!watching_parked_ && !parked_.empty()) {
        watching_parked_ = true;
        later(parked_.front().parked_at + kParkedMax - local_now(), [this] { expire_parked(); });
    }
}

void Host::expire_parked() {
    watching_parked_ = false;
    while (!parked_.empty() && local_now() - parked_.front().parked_at >= kParkedMax) {
        const Request request = std::move(parked_.front());
        parked_.pop_front();
        scene_.chronicle->refused(*this);
        request.answer(Heard::refused);
    }
    watch_parked();
}

void Host::release_parked() {
    if (parked_.empty() || !machine_.may_write(local_now())) {
        return;
    }
    std::deque<Request> released;
    released.swap(parked_);
    for (Request& request : released) {
        forward(std::move(request));
    }
}

void Host::forward(Request request) {
    const Place to = place_of(machine_.route()->active);
    const OnWire write{
        .number = ++flights_begun_,
        .life = life_,
        .id = request.id,
        .key = request.key,
        .to = to,
        .epoch = machine_.epoch(),
        .sent_at = scene_.calendar.now()
    };
    flights_.push_back(
        {.number = write.number,
         .request = std::move(request),
         .to = to,
         .epoch = write.epoch,
         .sent_at = write.sent_at}
    );
    scene_.chronicle->sent(*this, write);
    watch_flights();
    const bool unseen = home() != to && scene_.weather.is(FaultKind::data_unseen, to);
    if (unseen || scene_.weather.old_connections_hang(to, scene_.calendar.now())) {
        return;  // its timeout will tell
    }
    scene_.network.send({.from = home(), .to = to}, [this, write] { arrive(write); });
}

// The Region has the request, whatever became of its sender meanwhile. A connection that was reset
// takes back what the kernel still had, and not what was on the wire.
void Host::arrive(const OnWire& write) {
    const bool ours = write.life == life_ &&
                      std::ranges::find(flights_, write.number, &Flight::number) != flights_.end();
    if (!ours && dice_.chance(1, 2)) {
        return;
    }
    const Answer answer = scene_.network.serve(write.to, true);
    if (answer == Answer::silent) {
        if (dice_.chance(1, 2)) {
            apply(write);
        }
        return;
    }
    const int slow = scene_.weather.amount(FaultKind::data_slow, write.to);
    const Duration takes =
        slow == 0 ? Duration{} : dice_.between(0ms, std::chrono::milliseconds{slow});
    const bool effect = answer == Answer::served || dice_.chance(1, 4);
    const auto reply = [this, write, answer] {
        scene_.network.send({.from = write.to, .to = home()}, [this, write, answer] {
            enter(write.life, [this, write, answer] {
                finish(
                    write.number, answer == Answer::served ? Heard::acknowledged : Heard::failed
                );
            });
        });
    };
    if (takes == Duration{}) {
        if (effect) {
            apply(write);
        }
        reply();
        return;
    }
    scene_.calendar.in(takes, [this, write, effect, reply] {
        if (effect) {
            apply(write);
        }
        reply();
    });
}

void Host::apply(const OnWire& write) {
    scene_.chronicle->landed(*this, write);
    if (write.key) {
        scene_.tables.append(write.to, *write.key, write.id);
    }
}

void Host::finish(std::uint64_t number, Heard heard) {
    if (!machine_.lease().valid(local_now())) {
        step(core::Wake{});  // an answer that comes after the lease is no acknowledgement
    }
    const auto found = std::ranges::find(flights_, number, &Flight::number);
    if (found == flights_.end()) {
        return;
    }
    const Flight flight = std::move(*found);
    flights_.erase(found);
    Tried& passive = counts_.data[flight.to][static_cast<std::size_t>(core::Path::passive)];
    const bool well = heard == Heard::acknowledged;
    ++(well ? passive.ok : passive.failed);
    if (passive_fails_ == well) {
        passive_fails_ = !well;
        report_soon();
    }
    if (well) {
        acknowledged_at_ = scene_.calendar.now();
    } else {
        unknown_at_ = local_now();
    }
    if (flight.request.key) {
        ledger_.add(
            {.key = *flight.request.key,
             .id = flight.request.id,
             .epoch = flight.epoch,
             .acknowledged = well,
             .at = local_now()}
        );
        if (!std::exchange(proving_, true)) {
            later(kProveEvery, [this] { prove_some(); });
        }
    }
    scene_.chronicle->answered(*this, flight.request, flight.epoch, heard);
    flight.request.answer(heard);
}

std::uint32_t Host::cut_flights(Epoch below) {
    std::vector<std::uint64_t> cut;
    for (const Flight& flight : flights_) {
        if (flight.epoch < below) {
            cut.push_back(flight.number);
        }
    }
    for (const std::uint64_t number : cut) {
        finish(number, Heard::failed);
    }
    return static_cast<std::uint32_t>(cut.size());
}

// What the process before it had under way is as unknown as what it gave up itself.
std::optional<Duration> Host::newest_unknown_ago() const {
    if (scene_.planted(Plant::timeout_taken_for_no)) {
        return std::nullopt;
    }
    return unknown_at_ ? std::optional{local_now() - *unknown_at_} : std::nullopt;
}

void Host::watch_flights() {
    if (!watching_flights_ && !flights_.empty()) {
        watching_flights_ = true;
        later(flights_.front().sent_at + kUpstreamTimeout - scene_.calendar.now(), [this] {
            expire_flights();
        });
    }
}

void Host::expire_flights() {
    watching_flights_ = false;
    while (!flights_.empty() && scene_.calendar.now() - flights_.front().sent_at >= kUpstreamTimeout
    ) {
        finish(flights_.front().number, Heard::failed);
    }
    watch_flights();
}

std::vector<Place> Host::standbys() const {
    std::vector<Place> places;
    for (Place place = 0; place < scene_.script.tables; ++place) {
        if (!machine_.route() || region_id(place) != machine_.route()->active) {
            places.push_back(place);
        }
    }
    return places;
}

// What the standbys show proves an arrival; an item that is the same in both Regions proves it too,
// as long as our epoch is the current one.
void Host::prove_some() {
    proving_ = false;
    if (ledger_.empty()) {
        return;
    }
    bool fine = true;
    const std::vector<Place> places = standbys();
    for (const Place place : places) {
        fine = fine && scene_.network.ask({.from = home(), .to = place}, {.fresh = false}) ==
                           Answer::served;
    }
    if (fine) {
        const std::optional<Place> active =
            machine_.route() ? std::optional{place_of(machine_.route()->active)} : std::nullopt;
        const bool compares =
            active && machine_.may_write(local_now()) &&
            scene_.network.ask({.from = home(), .to = *active}, {.fresh = false}) == Answer::served;
        ledger_.prove([&](const LedgerEntry& entry) {
            return std::ranges::all_of(places, [&](Place place) {
                const bool stubborn = compares && local_now() - entry.at >= kCompareAfter;
                return scene_.tables.holds(place, entry.key, entry.id) ||
                       (stubborn && scene_.tables.equal(*active, place, entry.key));
            });
        });
    }
    if (!ledger_.empty()) {
        proving_ = true;
        later(fine ? kProveEvery : kProveAgain, [this] { prove_some(); });
    }
}

std::size_t Host::unproven() {
    return ledger_.size();
}

std::optional<Instant> Host::last_acknowledged() const {
    // While nothing happens shoppers do not run one by one: they buy ten times a second.
    constexpr Duration kBetweenWrites = 100ms;
    if (scene_.quiet->calm() && may_write()) {
        return scene_.calendar.now() - scene_.calendar.story() % kBetweenWrites;
    }
    return acknowledged_at_;
}

}  // namespace farshore::sim
