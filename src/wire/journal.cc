#include "wire/journal.h"

#include <utility>

#include "wire/journal_parts.h"

namespace farshore::wire {

namespace json = boost::json;
using namespace journal;

std::string serialize(const core::AppRecord& record) {
    json::object out{
        {"schema_version", kJournalSchemaVersion},
        {"app", record.app.value()},
        {"epoch", record.epoch.value()},
        {"active", record.active.value()},
        {"users", record.users.value()},
        {"cooldown_until_ms", optional_ms(record.cooldown_until)},
        {"register_lost_at_ms", optional_ms(record.register_lost_at)},
        {"in_force_by_word", record.in_force_by_word},
        {"pause", nullptr}
    };
    if (record.pause) {
        out["pause"] = json::object{
            {"until_ms", optional_ms(record.pause->until)},
            {"reason", record.pause->reason},
            {"by", record.pause->by}
        };
    }
    return json::serialize(out);
}

Result<core::AppRecord> parse_app_record(std::string_view text) {
    const Result<json::object> object = parse_json_object(text, kDocumentBytesMax);
    if (!object) {
        return std::unexpected(in_context("application record", object.error()));
    }
    JsonTrouble trouble;
    ObjectReader in(*object, "", trouble);
    (void)version_of(in);
    core::AppRecord record;
    record.app = in.id<AppId>("app");
    record.epoch = in.epoch("epoch");
    record.active = in.id<RegionId>("active");
    record.users = in.id<RegionId>("users");
    record.cooldown_until = optional_time(in, "cooldown_until_ms");
    record.register_lost_at = optional_time(in, "register_lost_at_ms");
    record.in_force_by_word = in.flag("in_force_by_word", Field::optional);
    if (const json::object* pause = in.object("pause", Field::optional)) {
        ObjectReader body(*pause, "pause", trouble);
        core::Pause read;
        read.until = optional_time(body, "until_ms");
        read.reason = body.text("reason", kLongTextBytesMax, Field::optional);
        read.by = body.text("by", kLongTextBytesMax, Field::optional);
        record.pause = read;
    }
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(in_context("application record", status.error()));
    }
    return record;
}

}  // namespace farshore::wire
