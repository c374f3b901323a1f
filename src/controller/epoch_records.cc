#include "controller/epoch_records.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "adapters/system/log.h"
#include "base/text.h"

namespace farshore::controller {

namespace {

// A Region that does not answer within this does not hold up the majority of the others.
constexpr Duration kCallTimeout = std::chrono::milliseconds{800};
constexpr Duration kSurveyPoll = std::chrono::milliseconds{10};
constexpr Duration kHealEvery = std::chrono::seconds{5};

aws::CallOptions call_options() {
    aws::CallOptions options;
    options.connect_timeout = kCallTimeout;
    options.total_timeout = kCallTimeout;
    options.attempts_max = 1;
    return options;
}

// Zero when the record names none.
Duration lease_of(const aws::Item& item) {
    const std::int64_t ms = aws::number_of(item, "lease_ms").value_or(0);
    return std::chrono::milliseconds{std::clamp<std::int64_t>(ms, 0, 3'600'000)};
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
    // A long-lived controller forgets what nobody can hold any more.
    std::erase_if(named_until_, [now = edge_.clock.now()](const auto& entry) {
        return now - entry.second > entry.first + kHealEvery;
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
    raise->epoch = action.epoch;
    raise->active = action.active;
    raise->only_look = action.only_look;
    raise->highest = Epoch{};
    for (const RegionId& region : regions_) {
        edge_.tasks.spawn("raise in " + region.value(), [this, region, raise] {
            return raise_in(region, raise);
        });
    }
}

net::Task<> EpochRecords::raise_in(RegionId region, std::shared_ptr<Raise> raise) {
    Answer answer;
    if (raise->only_look) {
        answer = co_await look(region, raise->epoch, raise->active, "no answer");
    } else {
        answer = co_await write_and_check(region, raise->epoch, raise->active);
    }
    ++raise->ended;
    raise->highest = std::max(raise->highest, answer.seen);
    if (answer.landed == Landed::confirmed) {
        raise->confirmed.push_back(region);
    }
    raise->unchanged += answer.landed == Landed::unchanged ? 1 : 0;
    raise->newer += answer.landed == Landed::newer ? 1 : 0;
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
    edge_.deliver(core::EpochRaised{
        .step = raise.step,
        .majority = majority,
        .unchanged_confirmed = raise.unchanged >= this->majority(),
        .confirmed = raise.confirmed,
        .taken = raise.newer > regions_.size() - this->majority(),
        .highest_seen = raise.highest,
        .longest_lease = longest_lease(),
        .detail = raise.detail
    });
}

net::Task<EpochRecords::Answer> EpochRecords::write_and_check(
    RegionId region, Epoch epoch, RegionId active
) {
    aws::UpdateItem update;
    update.table = edge_.config.fence.epoch_table;
    update.key["app"] = aws::string_attribute(edge_.config.app.value());
    update.expressions.update =
        "SET #epoch = :epoch, #active = :active, #lease = :lease, #register = :register, #at = "
        ":at, #by = :by";
    update.expressions.condition =
        "attribute_not_exists(#epoch) OR #epoch < :epoch OR (#epoch = :epoch AND #active = "
        ":active)";
    update.expressions.names = {
        {"#epoch", "epoch"},
        {"#active", "active"},
        {"#lease", "lease_ms"},
        {"#register", "register"},
        {"#at", "at"},
        {"#by", "by"}
    };
    update.return_values = aws::ReturnValues::updated_old;
    update.expressions.values[":lease"] = aws::number_attribute(to_ms(edge_.config.fence.lease));
    update.expressions.values[":epoch"] =
        aws::number_attribute(static_cast<std::int64_t>(epoch.value()));
    update.expressions.values[":active"] = aws::string_attribute(active.value());
    update.expressions.values[":register"] = aws::string_attribute(register_id_);
    update.expressions.values[":at"] = aws::string_attribute(to_iso8601(edge_.clock.wall()));
    update.expressions.values[":by"] = aws::string_attribute(edge_.config.controller.id.value());
    aws::CallOptions options = call_options();
    options.idempotent = true;
    const Result<std::optional<aws::Item>> written =
        co_await edge_.tables.update_item(region, update, options);
    // Until now an agent may have read what the copy named before, also when the answer is lost.
    named(region, written && *written ? lease_of(**written) : named_[region]);
    if (written) {
        named_[region] = edge_.config.fence.lease;
        co_return Answer{.landed = Landed::confirmed, .seen = epoch, .detail = "raised"};
    }
    // Whoever was refused has at least been answered: what the record says now can be read.
    const ErrorKind kind = written.error().kind;
    const bool answered = kind == ErrorKind::conflict || kind == ErrorKind::denied ||
                          kind == ErrorKind::malformed || kind == ErrorKind::throttled;
    if (written.error().effect == Effect::none && !answered) {
        // Nobody has answered; the record may still be what it was, but nobody has said so.
        co_return Answer{.landed = Landed::unknown, .seen = {}, .detail = written.error().text};
    }
    Answer answer = co_await look(region, epoch, active, written.error().text);
    co_return answer;
}

net::Task<EpochRecords::Answer> EpochRecords::look(
    RegionId region, Epoch epoch, RegionId active, std::string otherwise
) {
    const Result<std::optional<EpochRecord>> found = co_await read(region);
    if (!found) {
        co_return Answer{.landed = Landed::unknown, .seen = {}, .detail = std::move(otherwise)};
    }
    const Epoch seen = *found ? (*found)->epoch : Epoch{};
    if (*found && seen == epoch && (*found)->active == active) {
        co_return Answer{
            .landed = Landed::confirmed, .seen = seen, .detail = "raised, as read back"
        };
    }
    if (seen < epoch) {
        co_return Answer{
            .landed = Landed::unchanged,
            .seen = seen,
            .detail = "still " + std::to_string(seen.value())
        };
    }
    co_return Answer{
        .landed = Landed::newer,
        .seen = seen,
        .detail = "epoch " + std::to_string(seen.value()) + " with active " +
                  (*found)->active.value() + " is there"
    };
}

net::Task<Result<std::optional<EpochRecord>>> EpochRecords::read(RegionId region) {
    aws::GetItem get;
    get.table = edge_.config.fence.epoch_table;
    get.key["app"] = aws::string_attribute(edge_.config.app.value());
    get.consistent = true;
    const aws::CallOptions options = call_options();
    const Result<std::optional<aws::Item>> item =
        co_await edge_.tables.get_item(region, get, options);
    if (!item) {
        co_return std::unexpected(item.error());
    }
    if (!*item) {
        co_return std::nullopt;
    }
    const auto epoch = aws::number_of(**item, "epoch");
    const auto active = aws::string_of(**item, "active");
    if (!epoch || !active || *epoch < 0) {
        co_return fail(
            ErrorKind::malformed,
            "the epoch record in " + region.value() + " has no usable epoch and active Region",
            "look at the item of " + edge_.config.app.value() + " in " +
                edge_.config.fence.epoch_table.value()
        );
    }
    named(region, lease_of(**item));
    co_return EpochRecord{
        .epoch = Epoch{static_cast<std::uint64_t>(*epoch)},
        .active = RegionId{*active},
        .lease = lease_of(**item),
        .register_id = aws::string_of(**item, "register").value_or("")
    };
}

net::Task<> EpochRecords::read_into(
    RegionId region, std::shared_ptr<core::EpochSurvey> survey, std::shared_ptr<std::size_t> left
) {
    const Result<std::optional<EpochRecord>> found = co_await read(region);
    if (!found) {
        append(survey->detail, region.value() + ": " + found.error().text);
    } else {
        ++survey->answered;
        if (*found) {
            survey->copies.push_back({.epoch = (**found).epoch, .active = (**found).active});
        }
    }
    --*left;
}

net::Task<core::EpochSurvey> EpochRecords::survey() {
    auto survey = std::make_shared<core::EpochSurvey>();
    survey->asked = regions_.size();
    auto left = std::make_shared<std::size_t>(regions_.size());
    for (const RegionId& region : regions_) {
        edge_.tasks.spawn("read epoch in " + region.value(), [this, region, survey, left] {
            return read_into(region, survey, left);
        });
    }
    while (*left > 0) {
        const bool slept = co_await net::sleep_for(edge_.io, kSurveyPoll);
        if (!slept) {
            break;
        }
    }
    co_return *survey;
}

net::Task<Status> EpochRecords::establish(Epoch epoch, RegionId active) {
    std::size_t confirmed = 0;
    std::string detail;
    bool newer = false;
    for (const RegionId& region : regions_) {
        const Answer answer = co_await write_and_check(region, epoch, active);
        confirmed += answer.landed == Landed::confirmed ? 1 : 0;
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

// It missed a raise, or names another lease than the one that this controller grants and waits for,
// or another register than ours.
bool EpochRecords::is_behind(const EpochRecord& found, const EpochRecord& wanted) const {
    return found.epoch < wanted.epoch ||
           (found.epoch == wanted.epoch && found.active == wanted.active &&
            (found.lease != edge_.config.fence.lease || found.register_id != register_id_));
}

net::Task<> EpochRecords::heal(std::function<EpochRecord()> in_force) {
    while (true) {
        std::size_t newer = 0;
        Epoch newest;
        for (const RegionId& region : regions_) {
            const Result<std::optional<EpochRecord>> found = co_await read(region);
            const EpochRecord wanted = in_force();
            if (found && *found && (*found)->epoch > wanted.epoch) {
                ++newer;
                newest = std::max(newest, (*found)->epoch);
            }
            if (!found || wanted.epoch == Epoch{} || (*found && !is_behind(**found, wanted))) {
                continue;
            }
            const Answer answer = co_await write_and_check(region, wanted.epoch, wanted.active);
            system::log_info(
                "epochs",
                "brought a record up to date",
                {{"region", region.value()}, {"answer", answer.detail}}
            );
        }
        if (newer >= majority()) {
            edge_.deliver(core::EpochRaised{
                .step = {},
                .majority = true,
                .unchanged_confirmed = false,
                .confirmed = {},
                .highest_seen = newest,
                .longest_lease = {},
                .detail = "the epoch records are newer than the store"
            });
        }
        const bool slept = co_await net::sleep_for(edge_.io, kHealEvery);
        if (!slept) {
            co_return;
        }
    }
}

}  // namespace farshore::controller
