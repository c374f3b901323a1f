#pragma once

#include <map>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "cli/api_client.h"

#include "drill/books.h"
#include "drill/report.h"

// Reading what the books are kept from: tables as DynamoDB answers, and the controller's loss book.
namespace farshore::cli {

struct TableAccess {
    std::map<std::string, std::string> endpoints;  // Region -> URL
    std::string credentials_file;
    std::string profile;
    std::string table;
};

// The carts in each Region, in the order of `endpoints`. Errors: of the scans.
[[nodiscard]] Result<std::vector<drill::Carts>> read_carts(const TableAccess& access);

// The acknowledged writes in the loss book of an operation, and whether all are settled.
struct LossesSeen {
    std::vector<drill::BookedWrite> writes;
    bool settled = false;
    bool truncated = false;  // an agent had more than it could remember, or forgot them as it died
};

[[nodiscard]] Result<LossesSeen> read_losses(ApiClient& api, const std::string& operation);

// "writes at risk: 34 applied_late, 160 suppressed": what became of them.
[[nodiscard]] std::string fates_text(const LossesSeen& losses);

// Fills the record's log, its booked writes and its books from the shoppers' log, the controller's
// loss book and the tables. What cannot be read is named in the record: it is inconclusive then.
void keep_books(
    drill::StoryRecord& record,
    const std::string& client_log,
    ApiClient& api,
    const TableAccess& tables
);

}  // namespace farshore::cli
