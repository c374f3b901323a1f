#include "cli/api_client.h"

#include <csignal>
#include <exception>
#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "cli/output.h"
#include "wire/api.h"

namespace farshore::cli {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// The controller answers from memory; a plan may read two Regions first.
constexpr Duration kCallTimeout = std::chrono::seconds{10};
// The stream carries a line at least every few seconds, so a longer silence is a dead controller.
constexpr Duration kWatchSilenceMax = std::chrono::seconds{30};

std::optional<json::value> parsed(std::string_view text) {
    json::parse_options options;
    options.max_depth = 128;
    boost::system::error_code error;
    json::value value =
        json::parse(json::string_view{text.data(), text.size()}, error, {}, options);
    if (error) {
        return std::nullopt;
    }
    return value;
}

// `changes`: the call was to change something. Reading twice does no harm.
Error without_answer(const Access& access, Error error, bool changes) {
    const std::string who = access.what + " at " + access.controller;
    if (changes && error.effect == Effect::possible) {
        error.text = who + " did not answer: " + error.text +
                     "; what was asked for may have happened all the same";
        error.remedy = access.shown_by;
        return error;
    }
    error.text = who + " cannot be reached: " + error.text;
    error.remedy = access.remedy;
    error.effect = Effect::none;
    return error;
}

}  // namespace

struct ApiClient::Parts {
    explicit Parts(Access given) : access(std::move(given)) {
        http = net::HttpClient::create(
            io, {.resolver = nullptr, .source_address = {}, .ca_file = access.ca_file}
        );
    }

    [[nodiscard]] net::HttpCall call(
        std::string method, const std::string& target, std::string body
    ) const {
        net::HttpCall out;
        out.method = std::move(method);
        out.url = access.controller + target;
        out.body = std::move(body);
        out.total_timeout = kCallTimeout;
        out.connect_timeout = std::chrono::seconds{3};
        if (!access.token.empty()) {
            out.headers.push_back({"Authorization", "Bearer " + access.token});
        }
        out.headers.push_back({"Accept", "application/json"});
        if (!out.body.empty()) {
            out.headers.push_back({"Content-Type", "application/json"});
        }
        return out;
    }

    // Runs one task of the client to its end.
    Result<net::HttpReply> run(
        net::Task<Result<net::HttpReply>> task, asio::cancellation_slot slot
    ) {
        std::optional<Result<net::HttpReply>> outcome;
        io.restart();
        asio::co_spawn(
            io,
            std::move(task),
            asio::bind_cancellation_slot(
                slot,
                [&](const std::exception_ptr& failure, Result<net::HttpReply> reply) {
                    if (failure) {
                        outcome = fail(ErrorKind::cancelled, "given up");
                    } else {
                        outcome = std::move(reply);
                    }
                }
            )
        );
        while (!outcome.has_value() && io.run_one() > 0) {
        }
        return outcome.has_value() ? std::move(*outcome) : fail(ErrorKind::cancelled, "given up");
    }

    net::Io io{1};
    Access access;
    std::unique_ptr<net::HttpClient> http;
};

ApiClient::ApiClient(Access access) : parts_(std::make_unique<Parts>(std::move(access))) {}

ApiClient::~ApiClient() = default;

const Access& ApiClient::access() const {
    return parts_->access;
}

namespace {

// The words of something between us and the API, which passed the call on or did not: a load
// balancer that has waited long enough, say. The API's own refusals name their kind.
bool is_of_a_proxy(int status, const std::optional<json::value>& document) {
    return status >= 500 && (!document || value_at(*document, "error/kind") == nullptr);
}

Result<Answer> answer_of(const Access& access, Result<net::HttpReply> reply, bool changes) {
    if (!reply) {
        return std::unexpected(without_answer(access, std::move(reply.error()), changes));
    }
    auto document = parsed(reply->body);
    if (changes && is_of_a_proxy(reply->status, document)) {
        Error error{.kind = ErrorKind::unavailable, .effect = Effect::possible};
        error.text = "HTTP " + std::to_string(reply->status) + " without a reason";
        return std::unexpected(without_answer(access, std::move(error), changes));
    }
    if (!document) {
        return fail(
            ErrorKind::malformed,
            "what answers at " + access.controller + " is not " + access.what + " (HTTP " +
                std::to_string(reply->status) + ", not JSON)",
            "check the address"
        );
    }
    return Answer{.status = reply->status, .document = std::move(*document)};
}

}  // namespace

