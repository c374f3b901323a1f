#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "base/result.h"

#include "drill/bad_end.h"
#include "drill/books.h"
#include "drill/measure.h"

namespace farshore::drill {

inline constexpr int kReportSchemaVersion = 1;

// One line of a story's timeline, for people.
struct Mark {
    UtcTime at{};
    std::string what;  // "fault", "vote", "decision", "note", …
    std::string text;
};

struct Objectives {
    Duration rto = std::chrono::seconds{60};
    Duration rpo = std::chrono::seconds{5};
    std::uint64_t switchover_failed_max = 0;
    std::uint64_t switchover_lost_max = 0;
};

// Everything a story has seen, from sockets only: the shoppers' own log, the controller's
// documents, the tables as DynamoDB answers.
struct StoryRecord {
    std::string id;
    std::string story;  // "dynamodb", "servers", "region"
    std::string title;
    std::string version;
    std::string configuration_hash;
    std::uint64_t seed = 0;
    int rate = 0;  // requests a second
    std::string preferred;
    std::string standby;
    UtcTime started{};
    UtcTime ended{};
    std::string fault;  // what was broken, in words
    Span fault_span;
    UtcTime switchover_requested{};
    std::optional<UtcTime> dns_switched;  // when the record began to answer with the standby
    bool fault_seen_by_agents = false;
    boost::json::object failover;  // the controller's operation documents; empty: there was none
    boost::json::object switchover;
    std::vector<BookedWrite> booked;
    // false: an agent could not tell of all its writes, as when it was killed. What is lost without
    // a name is found by the carts.
    bool loss_book_complete = true;
    Books books;
    Log log;
    std::vector<Mark> marks;
    Objectives objectives;
    std::vector<BadEnd> ended_badly;  // processes, at any time between the first and the report
    std::string load_trouble;         // "the shoppers ended early: exit status 1"; empty: none
    std::string interrupted;          // why the story could not be told to its end; empty: it was
};

// The truth of a drill: schema/report.schema.json. Sections as in the manual: identity, verdict,
// objectives, phase clock, steady state, steps, decision record, data, findings.
[[nodiscard]] boost::json::object report_document(const StoryRecord& story);

// How many lost writes, entries of the loss book and failed requests a report names at most; it
// says how many it leaves out. An hour of outage at 20 requests a second; 20 MB.
inline constexpr std::size_t kListedMax = 100'000;

// Did the story meet its objectives?
[[nodiscard]] bool passed(const boost::json::object& report);

// The table that ends a story on a terminal: two columns, no colour.
[[nodiscard]] std::string report_table(const boost::json::object& report);

// One self-contained HTML file: works offline, prints well, shows nothing that is not in the JSON.
[[nodiscard]] std::string report_html(const boost::json::object& report);

// Writes report.json and report.html by temporary file and rename. Errors: exhausted, denied.
[[nodiscard]] Status write_report(const boost::json::object& report, const std::string& directory);

}  // namespace farshore::drill
