#include <array>
#include <utility>

#include <boost/json/parse.hpp>
#include <openssl/evp.h>

#include "adapters/aws/client.h"
#include "adapters/aws/credentials_source.h"
#include "adapters/aws/members.h"
#include "base/text.h"
#include "base/text_file.h"
#include "wire/url.h"

#include "aws_model/encode.h"
#include "aws_model/endpoint.h"
#include "aws_model/times.h"

// Keys of IAM Identity Center, with the token that `aws sso login` has put into its cache.
namespace farshore::aws {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr Duration kPatience = 3s;
constexpr std::size_t kAnswerMax = std::size_t{64} << 10U;

std::string sha1_hex(std::string_view text) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    return to_hex({digest.data(), size});
}

class SignOnSource final : public CredentialsSource {
  public:
    SignOnSource(CredentialsEdge edge, SignOn with) : edge_(edge), with_(std::move(with)) {}

    [[nodiscard]] std::string name() const override {
        return "Identity Center's session " + with_.session;
    }

    net::Task<Result<sigv4::Credentials>> fetch() override {
        const Result<std::string> token = read_cache();
        if (!token) {
            co_return std::unexpected(token.error());
        }
        const aws_model::Model& model = aws_model::model();
        const aws_model::Service& sso = *model.find_service("sso");
        const Result<aws_model::Request> request = aws_model::encode(
            model,
            sso,
            *model.find_operation(sso, "GetRoleCredentials"),
            {{"roleName", with_.role}, {"accountId", with_.account}, {"accessToken", *token}},
            ""
        );
        if (!request) {
            co_return std::unexpected(request.error());
        }
        const std::string place =
            with_.endpoint.empty()
                ? aws_model::endpoint_of(model, sso, with_.region.value(), {}).url
                : with_.endpoint;
        net::HttpCall call{
            .method = request->method,
            .url = place + request->path + "?" + request->query,
            .headers = {},
            .body = {},
            .connect_timeout = kPatience,
            .total_timeout = kPatience,
            .body_bytes_max = kAnswerMax,
        };
        for (const auto& [header, value] : request->headers) {
            call.headers.push_back({header, value});
        }
        const Result<net::HttpReply> reply = co_await edge_.http->fetch(std::move(call));
        if (!reply) {
            co_return std::unexpected(reply.error());
        }
        if (reply->status != 200) {
            Error error = refusal_of("sso", reply->status, reply->body);
            error.effect = Effect::none;
            error.remedy = login();
            co_return std::unexpected(in_context("Identity Center", std::move(error)));
        }
        co_return keys_from(reply->body);
    }

  private:
    [[nodiscard]] std::string login() const {
        return "Run `aws sso login --profile " + with_.profile + "` as the service's user.";
    }

    [[nodiscard]] Result<std::string> read_cache() const {
        const std::string path = with_.cache + "/" + sha1_hex(with_.session) + ".json";
        const Result<std::string> text =
            read_text_file(path, {.what = "the cached token", .remedy = login()});
        if (!text) {
            return fail(ErrorKind::denied, text.error().text, login());
        }
        boost::system::error_code error;
        const json::value parsed = json::parse(*text, error);
        if (error || !parsed.is_object()) {
            return fail(ErrorKind::malformed, path + " is no JSON object", login());
        }
        const std::string token = text_member(parsed.get_object(), "accessToken");
        const auto ends = aws_model::time_from(text_member(parsed.get_object(), "expiresAt"));
        if (token.empty() || token.find_first_of("\r\n") != std::string::npos || !ends) {
            return fail(ErrorKind::malformed, path + " holds no token", login());
        }
        if (utc_from_ms(static_cast<std::int64_t>(*ends * 1000)) <= edge_.clock->wall()) {
            return fail(ErrorKind::denied, "the token in " + path + " has ended", login());
        }
        return token;
    }

    static Result<sigv4::Credentials> keys_from(std::string_view body) {
        const Result<json::object> output = output_of("sso", "GetRoleCredentials", body);
        if (!output) {
            return fail(ErrorKind::malformed, output.error().text);
        }
        const json::object& keys = object_member(*output, "roleCredentials");
        sigv4::Credentials out{
            .access_key_id = text_member(keys, "accessKeyId"),
            .secret_access_key = text_member(keys, "secretAccessKey"),
            .session_token = text_member(keys, "sessionToken"),
            .expires = utc_from_ms(number_member(keys, "expiration"))
        };
        if (out.access_key_id.empty() || out.secret_access_key.empty()) {
            return fail(ErrorKind::malformed, "Identity Center's answer has no keys");
        }
        return out;
    }

    CredentialsEdge edge_;
    SignOn with_;
};

}  // namespace

std::unique_ptr<CredentialsSource> sign_on(CredentialsEdge edge, SignOn with) {
    return std::make_unique<SignOnSource>(edge, std::move(with));
}

}  // namespace farshore::aws
