#include "lab/shop/storefront.h"

#include <array>
#include <utility>

#include <boost/json.hpp>

#include "adapters/net/http_client.h"
#include "base/text.h"
#include "wire/url.h"

namespace farshore::lab {

namespace json = boost::json;

namespace {

constexpr std::size_t kNameBytesMax = 200;  // of shoppers and writes

class StorefrontServer final : public Storefront {
  public:
    StorefrontServer(net::Io& io, Options options, const ports::Clock& clock)
        : options_(std::move(options)),
          clock_(clock),
          client_(net::HttpClient::create(
              io, {.source_address = options_.source_address, .ca_file = {}, .connections_max = 256}
          )) {}

    Status listen(net::Io& io) {
        auto server = net::HttpServer::listen(
            io,
            {.address = options_.address, .port = options_.port, .tls = {}, .name = "storefront"},
            [this](net::HttpRequest request) { return answer(std::move(request)); }
        );
        if (!server) {
            return std::unexpected(
                in_context("storefront of " + options_.host.value(), server.error())
            );
        }
        server_ = std::move(*server);
        return {};
    }

    [[nodiscard]] std::uint16_t port() const override { return server_->port(); }

    net::Task<> stop() override { co_await server_->stop(std::chrono::milliseconds{500}); }

  private:
    net::Task<net::HttpResponse> answer(net::HttpRequest request) {
        net::HttpResponse response;
        const std::string path{request.path()};
        const bool checks =
            request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
        if (path == "/healthz" && checks) {
            response = co_await read_cart("health");
        } else if (path == "/cart" && request.method == "GET") {
            response = co_await view(std::move(request));
        } else if (path == "/cart/add" && request.method == "POST") {
            response = co_await add(std::move(request));
        } else {
            response = net::HttpResponse::json(
                404, R"({"error":"no such page: try GET /cart?shopper=S"})"
            );
        }
        response.headers.push_back({"x-farshore-host", options_.host.value()});
        response.headers.push_back({"x-farshore-region", options_.region.value()});
        co_return response;
    }

    static net::HttpResponse bad_name() {
        return net::HttpResponse::json(
            400, R"({"error":"shopper and write are names of 1 to 200 characters"})"
        );
    }

    net::Task<net::HttpResponse> view(net::HttpRequest request) {
        const std::optional<std::string> shopper = request.query_value("shopper");
        if (!shopper || shopper->empty() || shopper->size() > kNameBytesMax) {
            co_return bad_name();
        }
        net::HttpResponse response = co_await read_cart("cart#" + *shopper);
        co_return response;
    }

    net::Task<net::HttpResponse> read_cart(std::string id) {
        const json::object body{
            {"TableName", options_.table}, {"Key", {{"id", {{"S", id}}}}}, {"ConsistentRead", true}
        };
        Result<net::HttpReply> reply = co_await call("GetItem", json::serialize(body));
        if (!reply || reply->status != 200) {
            co_return failed(reply);
        }
        json::array lines;
        boost::system::error_code error;
        const json::value parsed = json::parse(reply->body, error);
        if (const json::value* found =
                parsed.is_object() ? parsed.as_object().if_contains("Item") : nullptr) {
            if (const json::value* list = found->as_object().if_contains("lines")) {
                for (const json::value& line : list->as_object().at("L").as_array()) {
                    lines.push_back(line.as_object().at("S"));
                }
            }
        }
        co_return net::HttpResponse::json(
            200, json::serialize(json::object{{"id", id}, {"lines", std::move(lines)}})
        );
    }

