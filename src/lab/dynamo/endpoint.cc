#include "lab/dynamo/endpoint.h"

#include <zlib.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/task_group.h"
#include "lab/dynamo/operations.h"
#include "lab/faults/hang.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

constexpr std::string_view kTargetPrefix = "DynamoDB_20120810.";
// A connection that was silent for so long is gone: the server closes idle ones sooner.
constexpr Duration kPeerForgotten = std::chrono::minutes{5};
constexpr std::size_t kPeersMax = 20'000;

ServiceError unknown_operation() {
    return coral_error("service", "UnknownOperationException", "");
}

std::string error_body(const ServiceError& error) {
    json::object body{{"__type", error.type}};
    if (!error.message.empty()) {
        // SerializationException has the other spelling in DynamoDB.
        body[error.type.ends_with("#SerializationException") ? "Message" : "message"] =
            error.message;
    }
    for (const auto& [key, value] : error.more) {
        body[key] = value;
    }
    return json::serialize(body);
}

}  // namespace

Endpoint::Endpoint(
    net::Io& io,
    Options options,
    Cluster& cluster,
    Region& region,
    FaultBoard& board,
    const ports::Clock& clock
)
    : io_(io),
      options_(std::move(options)),
      cluster_(cluster),
      region_(region),
      board_(board),
      clock_(clock),
      self_{.role = PartyRole::dynamodb, .place = region.id(), .number = 0},
      rng_(options_.seed) {}

Status Endpoint::listen() {
    net::HttpServer::Options server{
        .address = options_.address,
        .port = options_.port,
        .name = "dynamodb " + region_.id().value()
    };
    auto opened = net::HttpServer::listen(io_, std::move(server), [this](net::HttpRequest request) {
        return respond(std::move(request));
    });
    if (!opened) {
        return std::unexpected(in_context("DynamoDB of " + region_.id().value(), opened.error()));
    }
    server_ = std::move(*opened);
    subscription_ = board_.subscribe([this] { board_changed(); });
    board_changed();
    return {};
}

void Endpoint::board_changed() {
    const DynamoFault fault = board_.dynamodb(region_.id());
    if (fault.refuse == !listening_) {
        return;
    }
    // Opening the port again fails only when another program took it; the next change tries again.
    const Status switched = server_->set_listening(!fault.refuse);
    if (switched) {
        listening_ = !fault.refuse;
    }
    if (fault.refuse) {
        server_->cut_connections();
        board_.touched(fault.by, "listener");
    }
}

Instant Endpoint::first_seen(const net::HttpRequest& request) {
    const Instant now = clock_.now();
    if (peers_.size() >= kPeersMax) {
        std::erase_if(peers_, [now](const auto& entry) {
            return now - entry.second.last > kPeerForgotten;
        });
    }
    if (peers_.size() >= kPeersMax) {
        return now;
    }
    const auto [found, fresh] =
        peers_.try_emplace(Peer{request.peer_address, request.peer_port}, Sighting{now, now});
    if (!fresh && now - found->second.last > kPeerForgotten) {
        found->second.first = now;
    }
    found->second.last = now;
    return found->second.first;
}

Treatment Endpoint::treatment(const PartyId& caller, Instant connected_at) const {
    const Treatment link = board_.look(caller, self_);
    if (link != Treatment::serve) {
        return link;
    }
    return board_.dynamodb(region_.id()).treatment(connected_at, clock_.now());
}

// The endpoint of another Region whose signature the request has; null: this one is to answer.
Endpoint* Endpoint::meant_by(const net::HttpRequest& request) const {
    const auto header = request.header("authorization");
    if (!options_.credentials.empty() || !options_.of_region || !header) {
        return nullptr;
    }
    const auto parsed = sigv4::parse_authorization(*header);
    if (!parsed || parsed->region == region_.id().value()) {
        return nullptr;
    }
    return options_.of_region(RegionId{parsed->region});
}

net::Task<net::HttpResponse> Endpoint::respond(net::HttpRequest request) {
    if (Endpoint* other = meant_by(request)) {
        net::HttpResponse answer = co_await other->respond(std::move(request));
        co_return answer;
    }
    const Instant connected_at = first_seen(request);
    const PartyId caller = board_.world().party_of(request.peer_address);
    const Treatment link = board_.treat(caller, self_);
    DynamoFault fault = board_.dynamodb(region_.id());
    Treatment now = link != Treatment::serve ? link : fault.treatment(connected_at, clock_.now());
    if (now == Treatment::serve && fault.latency > Duration::zero()) {
        board_.touched(fault.by, "request");
        const bool rested = co_await net::sleep_for(io_, fault.latency);
        fault = board_.dynamodb(region_.id());
        now = rested ? treatment(caller, connected_at) : Treatment::reset;
    }
    if (now == Treatment::hang) {
        if (link == Treatment::serve) {
            board_.touched(fault.by, "request");
        }
        std::function<bool()> blocked = [this, caller, connected_at] {
            return treatment(caller, connected_at) == Treatment::hang;
        };
        net::HttpResponse cut = co_await hang(io_, board_, std::move(blocked));
        co_return cut;
    }
    if (now == Treatment::reset) {
        if (link == Treatment::serve) {
            board_.touched(fault.by, "request");
        }
        co_return net::HttpResponse::reset();
    }
    co_return execute(request);
}

