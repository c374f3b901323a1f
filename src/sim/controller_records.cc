#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller.h"
#include "sim/host.h"
#include "sim/quiet.h"

// The controller's port to the copies of the epoch record, as src/controller's EpochRecords: a
// conditional write in each, read back when it is unknown whether it landed, and healed.
namespace farshore::sim {

namespace {

constexpr Duration kCallTimeout = 800ms;
constexpr Duration kWatchEveryMax = 1s;
constexpr Duration kWatchHostsEvery = 5s;
constexpr Duration kRememberFor = 5s;

void append(std::string& text, const std::string& more) {
    text += (text.empty() ? "" : "; ") + more;
}

}  // namespace

void Controller::call(
    Place to, bool write, std::function<void()> effect, std::function<void(Came)> done
) {
    if (!alive_ || silenced_) {
        return;
    }
    const auto over = std::make_shared<bool>(false);
    const auto end = [self = shared_from_this(), over, done](Came came) {
        self->enter([over, done, came] {
            if (!std::exchange(*over, true)) {
                done(came);
            }
        });
    };
    later(kCallTimeout, [end] { end(Came::nothing); });
    const Weather& weather = scene_.weather;
    if (weather.is(FaultKind::data_unseen, to) && to != kWitness) {
        return;
    }
    if (weather.old_connections_hang(to, scene_.calendar.now())) {
        return;
    }
    leave([this, self = shared_from_this(), to, write, effect, end] {
        scene_.network.send({.from = kWitness, .to = to}, [this, self, to, write, effect, end] {
            Answer answer = scene_.network.serve(to, write);
            if (scene_.weather.is(FaultKind::records_refuse, to) && answer == Answer::served) {
                answer = Answer::refused;
            }
            // A Region that hangs may do it all the same.
            if (answer == Answer::served || (answer == Answer::silent && dice_.chance(1, 2))) {
                effect();
            }
            if (answer == Answer::silent) {
                return;
            }
            const Came came = answer == Answer::served ? Came::answer : Came::refusal;
            scene_.network.send({.from = to, .to = kWitness}, [end, came] { end(came); });
        });
    });
}

void Controller::named(Place place, Duration lease) {
    named_[place] = lease;
    if (lease > Duration::zero()) {
        named_until_[lease] = now();
    }
    std::erase_if(named_until_, [at = now()](const auto& entry) {
        return at - entry.second > entry.first + kRememberFor;
    });
}

Duration Controller::longest_lease() const {
    Duration longest{};
    for (const auto& [lease, until] : named_until_) {
        if (now() - until <= lease) {
            longest = std::max(longest, lease);
        }
    }
    return longest;
}

void Controller::read_copy(Place place, Found found) {
    const auto seen = std::make_shared<core::EpochItem>();
    call(
        place,
        false,
        [this, seen, place] { *seen = scene_.small.records[place].value_or(core::EpochItem{}); },
        [this, seen, place, found](Came came) {
            if (came != Came::answer) {
                found(std::nullopt);
                return;
            }
            if (seen->exists()) {
                named(place, seen->terms.lease);
                registers_[place] = seen->register_id;
            }
            found(*seen);
        }
    );
}

// Every copy once; `heard` hears of each answer.
void Controller::read_copies(std::function<void(const CopyRead&)> heard) {
    const auto reading = std::make_shared<core::EpochReading>();
    reading->started = now();
    reading->started_wall = wall();
    reading->asked = scene_.record_places.size();
    const auto ended = std::make_shared<std::size_t>(0);
    for (const Place place : scene_.record_places) {
        read_copy(
            place,
            [reading, ended, heard, place](const std::optional<core::EpochItem>& copy) {
                if (copy) {
                    reading->copies.push_back(*copy);
                }
                const bool whole = ++*ended == reading->asked;
                heard({.place = place, .copy = copy, .reading = *reading, .whole = whole});
            }
        );
    }
}

void Controller::survey(std::function<void(const core::EpochReading&)> done) {
    read_copies([done](const CopyRead& read) {
        if (read.whole) {
            done(read.reading);
        }
    });
}

core::EpochItem Controller::item_of(Epoch epoch, RegionId active, core::RaisedFor raised_for)
    const {
    return {
        .epoch = epoch,
        .active = std::move(active),
        .terms = {.lease = configuration_.lease, .clock_error = policy_.timing.clock_error},
        .register_id = scene_.store->register_id(),
        .raised_for = std::move(raised_for)
    };
}

void Controller::raise(const core::RaiseEpoch& action) {
    if (is_silenced()) {
        return;
    }
    scene_.chronicle->effect(action.step, action);
    const auto raise = std::make_shared<Raise>();
    raise->action = action;
    raise->started = now();
    raise->started_wall = wall();
    raise->item = item_of(action.epoch, action.active, action.raised_for);
    for (const Place place : scene_.record_places) {
        const auto reply = [this, raise, place](const CopyAnswer& answer) {
            copy_ended(raise, place, answer);
        };
        if (action.only_look) {
            look_at_copy(place, raise->item, "no answer", reply);
        } else {
            write_copy(place, raise->item, reply);
        }
    }
}

void Controller::write_copy(Place place, const core::EpochItem& item, Reply reply) {
    struct Outcome {
        bool refused = false;
        std::optional<core::EpochItem> before;
    };

    const auto outcome = std::make_shared<Outcome>();
    const auto effect = [this, place, item, outcome] {
        std::optional<core::EpochItem>& copy = scene_.small.records[place];
        outcome->before = copy;
        const bool holds = !copy || copy->epoch < item.epoch || core::is_stray(*copy, item) ||
                           copy->says(item.epoch, item.active) ||
                           scene_.planted(Plant::stale_plan_overwrites);
        outcome->refused = !holds;
        if (holds) {
            scene_.chronicle->copy_written(place, copy, item, true);
            copy = item;
        }
    };
    call(place, true, effect, [this, place, item, outcome, reply](Came came) {
        // Until now an agent may have read what the copy named before.
        const bool told = came == Came::answer && outcome->before;
        named(place, told ? outcome->before->terms.lease : named_[place]);
        const std::string before = told ? outcome->before->register_id : registers_[place];
        const bool other = !before.empty() && before != item.register_id;
        if (came == Came::answer && !outcome->refused) {
            named_[place] = item.terms.lease;
            registers_[place] = item.register_id;
            reply(
                {.landed = Landed::confirmed,
                 .seen = item.epoch,
                 .detail = "raised",
                 .other_register = other,
                 .in_full = true}
            );
            return;
        }
        look_at_copy(place, item, "no answer", [reply, other](CopyAnswer answer) {
            answer.other_register = answer.other_register || other;
            reply(answer);
        });
    });
}

void Controller::look_at_copy(
    Place place, const core::EpochItem& item, std::string otherwise, Reply reply
) {
    read_copy(
        place,
        [item, otherwise = std::move(otherwise), reply](const std::optional<core::EpochItem>& found
        ) {
            if (!found) {
                reply({.landed = Landed::unknown, .seen = {}, .detail = otherwise});
                return;
            }
            const std::string said = std::to_string(found->epoch.value());
            if (found->says(item.epoch, item.active)) {
                reply(
                    {.landed = Landed::confirmed,
                     .seen = found->epoch,
                     .detail = "raised, as read back",
                     .other_register =
                         !found->register_id.empty() && found->register_id != item.register_id,
                     .in_full = !core::is_behind(*found, item)}
                );
            } else if (core::is_stray(*found, item)) {
                reply(
                    {.landed = Landed::stray,
                     .seen = found->epoch,
                     .detail = "epoch " + said + " is there, which no controller has raised"}
                );
            } else if (found->epoch < item.epoch) {
                reply({.landed = Landed::unchanged, .seen = found->epoch, .detail = "still " + said}
                );
            } else {
                reply(
                    {.landed = Landed::newer,
                     .seen = found->epoch,
                     .detail =
                         "epoch " + said + " with active " + found->active.value() + " is there"}
                );
            }
        }
    );
}

void Controller::copy_ended(
    const std::shared_ptr<Raise>& raise, Place place, const CopyAnswer& answer
) {
    ++raise->ended;
    raise->seen.push_back(answer.seen);
    if (answer.landed == Landed::confirmed) {
        raise->confirmed.push_back(region_id(place));
    }
    raise->other_register = raise->other_register || answer.other_register;
    raise->unchanged += answer.landed == Landed::unchanged ? 1 : 0;
    raise->newer += answer.landed == Landed::newer ? 1 : 0;
    raise->strays += answer.landed == Landed::stray ? 1 : 0;
    append(raise->detail, region_id(place).value() + ": " + answer.detail);
    report_raise(*raise);
}

// The majority is reported as soon as it stands; a Region that hangs is not waited for.
void Controller::report_raise(Raise& raise) {
    const bool is_majority = raise.confirmed.size() >= majority();
    if (raise.reported || (!is_majority && raise.ended < scene_.record_places.size())) {
        return;
    }
    raise.reported = true;
    if (scene_.planted(Plant::raise_outcome_lost)) {
        return;
    }
    const std::size_t newer = raise.newer + (raise.strays >= majority() ? raise.strays : 0);
    deliver(core::EpochRaised{
        .step = raise.action.step,
        .started = raise.started,
        .started_wall = raise.started_wall,
        .majority = is_majority,
        .unchanged_confirmed = raise.unchanged >= majority(),
        .confirmed = raise.confirmed,
        .taken = newer > scene_.record_places.size() - majority(),
        .highest_seen =
            core::highest_believable(raise.seen, scene_.record_places.size(), raise.item.epoch),
        .longest_lease = longest_lease(),
        .other_register = raise.other_register,
        .detail = raise.detail
    });
}

void Controller::find(const core::FindHosts& action) {
    if (is_silenced()) {
        return;
    }
    scene_.chronicle->effect(action.step, action);
    search_hosts(action.step);
}

// Which hosts have registered themselves, having found no controller: a majority of the tables
// suffices, as each of them has written into one.
void Controller::search_hosts(const core::StepId& step) {
    struct Search {
        std::set<std::size_t> hosts;
        std::size_t read = 0;
        std::size_t ended = 0;
        bool reported = false;
    };

    const auto search = std::make_shared<Search>();
    for (const Place place : scene_.record_places) {
        const auto seen = std::make_shared<std::set<std::size_t>>();
        call(
            place,
            false,
            [this, seen, place] { *seen = scene_.small.registered[place]; },
            [this, search, seen, step](Came came) {
                ++search->ended;
                if (came == Came::answer) {
                    ++search->read;
                    search->hosts.insert(seen->begin(), seen->end());
                }
                const bool complete = search->read >= majority();
                const bool over = search->ended == scene_.record_places.size();
                if (search->reported || (!complete && !over)) {
                    return;
                }
                search->reported = true;
                core::HostsFound found{.step = step, .complete = complete, .hosts = {}};
                for (const std::size_t index : search->hosts) {
                    found.hosts.emplace_back(scene_.id_of(index), region_id(scene_.home_of(index)));
                }
                deliver(std::move(found));
            }
        );
    }
}

void Controller::watch_hosts() {
    if (configuration_.on_controller_loss == core::OnControllerLoss::verify) {
        later(kWatchHostsEvery, [this] { watch_hosts(); });
        search_hosts({});
    }
}

// The core hears what a majority says as soon as it says all that matters, and what later copies
// say when all have ended. Copies that missed a raise, or name other terms, are brought up to what
// is in force.
void Controller::watch_records() {
    later(std::min<Duration>(kWatchEveryMax, configuration_.lease / 3), [this] {
        watch_records();
    });
    const auto told = std::make_shared<std::size_t>(0);
    const auto strays = std::make_shared<std::vector<Place>>();
    read_copies([this, told, strays](const CopyRead& read) {
        const core::EpochVerdict verdict = core::judge(read.reading);
        const bool hidden = scene_.planted(Plant::epoch_from_store_only) &&
                            verdict.at_least > core().record().epoch;
        const std::size_t copies = read.reading.copies.size();
        const bool news = *told == 0 || copies > *told;
        if (news && (read.whole || (*told == 0 && verdict.is_enough())) && !hidden) {
            *told = copies;
            deliver(core::EpochsRead{read.reading});
        }
        if (read.whole && !verdict.agreed && scene_.planted(Plant::blind_controller_grants)) {
            const core::AppRecord& known = core().record();
            core::EpochReading unchanged = read.reading;
            unchanged.copies.assign(
                unchanged.asked, item_of(known.epoch, known.active, core::raised_for(known))
            );
            deliver(core::EpochsRead{std::move(unchanged)});
        }
        if (read.copy) {
            heal_copy(read.place, *read.copy);
            if (core::is_stray(*read.copy, wanted())) {
                strays->push_back(read.place);
            }
        }
        if (read.whole && verdict.agreed &&
            verdict.agreed->says(core().record().epoch, core().record().active)) {
            for (const Place place : *strays) {
                scene_.quiet->disturb();
                write_copy(place, wanted(), [](const CopyAnswer&) {});
            }
        }
    });
}

// What each copy should say.
core::EpochItem Controller::wanted() const {
    const core::AppRecord& in_force = core().record();
    return item_of(in_force.epoch, in_force.active, core::raised_for(in_force));
}

void Controller::heal_copy(Place place, const core::EpochItem& found) {
    const core::EpochItem wanted = this->wanted();
    if (wanted.exists() && core::is_behind(found, wanted)) {
        scene_.quiet->disturb();
        write_copy(place, wanted, [](const CopyAnswer&) {});
    }
}

}  // namespace farshore::sim
