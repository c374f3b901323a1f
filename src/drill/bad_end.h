#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json.hpp>

namespace farshore::drill {

// A process of the world that ended badly: by a signal that was not sent on purpose, with
// a status other than 0, too late, or with a sanitizer's report or an assertion in its log.
struct BadEnd {
    std::string process;  // "agent-use1-web-1"
    std::int64_t pid = 0;
    std::string how;         // "killed by signal 11 (SEGV)", "exit status 70"
    std::string last_words;  // the line of its log that tells most; empty: it said nothing
    std::string log;         // the file that tells more

    [[nodiscard]] std::string text() const;  // a sentence without its stop
};

// {"process": …, "pid": …, "how": …, "last_words": …, "log": …}, in lab.json and in a report.
[[nodiscard]] boost::json::array to_json(const std::vector<BadEnd>& ends);

// What to_json has written. Members that are absent or odd are empty.
[[nodiscard]] std::vector<BadEnd> bad_ends_from(const boost::json::value& document);

}  // namespace farshore::drill
