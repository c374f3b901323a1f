#include "wire/client_log.h"

#include <tuple>

#include "wire/document_forms.h"

namespace farshore::wire {

namespace {

constexpr std::size_t kLineBytesMax = 16 * 1024;
constexpr Text kText{1024};

}  // namespace

template <>
inline constexpr auto kFields<ClientRequest> = std::tuple{
    required("number", &ClientRequest::number, Number{0, kNumberMax}),
    required("shopper", &ClientRequest::shopper, kText),
    required("kind", &ClientRequest::kind, kText),
    optional("write", &ClientRequest::write, kText),
    required("intended_ms", &ClientRequest::intended, At{.max = kNumberMax}),
    required("ended_ms", &ClientRequest::ended, At{.max = kNumberMax}),
    required("status", &ClientRequest::status, Number{0, 999}),
    required("ok", &ClientRequest::ok, Flag{}),
    optional("error", &ClientRequest::error, kText),
    optional("host", &ClientRequest::host, kText),
    optional("region", &ClientRequest::region, kText)
};

std::string to_line(const ClientRequest& request) {
    return boost::json::serialize(to_json(request));
}

Result<ClientRequest> client_request_from(std::string_view line) {
    return parse_document<ClientRequest>("request", line, kLineBytesMax);
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
