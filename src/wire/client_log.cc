#include "wire/client_log.h"

#include <limits>

#include "wire/json_reader.h"

namespace farshore::wire {

namespace {

constexpr std::size_t kLineBytesMax = 16 * 1024;
constexpr std::size_t kTextBytesMax = 1024;

}  // namespace

std::string to_line(const ClientRequest& request) {
    return boost::json::serialize(boost::json::object{
        {"number", request.number},
        {"shopper", request.shopper},
        {"kind", request.kind},
        {"write", request.write},
        {"intended_ms", to_ms(request.intended)},
        {"ended_ms", to_ms(request.ended)},
        {"status", request.status},
        {"ok", request.ok},
        {"error", request.error},
        {"host", request.host},
        {"region", request.region},
    });
}

Result<ClientRequest> client_request_from(std::string_view line) {
    const auto document = parse_json_object(line, kLineBytesMax);
    if (!document) {
        return std::unexpected(document.error());
    }
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    JsonTrouble trouble;
    ObjectReader reader(*document, "request", trouble);
    ClientRequest request;
    request.number = reader.number("number", 0, kMax);
    request.shopper = reader.text("shopper", kTextBytesMax);
    request.kind = reader.text("kind", kTextBytesMax);
    request.write = reader.text("write", kTextBytesMax, Field::optional);
    request.intended = utc_from_ms(reader.number("intended_ms", 0, kMax));
    request.ended = utc_from_ms(reader.number("ended_ms", 0, kMax));
    request.status = static_cast<int>(reader.number("status", 0, 999));
    request.ok = reader.flag("ok");
    request.error = reader.text("error", kTextBytesMax, Field::optional);
    request.host = reader.text("host", kTextBytesMax, Field::optional);
    request.region = reader.text("region", kTextBytesMax, Field::optional);
    const Status status = trouble.status();
    if (!status) {
        return std::unexpected(status.error());
    }
    return request;
}

Result<std::vector<ClientRequest>> parse_client_log(std::string_view text) {
    std::vector<ClientRequest> requests;
    std::size_t from = 0;
    std::size_t line_number = 0;
    while (true) {
        const std::size_t to = text.find('\n', from);
        if (to == std::string_view::npos) {
            return requests;
        }
        ++line_number;
        auto request = client_request_from(text.substr(from, to - from));
        if (!request) {
            return std::unexpected(
                in_context("line " + std::to_string(line_number), request.error())
            );
        }
        requests.push_back(std::move(*request));
        from = to + 1;
    }
}

}  // namespace farshore::wire
