#include "wire/journal.h"

#include <boost/json.hpp>

#include "wire/journal_fields.h"

namespace farshore::wire {

std::string serialize(const core::AppRecord& record) {
    return boost::json::serialize(to_json(record));
}

Result<core::AppRecord> parse_app_record(std::string_view text) {
    return parse_document<core::AppRecord>("application record", text, kJournalBytesMax);
}

}  // namespace farshore::wire
