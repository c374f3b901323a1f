#include <algorithm>
#include <array>
#include <utility>

#include "adapters/aws/credentials_source.h"
#include "base/text.h"
#include "base/text_file.h"
#include "wire/url.h"

// Keys from endpoints of the host: the instance's and the container's.
namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

// The metadata service is on this host: it answers in a millisecond or not at all.
constexpr Duration kLocalPatience = 1s;
constexpr std::size_t kAnswerMax = std::size_t{64} << 10U;
constexpr std::string_view kTokenSeconds = "21600";

net::HttpCall local_call(std::string method, std::string url, net::HttpHeaders headers) {
    return {
        .method = std::move(method),
        .url = std::move(url),
        .headers = std::move(headers),
        .body = {},
        .connect_timeout = kLocalPatience,
        .total_timeout = kLocalPatience,
        .body_bytes_max = kAnswerMax,
    };
}

std::unexpected<Error> answered(std::string_view who, const net::HttpReply& reply) {
    const ErrorKind kind = reply.status >= 500   ? ErrorKind::unavailable
                           : reply.status == 404 ? ErrorKind::not_found
                                                 : ErrorKind::denied;
    return fail(kind, std::string{who} + " answered " + std::to_string(reply.status));
}

class InstanceMetadata final : public CredentialsSource {
  public:
    InstanceMetadata(CredentialsEdge edge, std::string base)
        : edge_(edge), base_(std::move(base)) {}

    [[nodiscard]] std::string name() const override { return "instance metadata at " + base_; }

    net::Task<Result<sigv4::Credentials>> fetch() override {
        const net::HttpHeaders ttl{
            {"X-aws-ec2-metadata-token-ttl-seconds", std::string{kTokenSeconds}}
        };
        net::HttpCall ask_token = local_call("PUT", base_ + "/latest/api/token", ttl);
        const Result<net::HttpReply> token = co_await edge_.local->fetch(std::move(ask_token));
        if (!token) {
            Error error = token.error();
            error.remedy =
                "On an EC2 instance: is the metadata service on, and is its hop limit 2 or more "
                "when this runs in a container?";
            co_return std::unexpected(std::move(error));
        }
        if (token->status != 200) {
            co_return answered("the metadata service's token", *token);
        }
        const net::HttpHeaders with_token{
            {"X-aws-ec2-metadata-token", std::string{trim(token->body)}}
        };
        const std::string path = base_ + "/latest/meta-data/iam/security-credentials/";
        net::HttpCall ask_role = local_call("GET", path, with_token);
        const Result<net::HttpReply> role = co_await edge_.local->fetch(std::move(ask_role));
        if (!role) {
            co_return std::unexpected(role.error());
        }
        const std::string_view body = role->body;
        const std::string_view first = trim(body.substr(0, body.find('\n')));
        if (role->status == 404 || (role->status == 200 && first.empty())) {
            co_return fail(
                ErrorKind::denied,
                "the instance has no role",
                "Attach an instance profile with the generated policy."
            );
        }
        if (role->status != 200) {
            co_return answered("the metadata service's role", *role);
        }
        net::HttpCall ask_keys = local_call("GET", path + std::string{first}, with_token);
        const Result<net::HttpReply> keys = co_await edge_.local->fetch(std::move(ask_keys));
        if (!keys) {
            co_return std::unexpected(keys.error());
        }
        if (keys->status != 200) {
            co_return answered("the metadata service", *keys);
        }
        co_return credentials_from_json(keys->body);
    }

  private:
    CredentialsEdge edge_;
    std::string base_;
};

class ContainerEndpoint final : public CredentialsSource {
  public:
    struct Token {
        std::string file;
        std::string text;
    };

    ContainerEndpoint(CredentialsEdge edge, std::string url, Token token)
        : edge_(edge), url_(std::move(url)), token_(std::move(token)) {}

    [[nodiscard]] std::string name() const override { return "the container endpoint " + url_; }

