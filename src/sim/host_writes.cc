#include <algorithm>

#include "core/host/parking.h"

#include "sim/chronicle.h"
#include "sim/host.h"
#include "sim/quiet.h"

// What an agent's endpoint does with writes: forwards, parks, cuts and refuses them, and remembers
// those that it has not seen in the standby.
namespace farshore::sim {

namespace {

constexpr Duration kUpstreamTimeout = 1s;
constexpr core::ParkingBounds kParking{.most = {.writes = 500}};
const TableName kCarts{"carts"};

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
    const Duration stopped_for = local_now() - stopped_since_;
    if (core::judge_parking(kParking, {.writes = parked_.size() + 1}, stopped_for) !=
        core::Parking::waits) {
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
        later(parked_.front().parked_at + machine_.hold_max() - local_now(), [this] {
            expire_parked();
        });
    }
}

void Host::expire_parked() {
    watching_parked_ = false;
    while (!parked_.empty() && local_now() - parked_.front().parked_at >= machine_.hold_max()) {
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
    flights_.push_back(
        {{.number = ++flights_begun_,
          .life = life_,
          .id = request.id,
          .key = request.key,
          .to = to,
          .epoch = machine_.epoch(),
          .sent_at = scene_.calendar.now()},
         std::move(request)}
    );
    const OnWire& write = flights_.back();
    writes_.sent(write.epoch, permitted_.until);
    scene_.chronicle->sent(*this, write);
    watch_flights();
    if (reaches(to)) {  // otherwise its timeout will tell
        scene_.network.send({.from = home(), .to = to}, [this, sent = OnWire{write}] {
            arrive(sent);
        });
    }
}

bool Host::reaches(Place place) const {
    const bool unseen = home() != place && scene_.weather.is(FaultKind::data_unseen, place);
    return !unseen && !scene_.weather.old_connections_hang(place, scene_.calendar.now());
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
    const int late = scene_.weather.amount(FaultKind::data_late, write.to);
    const int slow = late > 0 && dice_.chance(1, 10)
                         ? late
                         : scene_.weather.amount(FaultKind::data_slow, write.to);
    const Duration takes =
        slow == 0 ? Duration{} : dice_.between(0ms, std::chrono::milliseconds{slow});
    const bool effect = answer == Answer::served || dice_.chance(1, 4);
    const auto carry_out = [this, write, answer, effect] {
        const std::string left = effect ? apply(write) : std::string{};
        scene_.network.send({.from = write.to, .to = home()}, [this, write, answer, left] {
            enter(write.life, [this, write, answer, left] {
                const bool served = answer == Answer::served;
                finish(
                    write.number,
                    served ? Heard::acknowledged : Heard::failed,
                    served ? left : std::string{}
                );
            });
        });
    };
    if (takes == Duration{}) {
        carry_out();
    } else {
        scene_.calendar.in(takes, carry_out);
    }
}

// The digest of the item that it leaves, as the answer tells it.
std::string Host::apply(const OnWire& write) {
    scene_.chronicle->landed(*this, write);
    return write.key ? scene_.tables.append(write.to, *write.key, write.id) : std::string{};
}

void Host::finish(std::uint64_t number, Heard heard, std::string digest) {
    const auto found = std::ranges::find(flights_, number, &Flight::number);
    if (found == flights_.end()) {
        return;
    }
    const Flight flight = std::move(*found);
    flights_.erase(found);
    // What is answered after the permission for it is no acknowledgement.
    if (local_now() >= writes_.permitted_until(flight.epoch, permitted_)) {
        heard = Heard::failed;
        digest.clear();
    }
    writes_.left(flight.epoch);
    const bool well = heard == Heard::acknowledged;
    count({region_id(flight.to), core::Component::dynamodb, core::Path::passive}, well);
    if (well) {
        acknowledged_at_ = scene_.calendar.now();
    } else {
        unknown_.given_up(local_now());
    }
    if (flight.request.key) {
        (void)ledger_->add(
            {.table = kCarts,
             .key = std::to_string(*flight.request.key),
             .operation = "UpdateItem",
             .at = wall(),
             .ended_at = local_now(),
             .epoch = flight.epoch,
             .digest = std::move(digest),
             .acknowledged = well},
            core::KeyKnown::told
        );
        if (!std::exchange(proving_, true)) {
            later(core::Arrivals::kLookEvery, [this] { prove_some(); });
        }
    }
    scene_.chronicle->answered(*this, flight.request, flight.epoch, heard);
    flight.request.answer(heard);
    tell_quiet({});
}

void Host::await_quiet(core::QuietAwaited awaited, std::optional<std::uint64_t> ticket) {
    waits_.add(awaited, ticket);
    look_at_flights();
}

void Host::tell_quiet(std::optional<Instant> now) {
    for (const auto& [ticket, quiet] : waits_.settle(writes_, now)) {
        later(Duration{1}, [this, ticket, quiet] {
            if (ticket) {
                go_on(desk_->quiet(*ticket, {.cut = quiet.cut, .in_flight = quiet.left}));
            }
        });
    }
}

// Writes end when they have got no answer in time, when their permission ends, and when who waits
// for them has waited long enough.
void Host::look_at_flights() {
    const Instant now = local_now();
    const Epoch cut_below = waits_.cut_below(now);
    std::vector<std::uint64_t> ended;
    for (const Flight& flight : flights_) {
        const bool cut =
            flight.epoch < cut_below || now >= writes_.permitted_until(flight.epoch, permitted_);
        if (cut) {
            waits_.cuts(flight.epoch);
        }
        if (cut || scene_.calendar.now() - flight.sent_at >= kUpstreamTimeout) {
            ended.push_back(flight.number);
        }
    }
    for (const std::uint64_t number : ended) {
        finish(number, Heard::failed);
    }
    tell_quiet(now);
    watch_flights();
}

void Host::watch_flights() {
    Instant next = std::min(waits_.next_deadline(), writes_.next_end(permitted_));
    if (!flights_.empty()) {
        const Duration age = scene_.calendar.now() - flights_.front().sent_at;
        next = std::min(next, local_now() + (kUpstreamTimeout - age));
    }
    if (next == Instant::max() || (flights_watched_at_ && *flights_watched_at_ <= next)) {
        return;
    }
    flights_watched_at_ = next;
    scene_.calendar.cancel(flights_watch_);
    flights_watch_ = later(std::max(next - local_now(), Duration{}), [this] {
        flights_watched_at_.reset();
        look_at_flights();
    });
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

std::optional<std::string> Host::standby_digest(std::size_t key) const {
    const std::vector<Place> places = standbys();
    std::string digest = scene_.tables.digest(places.front(), key);
    const bool alike = std::ranges::all_of(places, [&](Place place) {
        return scene_.tables.digest(place, key) == digest;
    });
    return alike ? std::optional{std::move(digest)} : std::nullopt;
}

bool Host::reads(Place place) const {
    return scene_.network.ask({.from = home(), .to = place}, {.fresh = false}) == Answer::served;
}

// Strongly, in the active Region and in the standbys.
bool Host::compare(const core::LedgerKey& key, core::Arrivals::During during) {
    const Place active = place_of(machine_.route()->active);
    const std::size_t number = std::stoull(key.key);
    const std::string here = scene_.tables.digest(active, number);
    const std::string there = standby_digest(number).value_or(std::string{});
    return arrivals_.take_comparison(
        local_now(), *ledger_, key, {here, there}, ledger_->newest_number(), during
    );
}

void Host::prove_some() {
    proving_ = false;
    const bool fine = std::ranges::all_of(standbys(), [this](Place place) { return reads(place); });
    const bool compares = machine_.may_write(local_now()) && machine_.route() &&
                          reads(place_of(machine_.route()->active));
    arrivals_.begin(local_now());
    for (std::uint64_t from = 0; fine && from <= ledger_->newest_number();) {
        for (const core::LedgerKey& key : arrivals_.piece(*ledger_, from)) {
            const auto there = standby_digest(std::stoull(key.key));
            if (there && arrivals_.take_look(local_now(), *ledger_, key, *there) && compares) {
                (void)compare(key, core::Arrivals::During::writes);
            }
        }
    }
    if (unproven() > 0) {
        proving_ = true;
        later(fine ? core::Arrivals::kLookEvery : core::Arrivals::kLookAgain, [this] {
            prove_some();
        });
    }
}

std::size_t Host::unproven() const {
    return ledger_ ? ledger_->counters().unproven : 0;
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