    net::Task<net::HttpResponse> add(net::HttpRequest request) {
        const std::optional<std::string> shopper = request.query_value("shopper");
        const std::optional<std::string> write = request.query_value("write");
        if (!shopper || shopper->empty() || shopper->size() > kNameBytesMax || !write ||
            write->empty() || write->size() > kNameBytesMax) {
            co_return bad_name();
        }
        const json::object body{
            {"TableName", options_.table},
            {"Key", {{"id", {{"S", "cart#" + *shopper}}}}},
            {"UpdateExpression",
             "SET #lines = list_append(if_not_exists(#lines, :none), :line), updated_at = :now"},
            {"ExpressionAttributeNames", {{"#lines", "lines"}}},
            {"ExpressionAttributeValues",
             {{":none", {{"L", json::array{}}}},
              {":line", {{"L", json::array{json::object{{"S", *write}}}}}},
              {":now", {{"S", to_iso8601(clock_.wall())}}}}}
        };
        Result<net::HttpReply> reply = co_await call("UpdateItem", json::serialize(body));
        if (!reply || reply->status != 200) {
            co_return failed(reply);
        }
        co_return net::HttpResponse::json(
            200, json::serialize(json::object{{"shopper", *shopper}, {"write", *write}})
        );
    }

    // "ServiceUnavailable: The Region did not answer." out of DynamoDB's error document.
    static std::string error_in(const net::HttpReply& reply) {
        boost::system::error_code error;
        const json::value document = json::parse(reply.body, error);
        if (error || !document.is_object()) {
            return reply.body.substr(0, 200);
        }
        std::string text;
        for (const std::string_view name : {"__type", "message"}) {
            const json::value* found = document.as_object().if_contains(name);
            if (found != nullptr && found->is_string()) {
                std::string part{found->as_string()};
                part.erase(0, name == "__type" ? part.find('#') + 1 : 0);
                text += (text.empty() ? "" : ": ") + part;
            }
        }
        return text;
    }

    static net::HttpResponse failed(const Result<net::HttpReply>& reply) {
        const std::string why =
            reply ? "DynamoDB answered " + std::to_string(reply->status) + ", " + error_in(*reply)
                  : "DynamoDB did not answer: " + reply.error().text;
        return net::HttpResponse::text(503, why);
    }

    net::Task<Result<net::HttpReply>> call(std::string operation, std::string body) {
        net::HttpCall call;
        call.method = "POST";
        call.total_timeout = options_.dynamodb_timeout;
        const auto endpoint = wire::parse_endpoint(options_.dynamodb_url);
        if (!endpoint) {
            co_return std::unexpected(endpoint.error());
        }
        const std::string path = endpoint->path + "/";
        call.url = endpoint->origin() + path;
        const std::array<sigv4::Header, 4> signed_headers{
            {{"content-type", "application/x-amz-json-1.0"},
             {"host", endpoint->authority()},
             {"x-amz-date", to_amz_date(clock_.wall())},
             {"x-amz-target", "DynamoDB_20120810." + operation}}
        };
        const std::string payload_hash = sigv4::sha256_hex(body);
        const std::string authorization = signer_.authorization(
            {.method = "POST",
             .path = path,
             .query = "",
             .headers = signed_headers,
             .payload_hash = payload_hash},
            options_.credentials,
            {.region = options_.region.value(), .service = "dynamodb"}
        );
        for (const sigv4::Header& header : signed_headers) {
            if (header.name != "host") {
                call.headers.push_back({header.name, header.value});
            }
        }
        call.headers.push_back({"authorization", authorization});
        call.body = std::move(body);
        Result<net::HttpReply> reply = co_await client_->fetch(std::move(call));
        co_return reply;
    }

    Options options_;
    const ports::Clock& clock_;
    std::unique_ptr<net::HttpClient> client_;
    std::unique_ptr<net::HttpServer> server_;
    sigv4::Signer signer_;
};

}  // namespace

Result<std::unique_ptr<Storefront>> Storefront::start(
    net::Io& io, Options options, const ports::Clock& clock
) {
    auto storefront = std::make_unique<StorefrontServer>(io, std::move(options), clock);
    const Status listening = storefront->listen(io);
    if (!listening) {
        return std::unexpected(listening.error());
    }
    return storefront;
}

}  // namespace farshore::lab
