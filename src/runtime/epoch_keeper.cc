#include "runtime/epoch_keeper.h"

#include <utility>

namespace farshore::runtime {

EpochKeeper::EpochKeeper(
    const ports::Clock& clock, ports::EpochCopies& copies, Options options, Upcalls upcalls
)
    : clock_(clock),
      copies_(copies),
      options_(std::move(options)),
      upcalls_(std::move(upcalls)),
      watch_(options_.terms.lease) {}

core::EpochItem EpochKeeper::item(Epoch epoch, RegionId active, core::RaisedFor raised_for) const {
    return {
        .epoch = epoch,
        .active = std::move(active),
        .terms = options_.terms,
        .register_id = options_.register_id,
        .raised_for = std::move(raised_for)
    };
}

core::RaiseRound::Order EpochKeeper::order_of(core::EpochItem item) const {
    return {
        .item = std::move(item),
        .regions = options_.regions,
        .started = clock_.now(),
        .started_wall = clock_.wall()
    };
}

// Asks one copy until the round is done with it.
void EpochKeeper::ask(
    const Round& round, const RegionId& region, core::CopyQuestion question, Ended ended
) {
    const auto take = [this, round, region, ended](const core::CopyAnswer& answer) {
        if (const auto next = round->take(clock_.now(), region, answer)) {
            ask(round, region, *next, ended);
            return;
        }
        if (std::optional<core::EpochRaised> raised = round->news(clock_.now())) {
            upcalls_.deliver(std::move(*raised));
        }
        ended();
    };
    if (question == core::CopyQuestion::write) {
        copies_.write(region, round->order().item, take);
    } else {
        copies_.read(region, take);
    }
}

void EpochKeeper::raise(const core::RaiseEpoch& action) {
    core::RaiseRound::Order order = order_of(item(action.epoch, action.active, action.raised_for));
    order.step = action.step;
    order.only_look = action.only_look;
    const auto round = std::make_shared<core::RaiseRound>(std::move(order), named_);
    for (const RegionId& region : options_.regions) {
        ask(round, region, round->first(), [] {});
    }
}

std::shared_ptr<core::Survey> EpochKeeper::begin_survey() {
    const core::Survey::Begun begun{
        .at = clock_.now(), .wall = clock_.wall(), .copies = options_.regions.size()
    };
    return std::make_shared<core::Survey>(begun, named_);
}

// What a survey at the start says is its caller's to judge.
void EpochKeeper::survey(std::function<void(const core::EpochReading&)> done) {
    const std::shared_ptr<core::Survey> survey = begin_survey();
    for (const RegionId& region : options_.regions) {
        copies_.read(region, [this, survey, region, done](const core::CopyAnswer& answer) {
            static_cast<void>(survey->take(clock_.now(), region, answer));
            if (survey->is_whole()) {
                done(survey->reading());
            }
        });
    }
}

void EpochKeeper::first_record(
    core::Founding founding, std::function<void(Result<core::AppRecord>)> done
) {
    survey([this, founding = std::move(founding), done](const core::EpochReading& reading) mutable {
        founding.at = clock_.wall();
        std::optional<core::FirstRecord> first = core::first_record(reading, founding);
        if (!first) {
            done(fail(
                ErrorKind::unavailable,
                "no majority of the epoch records answers and agrees: " + reading.detail
            ));
            return;
        }
        if (!first->establish) {
            done(std::move(first->record));
            return;
        }
        const auto round = std::make_shared<core::RaiseRound>(
            order_of(item(first->record.epoch, first->record.active, {})), named_
        );
        establish(round, 0, [this, record = std::move(first->record), done](Status ready) mutable {
            if (!ready) {
                done(std::unexpected(std::move(ready.error())));
                return;
            }
            if (record.register_lost_at) {
                // Until just now the copies named the lost register, and confirmed its hosts.
                record.register_lost_at = clock_.wall();
            }
            done(std::move(record));
        });
    });
}

// One copy after the other: two controllers that begin with empty stores meet at the first one.
void EpochKeeper::establish(
    const Round& round, std::size_t index, std::function<void(Status)> done
) {
    const std::vector<RegionId>& regions = options_.regions;
    if (index < regions.size()) {
        ask(round, regions[index], round->first(), [this, round, index, done] {
            establish(round, index + 1, done);
        });
        return;
    }
    if (round->in_full() >= core::majority_of(regions.size())) {
        done({});
        return;
    }
    done(fail(
        round->met_newer() ? ErrorKind::conflict : ErrorKind::unavailable,
        "no majority of the epoch records carries epoch " +
            std::to_string(round->order().item.epoch.value()) + ": " + round->detail()
    ));
}

void EpochKeeper::look() {
    const std::shared_ptr<core::Survey> survey = begin_survey();
    for (const RegionId& region : options_.regions) {
        copies_.read(region, [this, survey, region](const core::CopyAnswer& answer) {
            looked(*survey, region, answer);
        });
    }
}

void EpochKeeper::looked(
    core::Survey& survey, const RegionId& region, const core::CopyAnswer& answer
) {
    if (std::optional<core::EpochsRead> read = survey.take(clock_.now(), region, answer)) {
        upcalls_.deliver(std::move(*read));
    }
    // As the core has it now that it knows of this reading.
    const core::AppRecord& known = upcalls_.in_force();
    const core::EpochItem wanted = item(known.epoch, known.active, core::raised_for(known));
    for (const RegionId& each : watch_.to_heal(clock_.now(), survey, region, answer, wanted)) {
        heal(each, wanted);
    }
}

void EpochKeeper::heal(const RegionId& region, const core::EpochItem& wanted) {
    core::RaiseRound::Order order = order_of(wanted);
    order.regions = {region};
    const auto round = std::make_shared<core::RaiseRound>(std::move(order), named_);
    ask(round, region, round->first(), [this, round, region] {
        const bool in_full = round->in_full() > 0;
        upcalls_.healed(region, watch_.healed(region, in_full), in_full ? "" : round->detail());
    });
}

}  // namespace farshore::runtime
