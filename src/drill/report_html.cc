#include <string_view>

#include "base/assert.h"

#include "drill/report.h"

// The page as the build embedded it: report_page.S.
// NOLINTBEGIN(readability-identifier-naming): symbols of the assembler's
extern "C" const char farshore_report_page_begin[];
extern "C" const char farshore_report_page_end[];

// NOLINTEND(readability-identifier-naming)

namespace farshore::drill {

namespace {

constexpr std::string_view kPlace = "@REPORT@";

// "</script>" inside a string would end the island; JSON may write the slash as an escape.
std::string for_script(const std::string& json) {
    std::string safe;
    safe.reserve(json.size());
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (json[i] == '<') {
            safe += "\\u003c";
        } else {
            safe += json[i];
        }
    }
    return safe;
}

}  // namespace

std::string report_html(const boost::json::object& report) {
    const std::string_view page(
        farshore_report_page_begin,
        static_cast<std::size_t>(farshore_report_page_end - farshore_report_page_begin)
    );
    const std::size_t place = page.find(kPlace);
    FARSHORE_ASSERT(place != std::string_view::npos, "the page has a place for its report");
    std::string html{page.substr(0, place)};
    html += for_script(boost::json::serialize(report));
    html += page.substr(place + kPlace.size());
    return html;
}

}  // namespace farshore::drill
