#include "adapters/aws/client.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/crc.hpp>

#include "adapters/aws/endpoint_settings.h"
#include "adapters/aws/retry.h"
#include "adapters/net/task_group.h"
#include "base/text.h"
#include "wire/url.h"

#include "aws_model/encode.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// A service may ask us to wait; longer than this we do not let it hold a decision up.
constexpr Duration kRetryAfterMax = 5s;

bool crc_holds(const net::HttpReply& reply) {
    const auto claimed = net::find_header(reply.headers, "x-amz-crc32");
    if (!claimed) {
        return true;
    }
    std::uint32_t wanted = 0;
    const auto [end, error] =
        std::from_chars(claimed->data(), claimed->data() + claimed->size(), wanted);
    if (error != std::errc{} || end != claimed->data() + claimed->size()) {
        return false;
    }
    boost::crc_32_type crc;
    crc.process_bytes(reply.body.data(), reply.body.size());
    return crc.checksum() == wanted;
}

std::string request_id_of(const net::HttpHeaders& headers) {
    auto id = net::find_header(headers, "x-amzn-requestid");
    if (!id) {
        id = net::find_header(headers, "x-amzn-request-id");
    }
    if (!id) {
        id = net::find_header(headers, "x-amz-request-id");
    }
    return std::string{id.value_or("")};
}

