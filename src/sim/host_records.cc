#include <algorithm>

#include "sim/chronicle.h"
#include "sim/host.h"

// An agent's way to the epoch items, and to the registrations beside them. When it reads, what a
// reading means, and when it registers itself is decided in core/records; here are the network, the
// time that a request may take, and what a Region's table does with it.
namespace farshore::sim {

namespace {

constexpr Duration kSoonest{1};

}  // namespace

void Host::start_records() {
    registration_.emplace(local_now(), scene_.record_places.size());
    const core::EpochReader::Options options{
        .copies = scene_.record_places.size(),
        .regions = scene_.table_regions,
        .lease = scene_.script.agents_lease,
        .rule = scene_.script.agents_rule
    };
    reader_.emplace(options, *registration_);
    reading_ = false;
    confirms_ = false;
    errand_at_.reset();
}

void Host::want_confirmation() {
    report_soon();
    reader_->want(local_now());
    look_after_reading();
}

void Host::read_in(Duration delay) {
    scene_.calendar.cancel(next_read_);
    next_read_ = later(std::max(delay, kSoonest), [this] { read_records(); });
}

void Host::read_records() {
    reader_->give_up(local_now());
    const std::optional<std::uint64_t> number = reader_->begin(local_now());
    if (number) {
        reading_ = true;
        confirms_ = false;
        for (const Place place : scene_.record_places) {
            call(
                place,
                false,
                [this, place] { return scene_.small.read(place); },
                [this, reading = *number](const core::CopyAnswer& answer) {
                    record_answered(reading, answer);
                }
            );
        }
    }
    look_after_reading();
}

void Host::call(
    Place place,
    bool write,
    std::function<core::CopyAnswer()> effect,
    std::function<void(const core::CopyAnswer&)> answered
) {
    const auto first = first_of(std::move(answered));
    const auto end = [this, life = life_, first](const core::CopyAnswer& answer) {
        enter(life, [first, answer] { first(answer); });
    };
    later(core::EpochReader::kPatience, [end] { end({.word = core::CopyWord::not_done}); });
    if (reaches(place)) {
        scene_.network.call({.from = home(), .to = place}, write, std::move(effect), end);
    }
}

void Host::record_answered(std::uint64_t reading, const core::CopyAnswer& answer) {
    const core::EpochReader::Self self{
        .epoch = machine_.epoch(),
        .controllers_silent = local_now() - controller_heard_at_ >= scene_.script.agents_lease
    };
    const std::optional<core::HostInput> input = reader_->take(local_now(), reading, answer, self);
    if (input) {
        const auto* agree = std::get_if<core::RecordsAgree>(&*input);
        confirms_ = agree != nullptr && agree->know_us && agree->epoch == machine_.epoch() &&
                    agree->terms.lease >= core::EpochReader::useful_lease();
        step(*input);
    }
    tend_registration();
    look_after_reading();
}

void Host::look_after_reading() {
    if (reading_ && !reader_->is_reading()) {
        reading_ = false;
        if (!confirms_) {
            confirmable_since_.reset();
        } else if (!confirmable_since_) {
            confirmable_since_ = scene_.calendar.now();
        }
        if (scene_.script.control_targets) {
            count(
                {region_id(home()), core::Component::control, core::Path::fresh},
                reader_->last().connected
            );
        }
    }
    read_in(reader_->next_deadline() - local_now());
}

void Host::tend_registration() {
    if (const auto errand = registration_->due(local_now())) {
        for (const Place place : scene_.record_places) {
            call(
                place,
                true,
                [this, place, add = errand->add]() -> core::CopyAnswer {
                    std::set<std::size_t>& registered = scene_.small.registered[place];
                    add ? void(registered.insert(index())) : void(registered.erase(index()));
                    return {.word = core::CopyWord::done};
                },
                [this, number = errand->number](const core::CopyAnswer& answer) {
                    errand_answered(number, answer.word == core::CopyWord::done);
                }
            );
        }
    }
    if (errand_at_ != registration_->next_deadline()) {
        errand_at_ = registration_->next_deadline();
        scene_.calendar.cancel(next_errand_);
        next_errand_ = later(std::max(*errand_at_ - local_now(), kSoonest), [this] {
            errand_at_.reset();
            tend_registration();
        });
    }
}

void Host::errand_answered(std::uint64_t number, bool done) {
    const auto news = registration_->take(local_now(), number, done);
    if (news == core::SelfRegistration::News::registered) {
        want_confirmation();
    }
    tend_registration();
}

}  // namespace farshore::sim