Result<Answer> ApiClient::get(const std::string& target) {
    net::HttpCall call = parts_->call("GET", target, {});
    return answer_of(parts_->access, parts_->run(parts_->http->fetch(std::move(call)), {}), false);
}

Result<Answer> ApiClient::post(const std::string& target, const json::value& body) {
    net::HttpCall call = parts_->call("POST", target, json::serialize(body));
    return answer_of(parts_->access, parts_->run(parts_->http->fetch(std::move(call)), {}), true);
}

Result<Answer> ApiClient::erase(const std::string& target) {
    net::HttpCall call = parts_->call("DELETE", target, {});
    return answer_of(parts_->access, parts_->run(parts_->http->fetch(std::move(call)), {}), true);
}

Result<WatchEnd> ApiClient::watch(
    const std::string& target, Duration timeout, std::function<void(const Answer&)> on_line
) {
    asio::cancellation_signal stop;
    WatchEnd end = WatchEnd::finished;
    asio::signal_set interrupts{parts_->io, SIGINT, SIGTERM};
    interrupts.async_wait([&](const boost::system::error_code& error, int /*signal*/) {
        if (!error) {
            end = WatchEnd::detached;
            stop.emit(asio::cancellation_type::terminal);
        }
    });
    asio::steady_timer timer{parts_->io};
    if (timeout > Duration::zero()) {
        timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(timeout)
        );
        timer.async_wait([&](const boost::system::error_code& error) {
            if (!error) {
                end = WatchEnd::timed_out;
                stop.emit(asio::cancellation_type::terminal);
            }
        });
    }
    std::string rest;
    const auto on_bytes = [&](std::string_view bytes) {
        rest += bytes;
        std::size_t from = 0;
        for (std::size_t to = rest.find('\n'); to != std::string::npos;
             to = rest.find('\n', from)) {
            if (auto document = parsed(std::string_view{rest}.substr(from, to - from))) {
                on_line(Answer{.status = 200, .document = std::move(*document)});
            }
            from = to + 1;
        }
        rest.erase(0, from);
        return rest.size() < 1024 * 1024;
    };
    net::HttpCall call = parts_->call("GET", target, {});
    const auto reply =
        parts_->run(parts_->http->stream(std::move(call), kWatchSilenceMax, on_bytes), stop.slot());
    interrupts.cancel();
    timer.cancel();
    parts_->io.restart();
    parts_->io.poll();
    if (end != WatchEnd::finished) {
        return end;
    }
    if (!reply) {
        return std::unexpected(without_answer(parts_->access, reply.error(), false));
    }
    if (reply->status >= 400) {
        const auto document = parsed(rest.empty() ? reply->body : rest);
        return std::unexpected(
            Answer{.status = reply->status, .document = document.value_or(nullptr)}.error()
        );
    }
    return WatchEnd::finished;
}

const json::object& Answer::as_object() const {
    static const json::object kNone;
    const json::object* object = document.if_object();
    return object == nullptr ? kNone : *object;
}

Error Answer::error() const {
    Error error = wire::error_from(status, json::serialize(document));
    if (error.text.empty() || value_at(document, "error/text") == nullptr) {
        error.text = "the controller refuses (HTTP " + std::to_string(status) + ")";
    }
    if (error.kind == ErrorKind::denied && error.remedy.empty()) {
        error.remedy = "name a token file with --token-file or FARSHORE_TOKEN_FILE";
    }
    return error;
}

}  // namespace farshore::cli
