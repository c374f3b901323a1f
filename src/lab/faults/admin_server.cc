#include "lab/faults/admin_server.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/json.hpp>

#include "base/text.h"

namespace farshore::lab {

namespace json = boost::json;

namespace {

constexpr std::size_t kLogRecordsMax = 10'000;
constexpr std::string_view kFaults = "/v1/faults";

int status_of(const Error& error) {
    switch (error.kind) {
        case ErrorKind::malformed: return 400;
        case ErrorKind::not_found: return 404;
        case ErrorKind::conflict: return 409;
        case ErrorKind::exhausted: return 429;
        case ErrorKind::denied: return 403;
        case ErrorKind::throttled:
        case ErrorKind::unavailable:
        case ErrorKind::timed_out:
        case ErrorKind::cancelled: return 503;
    }
    std::unreachable();
}

net::HttpResponse refusal(const Error& error) {
    const std::string_view kind = to_string(error.kind);
    const json::object body{
        {"error",
         {{"kind", json::string_view{kind.data(), kind.size()}},
          {"text", error.text},
          {"remedy", error.remedy},
          {"code", error.code}}}
    };
    return net::HttpResponse::json(status_of(error), json::serialize(body));
}

net::HttpResponse answer(int status, const json::value& body) {
    return net::HttpResponse::json(status, json::serialize(body));
}

class BoardServer final : public AdminServer {
  public:
    BoardServer(Options options, FaultBoard& board) : options_(std::move(options)), board_(board) {}

    Status open(net::Io& io) {
        auto server = net::HttpServer::listen(
            io, {.address = options_.address, .port = options_.port, .tls = {}, .name = "lab admin"},
            [this](net::HttpRequest request) { return serve(std::move(request)); }
        );
        if (!server) {
            return std::unexpected(in_context("the lab's own API", server.error()));
        }
        server_ = std::move(*server);
        return {};
    }

    [[nodiscard]] std::uint16_t port() const override { return server_->port(); }

    net::Task<> stop() override { co_await server_->stop(std::chrono::milliseconds{200}); }

  private:
    net::Task<net::HttpResponse> serve(net::HttpRequest request) {
        const std::string path{request.path()};
        if (request.method == "GET" && path == "/v1/status") {
            co_return answer(200, options_.status());
        }
        if (request.method == "GET" && path == kFaults) {
            co_return list();
        }
        if (request.method == "POST" && path == kFaults) {
            co_return add(request.body);
        }
        if (request.method == "DELETE" && path.starts_with(std::string{kFaults} + "/")) {
            co_return erase(path.substr(kFaults.size() + 1));
        }
        if (request.method == "GET" && path == "/v1/log") {
            co_return log(request);
        }
        if (request.method == "POST" && path == "/v1/shutdown") {
            options_.shutdown();
            co_return answer(202, json::object{{"text", "the world ends"}});
        }
        const Error error{
            .kind = ErrorKind::not_found, .text = request.method + " " + path + " is nothing here", .remedy = "GET /v1/status"
        };
        co_return refusal(error);
    }

    [[nodiscard]] net::HttpResponse list() const {
        json::array now;
        for (const Fault& fault : board_.faults()) {
            now.push_back(to_json(fault));
        }
        json::array past;
        for (const Fault& fault : board_.past()) {
            past.push_back(to_json(fault));
        }
        return answer(200, json::object{{"faults", std::move(now)}, {"past", std::move(past)}});
    }

    net::HttpResponse add(const std::string& body) {
        json::parse_options parse_options;
        parse_options.max_depth = 128;
        boost::system::error_code wrong;
        const json::value document = json::parse(body, wrong, {}, parse_options);
        if (wrong) {
            return refusal({.kind = ErrorKind::malformed, .text = "the body is not JSON: " + wrong.message()});
        }
        const auto spec = fault_spec_from_json(board_.world(), document);
        if (!spec) {
            return refusal(spec.error());
        }
        const auto id = board_.add(*spec);
        if (!id) {
            return refusal(id.error());
        }
        board_.expire();
        const auto fault = board_.find(*id);
        return answer(201, fault ? to_json(*fault) : json::object{{"id", id->value()}});
    }

    net::HttpResponse erase(const std::string& name) {
        const FaultId id{net::percent_decode(name).value_or(name)};
        const auto fault = board_.find(id);
        if (const Status ended = board_.end(id); !ended) {
            return refusal(ended.error());
        }
        return answer(200, fault ? to_json(*fault) : json::object{{"id", id.value()}});
    }

    [[nodiscard]] net::HttpResponse log(const net::HttpRequest& request) const {
        const std::string text = request.query_value("after").value_or("0");
        std::uint64_t after = 0;
        const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), after);
        if (wrong != std::errc{} || end != text.data() + text.size()) {
            return refusal({.kind = ErrorKind::malformed, .text = "`after` is a number"});
        }
        return answer(200, options_.log(after, kLogRecordsMax));
    }

    Options options_;
    FaultBoard& board_;
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::listen(net::Io& io, Options options, FaultBoard& board) {
    auto server = std::make_unique<BoardServer>(std::move(options), board);
    if (const Status opened = server->open(io); !opened) {
        return std::unexpected(opened.error());
    }
    return server;
}

}  // namespace farshore::lab