std::optional<Duration> retry_after_of(const net::HttpHeaders& headers) {
    const auto header = net::find_header(headers, "x-amz-retry-after");
    std::int64_t ms = 0;
    if (!header ||
        std::from_chars(header->data(), header->data() + header->size(), ms).ec != std::errc{} ||
        ms < 0) {
        return std::nullopt;
    }
    return std::min<Duration>(
        std::chrono::milliseconds{std::min<std::int64_t>(ms, 60'000)}, kRetryAfterMax
    );
}

// The caller's answer, and what the retry loop learned beside it.
struct Outcome {
    Result<AwsReply> reply;
    std::optional<Duration> retry_after;
    std::optional<UtcTime> service_time;  // of an answer that refused our date
};

Error not_understood(std::string text) {
    return {
        .kind = ErrorKind::unavailable,
        .effect = Effect::possible,
        .text = std::move(text),
        .remedy = "Something between here and AWS changes answers; look for a proxy.",
        .code = {}
    };
}

// One call with what the tables say of it.
struct Prepared {
    const CallRow* row = nullptr;
    const aws_model::Service* service = nullptr;
    const aws_model::Operation* operation = nullptr;
    aws_model::Request request;
    wire::Url place;
    std::string signing_region;
};

bool speaks_json(const aws_model::Service& service) {
    return service.protocol == aws_model::Protocol::json;
}

aws_model::Answer answer_of(const net::HttpReply& reply) {
    aws_model::Answer answer{.status = reply.status, .headers = {}, .body = reply.body};
    for (const net::HttpHeader& header : reply.headers) {
        answer.headers.emplace_back(header.name, header.value);
    }
    return answer;
}

Outcome judge(const Prepared& asked, const net::HttpReply& reply, bool whole) {
    Outcome out;
    out.retry_after = retry_after_of(reply.headers);
    std::string id = request_id_of(reply.headers);
    if (speaks_json(*asked.service) && !crc_holds(reply)) {
        out.reply = std::unexpected(not_understood("the answer does not fit its x-amz-crc32"));
        return out;
    }
    const aws_model::Answer answer = answer_of(reply);
    if (reply.status >= 200 && reply.status < 300) {
        Result<json::object> output =
            aws_model::decode(aws_model::model(), *asked.service, *asked.operation, answer);
        if (!output) {
            out.reply = std::unexpected(output.error());
            return out;
        }
        const std::string unknown =
            whole ? aws_model::unknown_member(aws_model::model(), *asked.operation, reply.body)
                  : "";
        if (!unknown.empty()) {
            out.reply = fail(
                ErrorKind::malformed,
                "the answer has " + unknown + ", which this version does not know and would drop",
                "a newer version of Farshore may know it"
            );
            return out;
        }
        out.reply = AwsReply{
            .output = *std::move(output),
            .request_id = std::move(id),
            .took = reply.timings.total,
            .reused_connection = reply.reused_connection
        };
        return out;
    }
    const aws_model::Refusal said =
        aws_model::decode_error(aws_model::model(), *asked.service, answer);
    Error error = to_error(reply.status, said);
    if (id.empty()) {
        id = said.request_id;
    }
    if (!id.empty()) {
        error.text += " (request " + id + ")";
    }
    const auto date = net::find_header(reply.headers, "date");
    if (date && sigv4::refuses_the_date(said.code)) {
        out.service_time = sigv4::time_from_http_date(*date);
    }
    out.reply = std::unexpected(std::move(error));
    return out;
}

}  // namespace

struct AwsClient::Parts {
    net::Io& io;
    const ports::Clock& clock;
    Options options;
    std::unique_ptr<net::DnsClient> own_resolver;
    std::unique_ptr<net::HttpClient> own_http;
    std::unique_ptr<net::HttpClient> local_http;
    std::unique_ptr<CredentialsProvider> own_credentials;
    CredentialsProvider* credentials = nullptr;
    net::HttpClient* http = nullptr;
    sigv4::Signer signer{};
    EndpointSettings endpoints;
    Rng rng;
    RetryQuota quota{};
    sigv4::ClockSkew skew{};

    Parts(net::Io& edge, const ports::Clock& time, Options chosen)
        : io(edge),
          clock(time),
          options(std::move(chosen)),
          endpoints(options.access, options.environment),
          rng(options.seed) {}

    void find_credentials();
    void adjust(net::HttpCall& call, const CallOptions& wanted) const;
    void hear_refusal(const Error& error, const sigv4::Credentials& keys) const;
    [[nodiscard]] std::string token();
    [[nodiscard]] Result<Prepared> prepare(const AwsCall& asked);
    [[nodiscard]] net::HttpCall sign(const Prepared& asked, const sigv4::Credentials& keys);
};

void AwsClient::Parts::find_credentials() {
    if (options.credentials != nullptr) {
        credentials = options.credentials;
        return;
    }
    CredentialSources sources{
        .fixed = options.fixed_credentials,
        .credentials_file = options.access.credentials_file,
        .profile = options.access.profile
    };
    for (const auto& [region, url] : options.access.dynamodb) {
        sources.sts_regions.push_back(region);
    }
    local_http = net::HttpClient::create(io, {});
    own_credentials = std::make_unique<CredentialsProvider>(
        std::move(sources),
        CredentialsEdge{.io = &io, .clock = &clock, .http = http, .local = local_http.get()},
        options.seed
    );
    credentials = own_credentials.get();
}

Result<Prepared> AwsClient::Parts::prepare(const AwsCall& asked) {
    const aws_model::Model& model = aws_model::model();
    Prepared out;
    out.row = &call_row(asked.service, asked.name);
    out.service = model.find_service(asked.service);
    out.operation = model.find_operation(*out.service, asked.name);
    Result<wire::Url> place = wire::parse_endpoint(endpoints.url(asked.service, asked.region));
    if (!place) {
        return std::unexpected(place.error());
    }
    out.place = *std::move(place);
    Result<aws_model::Request> request =
        aws_model::encode(model, *out.service, *out.operation, asked.input, token());
    if (!request) {
        return std::unexpected(request.error());
    }
    out.request = *std::move(request);
    out.signing_region = endpoints.signing_region(asked.service, asked.region);
    return out;
}

// A version 4 UUID, as the SDKs send.
std::string AwsClient::Parts::token() {
    constexpr std::string_view kForm = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
    std::string text;
    for (const char place : kForm) {
        text += place == 'x' ? "0123456789abcdef"[rng.below(16)] : place;
    }
    return text;
}

net::HttpCall AwsClient::Parts::sign(const Prepared& asked, const sigv4::Credentials& keys) {
    const aws_model::Request& request = asked.request;
    const std::string path = asked.place.path + request.path;
    std::vector<sigv4::Header> headers;
    headers.push_back({"host", asked.place.authority()});
    headers.push_back({"x-amz-date", to_amz_date(skew.corrected(clock.wall()))});
    for (const auto& [name, value] : request.headers) {
        headers.push_back({name, value});
    }
    if (!keys.session_token.empty()) {
        headers.push_back({"x-amz-security-token", keys.session_token});
    }
    const std::string hash = sigv4::sha256_hex(request.body);
    const sigv4::Request to_sign{
        .method = request.method,
        .path = path,
        .query = request.query,
        .headers = headers,
        .payload_hash = hash
    };
    const sigv4::Scope scope{
        .region = asked.signing_region,
        .service = std::string{aws_model::model().word(asked.service->signing_name)}
    };
    net::HttpCall call;
    call.headers.push_back({"authorization", signer.authorization(to_sign, keys, scope)});
    for (sigv4::Header& header : headers) {
        call.headers.push_back({std::move(header.name), std::move(header.value)});
    }
    call.headers.push_back({"user-agent", "farshore"});
    call.method = request.method;
    call.url = asked.place.origin() + path + (request.query.empty() ? "" : "?" + request.query);
    call.body = request.body;
    return call;
}

void AwsClient::Parts::adjust(net::HttpCall& call, const CallOptions& wanted) const {
    call.connect_timeout =
        std::min(wanted.connect_timeout.value_or(options.connect_timeout), call.total_timeout);
    call.fresh_connection = wanted.fresh_connection;
    call.body_bytes_max = wanted.body_bytes_max.value_or(call.body_bytes_max);
}

void AwsClient::Parts::hear_refusal(const Error& error, const sigv4::Credentials& keys) const {
    if (sigv4::refuses_the_signer(error.code) && !sigv4::refuses_the_date(error.code)) {
        credentials->refused(keys);
    }
}

std::unique_ptr<net::DnsClient> resolver_of(net::Io& io, const config::AwsAccess& access) {
    if (access.resolvers.empty()) {
        return nullptr;
    }
    return net::DnsClient::create(
        io, {.servers = access.resolvers, .source_address = access.source_address}
    );
}

std::unique_ptr<AwsClient> AwsClient::create(
    net::Io& io, const ports::Clock& clock, Options options
) {
    std::unique_ptr<net::DnsClient> resolver = resolver_of(io, options.access);
    std::unique_ptr<net::HttpClient> http = net::HttpClient::create(
        io,
        {.resolver = resolver.get(),
         .source_address = options.access.source_address,
         .ca_file = options.access.ca_file}
    );
    auto client = std::make_unique<AwsClient>(io, clock, *http, std::move(options));
    client->parts_->own_resolver = std::move(resolver);
    client->parts_->own_http = std::move(http);
    return client;
}

AwsClient::AwsClient(net::Io& io, const ports::Clock& clock, net::HttpClient& http, Options options)
    : parts_(std::make_unique<Parts>(io, clock, std::move(options))) {
    parts_->http = &http;
    parts_->find_credentials();
}

AwsClient::~AwsClient() = default;

std::string AwsClient::endpoint(std::string_view service, const RegionId& region) const {
    return parts_->endpoints.url(service, region);
}

Duration AwsClient::clock_skew() const {
    return parts_->skew.value();
}

const ports::Clock& AwsClient::clock() const {
    return parts_->clock;
}

net::Task<bool> AwsClient::pause(Duration ceiling) {
    const Duration drawn{
        static_cast<Duration::rep>(parts_->rng.below(static_cast<std::uint64_t>(ceiling.count())))
    };
    const bool whole = co_await net::sleep_for(parts_->io, ceiling / 2 + drawn / 2);
    co_return whole;
}

net::Task<Result<AwsReply>> AwsClient::call(AwsCall asked, CallOptions options) {
    Parts& parts = *parts_;
    const std::string what = asked.name + " in " + asked.region.value();
    const Result<Prepared> prepared = parts.prepare(asked);
    if (!prepared) {
        co_return std::unexpected(in_context(what, prepared.error()));
    }
    const CallRow& row = *prepared->row;
    const bool repeatable = options.idempotent || row.idempotency != Idempotency::by_read_back;
    const int attempts_max = options.attempts_max.value_or(row.retry == RetryClass::probe ? 1 : 3);
    const Instant deadline = parts.clock.now() + options.total_timeout.value_or(row.deadline);
    bool skew_corrected = false;

    for (int attempt = 1;; ++attempt) {
        const Result<sigv4::Credentials> keys =
            co_await parts.credentials->get(deadline - parts.clock.now());
        if (!keys) {
            co_return std::unexpected(in_context(what, keys.error()));
        }
        net::HttpCall http_call = parts.sign(*prepared, *keys);
        // The wait for keys may have taken all of it.
        const Duration left = std::max<Duration>(deadline - parts.clock.now(), 1ms);
        // One attempt that hangs leaves time for another, when another is allowed.
        const bool last = attempt >= attempts_max || !repeatable;
        http_call.total_timeout =
            last ? left : std::max<Duration>(left / 2, std::min<Duration>(left, 500ms));
        parts.adjust(http_call, options);
        Result<net::HttpReply> sent = co_await parts.http->fetch(std::move(http_call));

        Outcome outcome;
        if (sent) {
            outcome = judge(*prepared, *sent, options.whole);
        } else {
            outcome.reply = std::unexpected(sent.error());
        }
        if (outcome.reply) {
            parts.quota.refill(attempt > 1);
            outcome.reply->attempts = attempt;
            co_return std::move(outcome.reply);
        }
        const Error error = in_context(what, outcome.reply.error());
        parts.hear_refusal(error, *keys);
        if (outcome.service_time && !skew_corrected &&
            parts.skew.learn(*outcome.service_time, parts.clock.wall())) {
            skew_corrected = true;
            --attempt;  // the service refused our clock, not the request
            continue;
        }
        if (attempt >= attempts_max || !may_retry(error, repeatable)) {
            co_return std::unexpected(error);
        }
        const Duration wait =
            outcome.retry_after.value_or(retry_pause(error.kind, attempt, parts.rng));
        if (parts.clock.now() + wait >= deadline || !parts.quota.take(error.kind)) {
            co_return std::unexpected(error);
        }
        const bool waited = co_await net::sleep_for(parts.io, wait);
        if (!waited) {
            Error given_up = error;
            given_up.kind = ErrorKind::cancelled;
            co_return std::unexpected(std::move(given_up));
        }
    }
}

}  // namespace farshore::aws
