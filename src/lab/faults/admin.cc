#include "lab/faults/admin.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/json.hpp>

#include "adapters/net/http_guard.h"

namespace farshore::lab {

namespace {

constexpr std::size_t kLogPage = 10'000;
constexpr std::size_t kDepthMax = 128;
constexpr std::string_view kFaultsPath = "/v1/faults";

net::HttpResponse json(int status, const boost::json::value& document) {
    return net::HttpResponse::json(status, boost::json::serialize(document));
}

net::HttpResponse error_answer(int status, const Error& error) {
    return json(
        status,
        boost::json::object{
            {"error",
             {{"kind", to_string(error.kind)}, {"text", error.text}, {"remedy", error.remedy}}}
        }
    );
}

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::not_found: return 404;
        case ErrorKind::conflict: return 409;
        case ErrorKind::malformed: return 400;
        case ErrorKind::denied: return 403;
        case ErrorKind::exhausted:
        case ErrorKind::throttled: return 429;
        case ErrorKind::unavailable:
        case ErrorKind::timed_out:
        case ErrorKind::cancelled: return 503;
    }
    std::unreachable();
}

net::HttpResponse error_answer(const Error& error) {
    return error_answer(status_of(error.kind), error);
}

net::HttpResponse wrong_method(const net::HttpRequest& request) {
    return error_answer(
        405,
        fail(ErrorKind::malformed, request.method + " is not for " + std::string{request.path()})
            .error()
    );
}

Result<FaultSpec> spec_from(const World& world, const boost::json::value& document) {
    const auto* object = document.if_object();
    const auto* words = object == nullptr ? nullptr : object->if_contains("words");
    if (words == nullptr) {
        return fault_spec_from_json(world, document);
    }
    std::vector<std::string> texts;
    if (!words->is_array() || object->size() != 1) {
        return fail(ErrorKind::malformed, "\"words\" stands alone and is an array of strings");
    }
    for (const auto& word : words->get_array()) {
        if (!word.is_string()) {
            return fail(ErrorKind::malformed, "\"words\" stands alone and is an array of strings");
        }
        texts.emplace_back(word.get_string());
    }
    return fault_spec_from_words(world, texts);
}

Result<std::uint64_t> number_of(
    const net::HttpRequest& request, std::string_view name, std::uint64_t absent
) {
    const auto text = request.query_value(name);
    if (!text) {
        return absent;
    }
    std::uint64_t number = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc{} || stop != end) {
        return fail(
            ErrorKind::malformed, std::string{name} + "=\"" + *text + "\" is not a whole number"
        );
    }
    return number;
}

}  // namespace

Admin::Admin(FaultBoard& board, World world) : board_(board), world_(std::move(world)) {}

net::HttpResponse Admin::answer(const net::HttpRequest& request) {
    // There is no token: every program of this machine may break the world, but no web page.
    for (const auto& refusal : {net::refuse_foreign_host(request), net::refuse_web_page(request)}) {
        if (refusal) {
            return *refusal;
        }
    }
    const std::string_view path = request.path();
    if (path == kFaultsPath || path.starts_with("/v1/faults/")) {
        return faults(request);
    }
    if (path == "/v1/status") {
        return request.method == "GET" ? json(200, world_.status()) : wrong_method(request);
    }
    if (path == "/v1/log") {
        return request.method == "GET" ? log(request) : wrong_method(request);
    }
    if (path == "/v1/shutdown") {
        if (request.method != "POST") {
            return wrong_method(request);
        }
        world_.shut_down();
        return json(202, boost::json::object{{"shutdown", "started"}});
    }
    return error_answer(fail(
                            ErrorKind::not_found,
                            "the lab's admin API has no " + std::string{path},
                            "it has /v1/status, /v1/faults, /v1/log and /v1/shutdown"
    )
                            .error());
}

net::HttpResponse Admin::faults(const net::HttpRequest& request) {
    const std::string_view path = request.path();
    if (path == kFaultsPath) {
        if (request.method == "POST") {
            return post_fault(request);
        }
        if (request.method == "DELETE") {
            board_.end_all();
            return json(200, boost::json::object{});
        }
        if (request.method != "GET") {
            return wrong_method(request);
        }
        boost::json::array now;
        for (const Fault& fault : board_.faults()) {
            now.push_back(to_json(fault));
        }
        boost::json::array past;
        for (const Fault& fault : board_.past()) {
            past.push_back(to_json(fault));
        }
        return json(
            200, boost::json::object{{"faults", std::move(now)}, {"past", std::move(past)}}
        );
    }
    const FaultId id{std::string{path.substr(kFaultsPath.size() + 1)}};
    if (request.method == "GET") {
        const auto fault = board_.find(id);
        return fault ? json(200, to_json(*fault))
                     : error_answer(fail(ErrorKind::not_found, "no fault " + id.value()).error());
    }
    if (request.method != "DELETE") {
        return wrong_method(request);
    }
    const Status ended = board_.end(id);
    return ended ? json(200, to_json(*board_.find(id))) : error_answer(ended.error());
}

net::HttpResponse Admin::post_fault(const net::HttpRequest& request) {
    boost::json::parse_options options;
    options.max_depth = kDepthMax;
    boost::system::error_code error;
    const auto document = boost::json::parse(request.body, error, {}, options);
    if (error) {
        return error_answer(
            fail(ErrorKind::malformed, "the body is not JSON: " + error.message()).error()
        );
    }
    auto spec = spec_from(board_.world(), document);
    if (!spec) {
        return error_answer(spec.error());
    }
    const auto id = board_.add(std::move(*spec));
    if (!id) {
        return error_answer(id.error());
    }
    return json(201, to_json(*board_.find(*id)));
}

net::HttpResponse Admin::log(const net::HttpRequest& request) const {
    const auto after = number_of(request, "after", 0);
    const auto limit = number_of(request, "limit", kLogPage);
    if (!after || !limit) {
        return error_answer(after ? limit.error() : after.error());
    }
    return json(
        200,
        boost::json::object{
            {"entries", world_.log(*after, std::min<std::uint64_t>(*limit, kLogPage))}
        }
    );
}

}  // namespace farshore::lab
