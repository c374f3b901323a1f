#include "adapters/net/http_answer.h"

#include <array>
#include <ctime>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/result.h"
#include "base/text.h"

#include "http1/body.h"
#include "http1/reasons.h"

namespace farshore::net {

namespace {

// RFC 9110's fixed form, always English: strftime would follow the locale.
std::string http_date() {
    static constexpr std::array<std::string_view, 7> kDays{
        "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
    };
    static constexpr std::array<std::string_view, 12> kMonths{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        kDays[static_cast<std::size_t>(utc.tm_wday)],
        utc.tm_mday,
        kMonths[static_cast<std::size_t>(utc.tm_mon)],
        utc.tm_year + 1900,
        utc.tm_hour,
        utc.tm_min,
        utc.tm_sec
    );
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(byte < 0x20 || byte == 0x7F ? ' ' : c);
    }
    out += "\r\n";
}

bool has_no_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

bool is_ours(std::string_view name) {
    return equals_ignoring_case(name, "Content-Length") ||
           equals_ignoring_case(name, "Connection") ||
           equals_ignoring_case(name, "Transfer-Encoding") || equals_ignoring_case(name, "Date");
}

std::string_view kind_of(int status) {
    if (status == 408) {
        return to_string(ErrorKind::timed_out);
    }
    return status == 413 || status == 431 ? to_string(ErrorKind::exhausted)
                                          : to_string(ErrorKind::malformed);
}

}  // namespace

std::string answer_head(const HttpResponse& response, AnswerFraming framing) {
    std::string out =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, http1::reason_of(response.status));
    for (const HttpHeader& header : response.headers) {
        if (!is_ours(header.name)) {
            append_header(out, header.name, header.value);
        }
    }
    append_header(out, "Date", http_date());
    if (framing.chunked) {
        append_header(out, "Transfer-Encoding", "chunked");
    } else if (!response.stream && !has_no_body(response.status)) {
        append_header(out, "Content-Length", std::to_string(response.body.size()));
    }
    if (framing.close) {
        append_header(out, "Connection", "close");
    }
    out += "\r\n";
    if (!response.stream && !framing.without_body && !has_no_body(response.status)) {
        out += response.body;
    }
    return out;
}

std::string chunk_of(std::string_view bytes) {
    if (bytes.empty()) {
        return {};
    }
    std::string out = http1::chunk_size_line(bytes.size());
    out += bytes;
    out += "\r\n";
    return out;
}

HttpResponse refusal_answer(http1::Rule rule) {
    const http1::RuleRow& row = http1::row_of(rule);
    boost::json::object error;
    error["kind"] = kind_of(row.status);
    error["text"] = row.text;
    error["remedy"] = "send a request as RFC 9112 describes it, within the limits of this server";
    error["code"] = row.name;
    boost::json::object document;
    document["error"] = std::move(error);
    return HttpResponse::json(row.status, boost::json::serialize(document));
}

}  // namespace farshore::net