    net::Task<Result<sigv4::Credentials>> fetch() override {
        // The file is rotated: it is read each time.
        Result<std::string> token =
            token_.file.empty() ? Result<std::string>{token_.text} : read_token(token_.file);
        if (!token) {
            co_return std::unexpected(token.error());
        }
        net::HttpHeaders headers;
        if (!token->empty()) {
            headers.push_back({"Authorization", std::move(*token)});
        }
        net::HttpCall call = local_call("GET", url_, std::move(headers));
        const Result<net::HttpReply> reply = co_await edge_.local->fetch(std::move(call));
        if (!reply) {
            co_return std::unexpected(reply.error());
        }
        if (reply->status != 200) {
            co_return answered("the container endpoint", *reply);
        }
        co_return credentials_from_json(reply->body);
    }

  private:
    CredentialsEdge edge_;
    std::string url_;
    Token token_;
};

// Keys in the clear may come from this host, and from the addresses of ECS and EKS agents.
bool may_be_plain(const std::string& host) {
    constexpr std::array<std::string_view, 4> kHosts{
        "localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"
    };
    return wire::is_loopback(host) || std::ranges::find(kHosts, host) != kHosts.end();
}

}  // namespace

Result<std::string> endpoint_in(const Environment& environment, const std::string& variable) {
    const auto text = environment(variable);
    if (!text) {
        return std::string{};
    }
    Result<wire::Url> url = wire::parse_endpoint(*text);
    if (!url) {
        return std::unexpected(in_context(variable + " is not a URL", std::move(url.error())));
    }
    return url->text();
}

Result<std::string> read_token(const std::string& path) {
    constexpr std::string_view kRemedy = "See that the platform writes a token there.";
    Result<std::string> token = read_text_file(
        path, {.what = "the token file", .remedy = kRemedy, .bytes_max = kAnswerMax}
    );
    if (!token) {
        return token;
    }
    token->erase(token->find_last_not_of(" \t\r\n") + 1);
    if (token->find_first_of("\r\n") != std::string::npos) {
        return fail(
            ErrorKind::malformed,
            "the token file " + path + " holds more than one line",
            std::string{kRemedy}
        );
    }
    return token;
}

Result<std::unique_ptr<CredentialsSource>> instance_metadata(
    CredentialsEdge edge, const Environment& environment
) {
    const bool six =
        to_lower(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("")) == "ipv6";
    const std::string usual = six ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    const Result<std::string> named = endpoint_in(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (!named) {
        return std::unexpected(named.error());
    }
    return std::make_unique<InstanceMetadata>(edge, named->empty() ? usual : *named);
}

Result<std::unique_ptr<CredentialsSource>> container_endpoint(
    CredentialsEdge edge, const Environment& environment
) {
    const auto relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full) {
        return std::unique_ptr<CredentialsSource>{};
    }
    Result<wire::Url> url = wire::parse_url(relative ? "http://169.254.170.2" + *relative : *full);
    if (!url) {
        return std::unexpected(in_context(
            std::string{"AWS_CONTAINER_CREDENTIALS_"} + (relative ? "RELATIVE" : "FULL") +
                "_URI is not the place of credentials",
            std::move(url.error())
        ));
    }
    if (!url->tls && !may_be_plain(url->host)) {
        return fail(
            ErrorKind::denied,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI leads off this host in the clear",
            "Keys are asked for over https, or at a loopback, ECS or EKS address."
        );
    }
    ContainerEndpoint::Token token{
        .file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").value_or(""),
        .text = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("")
    };
    if (token.text.find_first_of("\r\n") != std::string::npos) {
        return fail(ErrorKind::malformed, "AWS_CONTAINER_AUTHORIZATION_TOKEN is no header's value");
    }
    return std::make_unique<ContainerEndpoint>(edge, url->text(), std::move(token));
}

}  // namespace farshore::aws
