#include <algorithm>

#include "sim/chronicle.h"
#include "sim/host.h"

// How an agent reads the epoch records: all copies together, once a second and whenever a
// confirmation is wanted. Permission counts from the start of the reading.
namespace farshore::sim {

namespace {

constexpr Duration kEveryMax = 1s;
constexpr Duration kPatience = 700ms;
constexpr Duration kPauseMin = 100ms;
constexpr Duration kControllersFirst = 500ms;
constexpr Duration kRegisterAgain = 1s;

}  // namespace

void Host::want_confirmation() {
    report_soon();
    if (round_ == nullptr) {
        read_in(std::max(read_ended_at_ + kPauseMin - local_now(), Duration{1}));
    } else if (round_->decided) {
        // A silent Region does not delay what is urgent.
        reading_again_ = true;
        end_round(*round_);
    } else {
        reading_again_ = true;
    }
}

void Host::read_in(Duration delay) {
    scene_.calendar.cancel(next_read_);
    next_read_ = later(delay, [this] { read_records(); });
}

void Host::read_records() {
    const auto round = std::make_shared<Round>();
    round_ = round;
    reading_again_ = false;
    round->started = local_now();
    for (const Place place : scene_.record_places) {
        ask_record(round, place);
    }
    later(kPatience, [this, round] {
        if (!round->over) {
            round->ended = scene_.record_places.size();
            judge_records(*round);
            end_round(*round);
        }
    });
}

void Host::ask_record(const std::shared_ptr<Round>& round, Place place) {
    const Way there{.from = home(), .to = place};
    const std::uint64_t life = life_;
    const bool unseen = home() != place && scene_.weather.is(FaultKind::data_unseen, place);
    if (unseen || scene_.weather.old_connections_hang(place, scene_.calendar.now())) {
        return;
    }
    scene_.network.send(there, [this, round, place, life] {
        Answer answer = scene_.network.serve(place, false);
        if (answer == Answer::silent) {
            return;
        }
        if (scene_.weather.is(FaultKind::records_refuse, place)) {
            answer = Answer::refused;
        }
        const std::optional<core::EpochItem> record = scene_.small.records[place];
        const bool served = answer == Answer::served;
        scene_.network.send({.from = place, .to = home()}, [this, round, life, record, served] {
            enter(life, [this, round, record, served] {
                record_answered(
                    round, served ? std::optional{record.value_or(core::EpochItem{})} : std::nullopt
                );
            });
        });
    });
}

void Host::record_answered(
    const std::shared_ptr<Round>& round, const std::optional<core::EpochItem>& record
) {
    if (round->over) {
        return;
    }
    ++round->ended;
    if (record) {
        round->answers.push_back(*record);
    }
    judge_records(*round);
    if (round->ended == scene_.record_places.size()) {
        end_round(*round);
    }
}

// A host that no controller has greeted writes its name beside a majority of the copies before it
// takes permission from them: a fence must be able to find it.
bool Host::know_us(const std::string& register_id, Instant started) {
    if (scene_.script.agents_rule != core::OnControllerLoss::verify) {
        return true;
    }
    if (register_id.empty()) {
        return false;
    }
    bool registered = false;
    for (const std::optional<Known>& known : {by_hello_, by_itself_}) {
        if (known && known->register_id == register_id) {
            registered = true;
            if (started >= known->since) {
                return true;
            }
        }
    }
    if (!registered) {
        register_in(register_id);
    }
    return false;
}

void Host::register_in(const std::string& register_id) {
    const bool same = registering_ && registering_->register_id == register_id;
    // A controller that is there answers a hello long before.
    if (local_now() - booted_at_ < kControllersFirst ||
        (same && local_now() - registering_->since < kRegisterAgain)) {
        return;
    }
    if (!same) {
        registering_ = Registration{.register_id = register_id, .since = {}, .done = {}};
    }
    registering_->since = local_now();
    for (const Place place : scene_.record_places) {
        scene_.network.send(
            {.from = home(), .to = place},
            [this, place, register_id, life = life_] {
                if (scene_.network.serve(place, true) != Answer::served ||
                    scene_.weather.is(FaultKind::records_refuse, place)) {
                    return;
                }
                scene_.small.registered[place].insert(index());
                scene_.network.send(
                    {.from = place, .to = home()},
                    [this, place, register_id, life] {
                        enter(life, [this, place, register_id] {
                            registered_in(place, register_id);
                        });
                    }
                );
            }
        );
    }
}

void Host::registered_in(Place place, const std::string& register_id) {
    if (!registering_ || registering_->register_id != register_id) {
        return;
    }
    registering_->done.insert(place);
    const bool majority = registering_->done.size() * 2 > scene_.record_places.size();
    if (majority && (!by_itself_ || by_itself_->register_id != register_id)) {
        by_itself_ = Known{.register_id = register_id, .since = local_now()};
        want_confirmation();
    }
}

void Host::judge_records(Round& round) {
    if (round.decided) {
        return;
    }
    const core::EpochVerdict verdict = core::judge(round.answers, scene_.record_places.size());
    const std::optional<core::EpochItem>& agreed = verdict.agreed;
    const bool whole = round.ended == scene_.record_places.size();
    const bool known = agreed && place_of(agreed->active) < scene_.script.tables;
    const bool beyond_us = verdict.at_least > machine_.epoch();
    const bool usable = known && (verdict.is_enough() || beyond_us || whole);
    if (usable) {
        round.decided = true;
        const bool know_us = this->know_us(agreed->register_id, round.started);
        // A lease that is shorter than the time between two readings ends between them.
        round.confirms = know_us && agreed->epoch == machine_.epoch() &&
                         agreed->terms.lease >= kEveryMax + kPatience;
        step(core::RecordsAgree{
            .epoch = agreed->epoch,
            .active = agreed->active,
            .started = scene_.planted(Plant::lease_from_arrival) ? local_now() : round.started,
            .controllers_silent = local_now() - controller_heard_at_ >= scene_.script.agents_lease,
            .terms = agreed->terms,
            .know_us = know_us
        });
    } else if (beyond_us && (agreed.has_value() || whole)) {
        round.decided = true;
        step(core::NewerSeen{verdict.at_least});
    }
}

void Host::end_round(Round& round) {
    if (round.over) {
        return;
    }
    round.over = true;
    if (!round.confirms) {
        confirmable_since_.reset();
    } else if (!confirmable_since_) {
        confirmable_since_ = scene_.calendar.now();
    }
    round_.reset();
    read_ended_at_ = local_now();
    if (scene_.script.control_targets) {
        // A host that cannot reach most of the copies should suspect itself, not a Region.
        const bool connected = round.answers.size() * 2 > scene_.record_places.size();
        ++(connected ? counts_.control.ok : counts_.control.failed);
    }
    const Duration every = std::min<Duration>(kEveryMax, scene_.script.agents_lease / 3);
    const Duration rest =
        std::exchange(reading_again_, false) ? Duration{} : round.started + every - local_now();
    read_in(std::max<Duration>(rest, kPauseMin));
}

}  // namespace farshore::sim