net::HttpResponse Endpoint::execute(const net::HttpRequest& request) {
    if (request.method == "GET" && (request.path() == "/" || request.path() == "/ping")) {
        return finish(200, "healthy: dynamodb." + region_.id().value() + ".lab.farshore ");
    }
    const DynamoFault fault = board_.dynamodb(region_.id());
    if (fault.errors_percent > 0 &&
        rng_.chance(static_cast<std::uint64_t>(fault.errors_percent), 100)) {
        board_.touched(fault.by, "request");
        return refuse(internal_error());
    }
    if (fault.throttle) {
        board_.touched(fault.by, "request");
        return refuse(dynamo_error(
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded. Consider "
            "increasing your "
            "provisioning level with the UpdateTable API."
        ));
    }
    const Answer<json::object> answer = run(request);
    return answer ? finish(200, json::serialize(*answer)) : refuse(answer.error());
}

std::optional<ServiceError> Endpoint::authorize(const net::HttpRequest& request) const {
    const auto header = request.header("authorization");
    if (!header) {
        return coral_error(
            "service",
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token"
        );
    }
    if (options_.credentials.empty()) {
        const auto parsed = sigv4::parse_authorization(*header);
        if (!parsed) {
            return coral_error(
                "service", "IncompleteSignatureException", "Authorization header is not SigV4"
            );
        }
        return std::nullopt;
    }
    std::vector<sigv4::Header> headers;
    headers.reserve(request.headers.size());
    for (const net::HttpHeader& each : request.headers) {
        headers.push_back({.name = each.name, .value = each.value});
    }
    const std::string payload_hash = sigv4::sha256_hex(request.body);
    const sigv4::Request signed_request{
        .method = request.method,
        .path = request.path(),
        .query = request.query(),
        .headers = headers,
        .payload_hash = payload_hash
    };
    const auto verified = sigv4::verify(signed_request, options_.credentials, clock_.wall());
    if (!verified) {
        const std::string& code = verified.error().code;
        return coral_error(
            "service", code.empty() ? "InvalidSignatureException" : code, verified.error().text
        );
    }
    if (verified->region != region_.id().value()) {
        return coral_error(
            "service",
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not '" + verified->region + "'. "
        );
    }
    return std::nullopt;
}

Answer<json::object> Endpoint::run(const net::HttpRequest& request) {
    const std::string_view target = request.header("x-amz-target").value_or("");
    if (request.method != "POST" || !target.starts_with(kTargetPrefix)) {
        return std::unexpected(unknown_operation());
    }
    const Operation* operation = find_operation(target.substr(kTargetPrefix.size()));
    if (operation == nullptr) {
        return std::unexpected(unknown_operation());
    }
    if (auto refused = authorize(request)) {
        return std::unexpected(std::move(*refused));
    }
    const DynamoFault fault = board_.dynamodb(region_.id());
    if (fault.read_only && operation->writes) {
        board_.touched(fault.by, "write");
        return std::unexpected(internal_error());
    }
    json::parse_options options;
    options.max_depth = 128;
    json::error_code error;
    const json::value document = json::parse(request.body, error, {}, options);
    if (error || !document.is_object()) {
        return std::unexpected(coral_error("service", "SerializationException", ""));
    }
    requests_[std::string{operation->name}] += 1;
    return operation->run(cluster_, region_, document.get_object());
}

net::HttpResponse Endpoint::finish(int status, std::string body) {
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
    net::HttpResponse response{.status = status};
    response.headers = {
        {.name = "Content-Type", .value = "application/x-amz-json-1.0"},
        {.name = "x-amzn-RequestId",
         .value = fmt::format("{:016X}{:016X}{:020d}", rng_.next(), rng_.next(), 0)},
        {.name = "x-amz-crc32", .value = std::to_string(crc)},
        {.name = "Server", .value = "Server"},
    };
    response.body = std::move(body);
    return response;
}

net::HttpResponse Endpoint::refuse(const ServiceError& error) {
    return finish(error.status, error_body(error));
}

net::Task<> Endpoint::stop(Duration grace) {
    subscription_ = {};
    co_await server_->stop(grace);
}

}  // namespace farshore::lab::dynamo
