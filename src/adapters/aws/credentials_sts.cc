#include <utility>

#include "adapters/aws/caller_identity.h"
#include "adapters/aws/client.h"
#include "adapters/aws/credentials_source.h"
#include "base/text.h"

#include "aws_model/encode.h"
#include "sigv4/signer.h"

// Keys that STS gives.
namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectPatience = 1s;
constexpr Duration kPatience = 3s;
constexpr std::size_t kAnswerMax = std::size_t{64} << 10U;

// One of STS's places, and the Region that its requests are signed for.
struct Place {
    std::string url;
    RegionId region;
};

std::vector<Place> places_of(const StsPlaces& places) {
    std::vector<Place> out;
    for (const RegionId& region : places.regions) {
        if (!places.endpoint.empty()) {
            return {{.url = places.endpoint, .region = region}};
        }
        out.push_back({.url = sts_endpoint(region), .region = region});
    }
    return out;
}

// Asks one place after the other; the makers of keys say what.
class StsSource : public CredentialsSource {
  public:
    StsSource(CredentialsEdge edge, StsPlaces places, std::string call)
        : edge_(edge), places_(places_of(places)), call_(std::move(call)) {}

  protected:
    [[nodiscard]] const CredentialsEdge& edge() const { return edge_; }

    // `keys`: whose signature the request carries; nullopt: it has none.
    net::Task<Result<sigv4::Credentials>> ask_all(
        boost::json::object input, std::optional<sigv4::Credentials> keys
    ) {
        Result<sigv4::Credentials> last =
            fail(ErrorKind::denied, "no Region is known whose STS could be asked");
        for (const Place& place : places_) {
            last = co_await ask(place, input, keys);
            if (last || last.error().kind == ErrorKind::denied) {
                break;  // a refusal is the same everywhere
            }
        }
        co_return last;
    }

  private:
    net::Task<Result<sigv4::Credentials>> ask(
        Place place, boost::json::object input, std::optional<sigv4::Credentials> keys
    ) {
        const aws_model::Model& model = aws_model::model();
        const aws_model::Service& sts = *model.find_service("sts");
        const Result<aws_model::Request> request =
            aws_model::encode(model, sts, *model.find_operation(sts, call_), input, "");
        if (!request) {
            co_return std::unexpected(request.error());
        }
        net::HttpCall call{
            .method = "POST",
            .url = place.url + "/",
            .headers = headers_of(*request, place, keys),
            .body = request->body,
            .connect_timeout = kConnectPatience,
            .total_timeout = kPatience,
            .body_bytes_max = kAnswerMax,
        };
        const Result<net::HttpReply> reply = co_await edge_.http->fetch(std::move(call));
        if (!reply) {
            co_return std::unexpected(reply.error());
        }
        if (reply->status == 200) {
            co_return credentials_from_sts(call_, reply->body);
        }
        Error error = refusal_of("sts", reply->status, reply->body);
        error.effect = Effect::none;  // keys that were not received do nothing
        if (reply->status < 500 && error.kind != ErrorKind::throttled) {
            error.kind = ErrorKind::denied;
        }
        co_return std::unexpected(in_context("STS at " + place.url, std::move(error)));
    }

    [[nodiscard]] net::HttpHeaders headers_of(
        const aws_model::Request& request,
        const Place& place,
        const std::optional<sigv4::Credentials>& keys
    ) const {
        net::HttpHeaders headers;
        for (const auto& [name, value] : request.headers) {
            headers.push_back({name, value});
        }
        if (!keys) {
            return headers;
        }
        const Result<wire::Url> url = wire::parse_url(place.url);
        std::vector<sigv4::Header> to_sign{
            {"host", url ? url->authority() : ""}, {"x-amz-date", to_amz_date(edge_.clock->wall())}
        };
        if (!keys->session_token.empty()) {
            to_sign.push_back({"x-amz-security-token", keys->session_token});
        }
        const std::string hash = sigv4::sha256_hex(request.body);
        sigv4::Signer signer;
        headers.push_back(
            {"authorization",
             signer.authorization(
                 {.method = "POST",
                  .path = (url ? url->path : "") + "/",
                  .query = "",
                  .headers = to_sign,
                  .payload_hash = hash},
                 *keys,
                 {.region = place.region.value(), .service = "sts"}
             )}
        );
        for (sigv4::Header& header : to_sign) {
            headers.push_back({std::move(header.name), std::move(header.value)});
        }
        return headers;
    }

    CredentialsEdge edge_;
    std::vector<Place> places_;
    std::string call_;
};

class WebIdentitySource final : public StsSource {
  public:
    WebIdentitySource(CredentialsEdge edge, StsPlaces places, WebIdentity identity)
        : StsSource(edge, std::move(places), "AssumeRoleWithWebIdentity"),
          identity_(std::move(identity)) {}

    [[nodiscard]] std::string name() const override {
        return "the web identity of " + identity_.role_arn;
    }

    net::Task<Result<sigv4::Credentials>> fetch() override {
        const Result<std::string> token = read_token(identity_.token_file);
        if (!token) {
            co_return std::unexpected(token.error());
        }
        boost::json::object input{
            {"RoleArn", identity_.role_arn},
            {"RoleSessionName", identity_.session_name},
            {"WebIdentityToken", *token}
        };
        Result<sigv4::Credentials> keys = co_await ask_all(std::move(input), std::nullopt);
        co_return keys;
    }

  private:
    WebIdentity identity_;
};

class AssumedRoleSource final : public StsSource {
  public:
    AssumedRoleSource(CredentialsEdge edge, StsPlaces places, RoleToAssume role, KeysOrSource base)
        : StsSource(edge, std::move(places), "AssumeRole"),
          role_(std::move(role)),
          base_(std::move(base)) {}

    [[nodiscard]] std::string name() const override { return "the role " + role_.role_arn; }

    net::Task<Result<sigv4::Credentials>> fetch() override {
        Result<sigv4::Credentials> base =
            base_.keys ? Result<sigv4::Credentials>{*base_.keys} : co_await base_.source->fetch();
        if (!base) {
            co_return std::unexpected(in_context(base_.source->name(), base.error()));
        }
        boost::json::object input{
            {"RoleArn", role_.role_arn}, {"RoleSessionName", role_.session_name}
        };
        if (!role_.external_id.empty()) {
            input["ExternalId"] = role_.external_id;
        }
        if (const auto seconds = duration()) {
            input["DurationSeconds"] = *seconds;
        }
        Result<sigv4::Credentials> keys = co_await ask_all(std::move(input), *std::move(base));
        co_return keys;
    }

  private:
    [[nodiscard]] std::optional<std::int64_t> duration() const {
        const auto text = duration_from(role_.duration_seconds + "s");
        return text ? std::optional{std::int64_t{
                          std::chrono::duration_cast<std::chrono::seconds>(*text).count()
                      }}
                    : std::nullopt;
    }

    RoleToAssume role_;
    KeysOrSource base_;
};

}  // namespace

std::unique_ptr<CredentialsSource> web_identity(
    CredentialsEdge edge, StsPlaces places, WebIdentity identity
) {
    return std::make_unique<WebIdentitySource>(edge, std::move(places), std::move(identity));
}

std::unique_ptr<CredentialsSource> assumed_role(
    CredentialsEdge edge, StsPlaces places, RoleToAssume role, KeysOrSource base
) {
    return std::make_unique<AssumedRoleSource>(
        edge, std::move(places), std::move(role), std::move(base)
    );
}

}  // namespace farshore::aws
