#include "bench/controller/operator.h"

#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/patience.h"

namespace farshore::bench {

namespace {

constexpr Duration kPatience = std::chrono::seconds{60};

}  // namespace

Operator::Operator(PollLoop& loop, std::uint16_t port, std::string token)
    : loop_(loop),
      port_(port),
      token_(std::move(token)),
      connection_(loop, *this, {.s_addr = htonl(INADDR_LOOPBACK)}, port) {}

Result<Operator::Answer> Operator::ask(
    std::string_view method, std::string_view path, std::string_view body, Duration patience
) {
    answer_.reset();
    connection_.request(
        fmt::format(
            "{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n"
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
            method,
            path,
            port_,
            token_,
            body.size(),
            body
        ),
        false
    );
    if (!loop_.run_until([this] { return !connection_.busy(); }, patience)) {
        connection_.close();
        return fail(ErrorKind::timed_out, fmt::format("{} {}: no answer", method, path));
    }
    if (!answer_) {
        return fail(ErrorKind::unavailable, fmt::format("{} {}: cut", method, path));
    }
    return std::move(*answer_);
}

Result<boost::json::object> Operator::document(
    std::string_view method, std::string_view path, std::string_view body
) {
    const Result<Answer> answer = ask(method, path, body, stretched(kPatience));
    if (!answer) {
        return std::unexpected(answer.error());
    }
    boost::system::error_code error;
    boost::json::value document = boost::json::parse(answer->body, error);
    if (answer->status >= 300 || error || !document.is_object()) {
        return fail(
            ErrorKind::unavailable,
            fmt::format("{} {}: {} {}", method, path, answer->status, answer->body)
        );
    }
    return std::move(document.get_object());
}

void Operator::answered(Connection&, int status, std::string_view body) {
    answer_ = Answer{.status = status, .body = std::string{body}};
}

void Operator::lost(Connection&) {}

}  // namespace farshore::bench
