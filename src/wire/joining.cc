#include "wire/joining.h"

#include <algorithm>
#include <utility>

#include "wire/agent_protocol_parts.h"
#include "wire/config_document.h"

namespace farshore::wire {

namespace {

constexpr std::size_t kNonceBytesMax = 256;
constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kAuthorizationBytesMax = 4096;
constexpr std::size_t kSecurityTokenBytesMax = 8192;
constexpr std::size_t kDigestHexBytes = 64;

json::object write(const IdentityProof& proof) {
    return {
        {"sts_region", proof.sts_region.value()},
        {"url", proof.url},
        {"nonce", proof.nonce},
        {"amz_date", proof.amz_date},
        {"authorization", proof.authorization},
        {"security_token", proof.security_token}
    };
}

IdentityProof read_proof(const json::object& object, JsonTrouble& trouble) {
    ObjectReader in(object, "identity", trouble);
    IdentityProof proof;
    proof.sts_region = in.name<RegionId>("sts_region");
    proof.url = in.printable_text("url", kUrlBytesMax);
    proof.nonce = in.printable_text("nonce", kNonceBytesMax);
    proof.amz_date = in.text("amz_date", 32);
    proof.authorization = in.text("authorization", kAuthorizationBytesMax);
    proof.security_token = in.text("security_token", kSecurityTokenBytesMax);
    return proof;
}

bool is_digest(std::string_view text) {
    return text.size() == kDigestHexBytes && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

}  // namespace

std::string serialize(const Challenge& challenge) {
    return json::serialize(
        json::object{{"nonce", challenge.nonce}, {"valid_for_ms", to_ms(challenge.valid_for)}}
    );
}

std::string serialize(const JoinRequest& request) {
    json::object out{
        {"app", request.app.value()},
        {"host", request.host.value()},
        {"region", request.region.value()},
        {"credential_sha256", request.digest}
    };
    if (request.identity) {
        out["identity"] = write(*request.identity);
    }
    return json::serialize(out);
}

std::string serialize(const Joined& joined) {
    return json::serialize(
        json::object{{"host", joined.host.value()}, {"vouched_by", joined.vouched_by}}
    );
}

Result<Challenge> parse_challenge(std::string_view text) {
    return parse_with<Challenge>(
        "challenge",
        text,
        kJoinBytesMax,
        [](ObjectReader& in, JsonTrouble&) {
            Challenge challenge;
            challenge.nonce = in.text("nonce", kNonceBytesMax);
            challenge.valid_for = ms_of(in, "valid_for_ms");
            return challenge;
        }
    );
}

Result<JoinRequest> parse_join_request(std::string_view text) {
    return parse_with<JoinRequest>(
        "join",
        text,
        kJoinBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) {
            JoinRequest request;
            request.app = in.name<AppId>("app");
            request.host = in.name<HostId>("host");
            request.region = in.name<RegionId>("region");
            request.digest = in.text("credential_sha256", 128);
            if (!is_digest(request.digest)) {
                in.wrong("credential_sha256", "not 64 lower-case hexadecimal digits");
            }
            if (const json::object* identity = in.object("identity", Field::optional)) {
                request.identity = read_proof(*identity, trouble);
            }
            return request;
        }
    );
}

Result<Joined> parse_joined(std::string_view text) {
    return parse_with<Joined>("joined", text, kJoinBytesMax, [](ObjectReader& in, JsonTrouble&) {
        Joined joined;
        joined.host = in.name<HostId>("host");
        joined.vouched_by = in.printable_text("vouched_by", kTextBytesMax);
        return joined;
    });
}

std::string join_statement(
    const JoinRequest& request, std::string_view url, std::string_view nonce
) {
    // A digest of all of it: names may hold what a header's value may not.
    std::string all{"farshore-join-1"};
    for (const std::string_view part :
         {std::string_view{request.app.value()},
          std::string_view{request.host.value()},
          std::string_view{request.region.value()},
          std::string_view{request.digest},
          url,
          nonce}) {
        all += '\n' + std::to_string(part.size()) + ':';
        all += part;
    }
    return "v1." + config::sha256_hex(all);
}

}  // namespace farshore::wire
