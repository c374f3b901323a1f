#include "drill/bad_end.h"

#include "drill/report_parts.h"

namespace farshore::drill {

namespace json = boost::json;

std::string BadEnd::text() const {
    return process + " (pid " + std::to_string(pid) + ") ended badly: " + how +
           (last_words.empty() ? "; it said nothing" : "; its last words: " + last_words);
}

json::array to_json(const std::vector<BadEnd>& ends) {
    json::array out;
    for (const BadEnd& end : ends) {
        out.push_back(json::object{
            {"process", end.process},
            {"pid", end.pid},
            {"how", end.how},
            {"last_words", end.last_words},
            {"log", end.log}
        });
    }
    return out;
}

std::vector<BadEnd> bad_ends_from(const json::value& document) {
    std::vector<BadEnd> out;
    if (!document.is_array()) {
        return out;
    }
    for (const json::value& entry : document.get_array()) {
        if (entry.is_object()) {
            const json::object& end = entry.get_object();
            out.push_back(
                {.process = text_at(end, "process"),
                 .pid = number_at(end, "pid"),
                 .how = text_at(end, "how"),
                 .last_words = text_at(end, "last_words"),
                 .log = text_at(end, "log")}
            );
        }
    }
    return out;
}

}  // namespace farshore::drill
