#include "controller/epoch_records.h"

#include <algorithm>
#include <utility>

#include "adapters/aws/epoch_item.h"
#include "adapters/net/later.h"
#include "adapters/system/log.h"

namespace farshore::controller {

namespace {

// A Region that does not answer within this does not hold up the majority of the others.
constexpr Duration kCallTimeout = std::chrono::milliseconds{800};

runtime::EpochKeeper::Options options_of(const config::Config& config, std::string register_id) {
    runtime::EpochKeeper::Options options{
        .regions = {},
        .terms =
            {.lease = config.fence.lease,
             .clock_error = config.fence.clock_error,
             .hold_max = config.switchover.hold_max},
        .register_id = std::move(register_id)
    };
    for (const config::Region& region : config.regions) {
        options.regions.push_back(region.id);
    }
    const RegionId& witness = config.witness;
    if (!witness.value().empty() &&
        std::ranges::find(options.regions, witness) == options.regions.end()) {
        options.regions.push_back(witness);
    }
    return options;
}

void log_healed(const RegionId& region, core::EpochWatch::Healed healed, const std::string& why) {
    switch (healed) {
        case core::EpochWatch::Healed::up_to_date:
            system::log_info("epochs", "brought a copy up to date", {{"region", region.value()}});
            break;
        case core::EpochWatch::Healed::failed:
            system::log_warning(
                "epochs",
                "a copy could not be brought up to date",
                {{"region", region.value()}, {"why", why}}
            );
            break;
        case core::EpochWatch::Healed::failed_again: break;
    }
}

}  // namespace

EpochRecords::EpochRecords(
    Edge& edge, std::string register_id, std::function<const core::AppRecord&()> in_force
)
    : edge_(edge),
      keeper_(
          edge.clock,
          *this,
          options_of(edge.config, std::move(register_id)),
          {.deliver = edge.deliver, .in_force = std::move(in_force), .healed = log_healed}
      ) {}

void EpochRecords::read(const RegionId& region, Answered answered) {
    edge_.tasks.spawn("read epoch in " + region.value(), [this, region, answered] {
        return carry_read(region, answered);
    });
}

void EpochRecords::write(const RegionId& region, const core::EpochItem& item, Answered answered) {
    edge_.tasks.spawn("write epoch in " + region.value(), [this, region, item, answered] {
        return carry_write(region, item, answered);
    });
}

net::Task<> EpochRecords::carry_read(RegionId region, Answered answered) {
    const aws::GetItem get =
        aws::read_of_epoch_item(edge_.config.fence.epoch_table, edge_.config.app);
    const aws::CallOptions options = aws::once_within(kCallTimeout);
    const Result<std::optional<aws::Item>> item =
        co_await edge_.tables.get_item(region, get, options);
    answered(item ? aws::copy_as_read(region, *item) : core::failed_read(item.error()));
}

net::Task<> EpochRecords::carry_write(RegionId region, core::EpochItem item, Answered answered) {
    const aws::UpdateItem update = aws::write_of_epoch_item(
        edge_.config.fence.epoch_table,
        edge_.config.app,
        item,
        {.by = edge_.config.controller.id.value(), .at = edge_.clock.wall()}
    );
    aws::CallOptions options = aws::once_within(kCallTimeout);
    options.idempotent = true;
    const Result<std::optional<aws::Item>> written =
        co_await edge_.tables.update_item(region, update, options);
    if (!written) {
        answered(core::failed_write(written.error()));
        co_return;
    }
    core::CopyAnswer answer{.word = core::CopyWord::done};
    if (*written) {
        answer.item = aws::parse_epoch_item(**written);
    }
    answered(answer);
}

net::Task<std::optional<core::EpochReading>> EpochRecords::survey() {
    const net::Later<core::EpochReading> later{edge_.io};
    keeper_.survey([later](const core::EpochReading& reading) { later.set(reading); });
    std::optional<core::EpochReading> reading = co_await later.get();
    co_return reading;
}

net::Task<Result<core::AppRecord>> EpochRecords::first_record(core::Founding founding) {
    const net::Later<Result<core::AppRecord>> later{edge_.io};
    keeper_.first_record(std::move(founding), [later](Result<core::AppRecord> record) {
        later.set(std::move(record));
    });
    std::optional<Result<core::AppRecord>> record = co_await later.get();
    if (!record) {
        co_return fail(ErrorKind::cancelled, "the controller ends");
    }
    if (!*record && record->error().remedy.empty()) {
        record->error().remedy = "the table " + edge_.config.fence.epoch_table.value() +
                                 " must exist, answer and be writable in " +
                                 std::to_string(core::majority_of(keeper_.regions().size())) +
                                 " Regions";
    }
    co_return std::move(*record);
}

net::Task<> EpochRecords::watch() {
    while (true) {
        keeper_.look();
        const bool slept = co_await net::sleep_for(edge_.io, keeper_.every());
        if (!slept) {
            co_return;
        }
    }
}

}  // namespace farshore::controller
