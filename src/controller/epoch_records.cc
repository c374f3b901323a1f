#include "controller/epoch_records.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "adapters/aws/epoch_item.h"
#include "base/text.h"

namespace farshore::controller {

namespace {

// A Region that does not answer within this does not hold up the majority of the others.
constexpr Duration kCallTimeout = std::chrono::milliseconds{800};
constexpr Duration kSurveyPoll = std::chrono::milliseconds{10};
// A lease that a copy named is remembered a little longer than an agent can hold it.
constexpr Duration kRememberFor = std::chrono::seconds{5};

aws::CallOptions call_options() {
    aws::CallOptions options;
    options.connect_timeout = kCallTimeout;
    options.total_timeout = kCallTimeout;
    options.attempts_max = 1;
    return options;
}

void append(std::string& text, const std::string& more) {
    text += (text.empty() ? "" : "; ") + more;
}

}  // namespace

EpochRecords::EpochRecords(Edge& edge, std::string register_id)
    : edge_(edge), register_id_(std::move(register_id)) {
    for (const config::Region& region : edge.config.regions) {
        regions_.push_back(region.id);
    }
    const RegionId& witness = edge.config.witness;
    if (!witness.value().empty() && std::ranges::find(regions_, witness) == regions_.end()) {
        regions_.push_back(witness);
    }
}

void EpochRecords::named(const RegionId& region, Duration lease) {
    named_[region] = lease;
    if (lease > Duration::zero()) {
        named_until_[lease] = edge_.clock.now();
    }
    // Leases that no agent can hold any more are forgotten: a controller lives for months.
    std::erase_if(named_until_, [now = edge_.clock.now()](const auto& entry) {
        return now - entry.second > entry.first + kRememberFor;
    });
}

Duration EpochRecords::longest_lease() const {
    Duration longest{};
    for (const auto& [lease, until] : named_until_) {
        if (edge_.clock.now() - until <= lease) {
            longest = std::max(longest, lease);
        }
    }
    return longest;
}

void EpochRecords::raise(const core::RaiseEpoch& action) {
    auto raise = std::make_shared<Raise>();
    raise->step = action.step;
    raise->started = edge_.clock.now();
    raise->started_wall = edge_.clock.wall();
    raise->item = item(action.epoch, action.active, action.raised_for);
    raise->only_look = action.only_look;
    for (const RegionId& region : regions_) {
        edge_.tasks.spawn("raise in " + region.value(), [this, region, raise] {
            return raise_in(region, raise);
        });
    }
}

net::Task<> EpochRecords::raise_in(RegionId region, std::shared_ptr<Raise> raise) {
    Answer answer;
    if (raise->only_look) {
        answer = co_await look(region, raise->item, "no answer");
    } else {
        answer = co_await write_and_check(region, raise->item);
    }
    ++raise->ended;
    raise->seen.push_back(answer.seen);
    if (answer.landed == Landed::confirmed) {
        raise->confirmed.push_back(region);
    }
    raise->other_register = raise->other_register || answer.other_register;
    raise->unchanged += answer.landed == Landed::unchanged ? 1 : 0;
    raise->newer += answer.landed == Landed::newer ? 1 : 0;
    raise->strays += answer.landed == Landed::stray ? 1 : 0;
    append(raise->detail, region.value() + ": " + answer.detail);
    report(*raise);
}

// The majority is reported as soon as it stands; a Region that hangs is not waited for.
void EpochRecords::report(Raise& raise) {
    const bool majority = raise.confirmed.size() >= this->majority();
    if (raise.reported || (!majority && raise.ended < regions_.size())) {
        return;
    }
    raise.reported = true;
    // What most copies carry is no stray.
    const std::size_t newer = raise.newer + (raise.strays >= this->majority() ? raise.strays : 0);
    edge_.deliver(core::EpochRaised{
        .step = raise.step,
        .started = raise.started,
        .started_wall = raise.started_wall,
        .majority = majority,
        .unchanged_confirmed = raise.unchanged >= this->majority(),
        .confirmed = raise.confirmed,
        .taken = newer > regions_.size() - this->majority(),
        .highest_seen = core::highest_believable(raise.seen, regions_.size(), raise.item.epoch),
        .longest_lease = longest_lease(),
        .other_register = raise.other_register,
        .detail = raise.detail
    });
}

core::EpochItem EpochRecords::item(Epoch epoch, RegionId active, core::RaisedFor raised_for) const {
    return {
        .epoch = epoch,
        .active = std::move(active),
        .terms = {.lease = edge_.config.fence.lease, .clock_error = edge_.config.fence.clock_error},
        .register_id = register_id_,
        .raised_for = std::move(raised_for)
    };
}

net::Task<EpochRecords::Answer> EpochRecords::write_and_check(
    RegionId region, core::EpochItem item
) {
    const aws::UpdateItem update = aws::write_of_epoch_item(
        edge_.config.fence.epoch_table,
        edge_.config.app,
        item,
        {.by = edge_.config.controller.id.value(), .at = edge_.clock.wall()}
    );
    aws::CallOptions options = call_options();
    options.idempotent = true;
    const Result<std::optional<aws::Item>> written =
        co_await edge_.tables.update_item(region, update, options);
    // Until now an agent may have read what the copy named before, also when the answer is lost.
    const bool told = written && *written;
    const auto before = told ? aws::parse_epoch_item(**written) : std::nullopt;
    named(region, before ? before->terms.lease : named_[region]);
    // Of a lost answer it is not known either, but each copy was read a second ago.
    const std::string register_before = before ? before->register_id : registers_[region];
    const bool other = !register_before.empty() && register_before != register_id_;
    if (written) {
        named_[region] = item.terms.lease;
        registers_[region] = register_id_;
        co_return Answer{
            .landed = Landed::confirmed,
            .seen = item.epoch,
            .detail = "raised",
            .other_register = other,
            .in_full = true
        };
    }
    // A controller that was refused has been answered: what the copy says now can be read.
    const ErrorKind kind = written.error().kind;
    const bool answered = kind == ErrorKind::conflict || kind == ErrorKind::denied ||
                          kind == ErrorKind::malformed || kind == ErrorKind::throttled;
    if (written.error().effect == Effect::none && !answered) {
        // No answer: the copy may still be what it was, but that is not known.
        co_return Answer{.landed = Landed::unknown, .seen = {}, .detail = written.error().text};
    }
    Answer answer = co_await look(region, item, written.error().text);
    answer.other_register = answer.other_register || other;
    co_return answer;
}

net::Task<EpochRecords::Answer> EpochRecords::look(
    RegionId region, core::EpochItem item, std::string otherwise
) {
    const Result<core::EpochItem> found = co_await read(region);
    if (!found) {
        co_return Answer{.landed = Landed::unknown, .seen = {}, .detail = std::move(otherwise)};
    }
    const std::string seen = std::to_string(found->epoch.value());
    if (found->says(item.epoch, item.active)) {
        const auto why_not = core::why_not_confirming(*found, item);
        co_return Answer{
            .landed = Landed::confirmed,
            .seen = found->epoch,
            .detail = "raised, as read back" +
                      (why_not ? ", but it " + *why_not + ": " + otherwise : std::string{}),
            .other_register = !found->register_id.empty() && found->register_id != register_id_,
            .in_full = !why_not
        };
    }
    if (core::is_stray(*found, item)) {
        co_return Answer{
            .landed = Landed::stray,
            .seen = found->epoch,
            .detail = "epoch " + seen + " is there, which no controller has raised"
        };
    }
    if (found->epoch < item.epoch) {
        co_return Answer{
            .landed = Landed::unchanged, .seen = found->epoch, .detail = "still " + seen
        };
    }
    co_return Answer{
        .landed = Landed::newer,
        .seen = found->epoch,
        .detail = "epoch " + seen + " with active " + found->active.value() + " is there"
    };
}

net::Task<Result<core::EpochItem>> EpochRecords::read(RegionId region) {
    const aws::GetItem get =
        aws::read_of_epoch_item(edge_.config.fence.epoch_table, edge_.config.app);
    const aws::CallOptions options = call_options();
    const Result<std::optional<aws::Item>> item =
        co_await edge_.tables.get_item(region, get, options);
    if (!item) {
        co_return std::unexpected(item.error());
    }
    if (!*item) {
        co_return core::EpochItem{};
    }
    const std::optional<core::EpochItem> parsed = aws::parse_epoch_item(**item);
    if (!parsed) {
        co_return fail(
            ErrorKind::malformed,
            "the epoch item in " + region.value() +
                " is damaged: no controller writes such an epoch, active Region or lease",
            "find out who wrote the item of " + edge_.config.app.value() + " in " +
                edge_.config.fence.epoch_table.value() +
                "; only controllers may (docs/iam.md). A controller replaces an epoch above 2^48-1 "
                "by itself"
        );
    }
    named(region, parsed->terms.lease);
    registers_[region] = parsed->register_id;
    co_return *parsed;
}

void EpochRecords::note(
    const RegionId& region, const Result<core::EpochItem>& found, Round& round
) {
    ++round.ended;
    if (found) {
        round.reading.copies.push_back(*found);
    } else {
        append(round.reading.detail, region.value() + ": " + found.error().text);
    }
}

net::Task<> EpochRecords::read_into(RegionId region, std::shared_ptr<Round> round) {
    const Result<core::EpochItem> found = co_await read(region);
    note(region, found, *round);
}

core::EpochReading EpochRecords::begun() const {
    return {
        .started = edge_.clock.now(),
        .started_wall = edge_.clock.wall(),
        .asked = regions_.size(),
        .copies = {},
        .detail = {}
    };
}

net::Task<core::EpochReading> EpochRecords::survey() {
    auto round = std::make_shared<Round>();
    round->reading = begun();
    for (const RegionId& region : regions_) {
        edge_.tasks.spawn("read epoch in " + region.value(), [this, region, round] {
            return read_into(region, round);
        });
    }
    while (round->ended < regions_.size()) {
        const bool slept = co_await net::sleep_for(edge_.io, kSurveyPoll);
        if (!slept) {
            break;
        }
    }
    co_return round->reading;
}

net::Task<Status> EpochRecords::establish(Epoch epoch, RegionId active) {
    std::size_t confirmed = 0;
    std::string detail;
    bool newer = false;
    for (const RegionId& region : regions_) {
        const Answer answer = co_await write_and_check(region, item(epoch, active, {}));
        confirmed += answer.in_full ? 1 : 0;
        newer = newer || answer.landed == Landed::newer;
        append(detail, region.value() + ": " + answer.detail);
    }
    if (confirmed >= majority()) {
        co_return Status{};
    }
    co_return fail(
        newer ? ErrorKind::conflict : ErrorKind::unavailable,
        "no majority of the epoch records carries epoch " + std::to_string(epoch.value()) + ": " +
            detail,
        "the table " + edge_.config.fence.epoch_table.value() + " must exist in " +
            std::to_string(regions_.size()) + " Regions and be writable"
    );
}

}  // namespace farshore::controller
