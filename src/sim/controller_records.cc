#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller.h"
#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

// The controller's way to the copies of the epoch item and to the registrations beside them: the
// network's delays, the time that a request may take, and what a Region's table does with it.
namespace farshore::sim {

namespace {

constexpr Duration kCallTimeout = 800ms;

}  // namespace

void Controller::call(
    Place to, bool write, std::function<core::CopyAnswer()> effect, Answered answered
) {
    if (!alive_ || silenced_) {
        return;
    }
    const bool unseen = scene_.weather.is(FaultKind::data_unseen, to) && to != kWitness;
    const auto first = first_of(std::move(answered));
    const auto end = [self = shared_from_this(), first](const core::CopyAnswer& answer) {
        self->enter([first, answer] { first(answer); });
    };
    later(kCallTimeout, [end, unseen] {
        end({.word = unseen ? core::CopyWord::not_done : core::CopyWord::lost, .why = "no answer"});
    });
    if (unseen || site_.is_blind() ||
        scene_.weather.old_connections_hang(to, scene_.calendar.now())) {
        return;
    }
    leave([this, self = shared_from_this(), to, write, effect = std::move(effect), end] {
        scene_.network.call({.from = kWitness, .to = to}, write, effect, end);
    });
}

void Controller::read(const RegionId& region, Answered answered) {
    const Place place = place_of(region);
    call(place, false, [this, place] { return scene_.small.read(place); }, std::move(answered));
}

void Controller::write(const RegionId& region, const core::EpochItem& item, Answered answered) {
    scene_.quiet->disturb();
    const Place place = place_of(region);
    const auto effect = [this, place, item]() -> core::CopyAnswer {
        std::optional<core::EpochItem>& copy = scene_.small.records[place];
        if (!core::may_replace(copy.value_or(core::EpochItem{}), item)) {
            return {.word = core::CopyWord::refused, .why = "a condition does not hold"};
        }
        scene_.chronicle->copy_written(place, copy, item, store().number());
        return {.word = core::CopyWord::done, .item = std::exchange(copy, item)};
    };
    call(place, true, effect, std::move(answered));
}

void Controller::raise(const core::RaiseEpoch& action) {
    if (begins(action.step)) {
        epochs_->raise(action);
    }
}

void Controller::watch_records() {
    epochs_->look();
    later(epochs_->every(), [this] { watch_records(); });
}

void Controller::find(const core::FindHosts& action) {
    if (begins(action.step)) {
        search_hosts(action.step);
    }
}

void Controller::search_hosts(const core::StepId& step) {
    const auto search = std::make_shared<core::HostSearch>(
        step, scene_.record_places.size(), [](const std::string&) { return true; }
    );
    for (const Place place : scene_.record_places) {
        const auto seen = std::make_shared<std::set<std::size_t>>();
        call(
            place,
            false,
            [this, seen, place]() -> core::CopyAnswer {
                *seen = scene_.small.registered[place];
                return {.word = core::CopyWord::done};
            },
            [this, search, seen, place](const core::CopyAnswer& answer) {
                if (answer.word == core::CopyWord::done) {
                    for (const std::size_t index : *seen) {
                        search->take(entry_of(index));
                    }
                    static_cast<void>(search->page_read(region_id(place), false));
                } else {
                    search->page_failed();
                }
                if (std::optional<core::HostsFound> found = search->news()) {
                    // The core counts them also when the store refuses.
                    enroll(*found, [this, found](bool) { deliver(*found); });
                }
            }
        );
    }
}

core::HostEntry Controller::entry_of(std::size_t host) const {
    const HostId id = scene_.id_of(host);
    return {
        .owner = id,
        .host = id,
        .region = region_id(scene_.home_of(host)),
        .register_id = store().register_id()
    };
}

void Controller::enroll(const core::HostsFound& found, std::function<void(bool)> done) {
    // A closed register of this world names every host.
    const auto listed = [](const HostId&) {
        return true;
    };
    ports::Commit commit{.app = policy_.app};
    for (const auto& [host, region] :
         core::to_enroll(found, core().agents(), not_stored_, listed)) {
        not_stored_.insert(host);
        commit.changes.emplace_back(
            ports::HostEntered{{.host = host, .region = region, .registered_at = wall()}}
        );
    }
    if (commit.changes.empty()) {
        done(true);
        return;
    }
    store().commit(*this, commit, [this, commit, done](const ports::CommitAnswer& answer) {
        const bool durable = answer.end == ports::CommitEnd::committed;
        for (const ports::Change& change : commit.changes) {
            if (durable) {
                not_stored_.erase(std::get<ports::HostEntered>(change).host.host);
            }
        }
        done(durable);
    });
}

void Controller::watch_hosts() {
    if (core::hosts_register_themselves(configuration_.on_controller_loss)) {
        later(core::kSearchHostsEvery, [this] { watch_hosts(); });
        search_hosts({});
    }
}

}  // namespace farshore::sim
