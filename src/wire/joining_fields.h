#pragma once

#include <algorithm>
#include <string_view>
#include <tuple>

#include "wire/agent_protocol.h"
#include "wire/document_forms.h"
#include "wire/joining.h"

// The fields of what a host and a controller say when the host joins.
namespace farshore::wire {

inline constexpr std::size_t kNonceBytesMax = 256;
inline constexpr std::size_t kDigestHexBytes = 64;

template <>
inline constexpr auto kFields<Challenge> = std::tuple{
    required("nonce", &Challenge::nonce, Text{kNonceBytesMax}),
    required("valid_for_ms", &Challenge::valid_for, Ms{})
};

template <>
inline constexpr auto kFields<IdentityProof> = std::tuple{
    required("sts_region", &IdentityProof::sts_region, Name{}),
    required("url", &IdentityProof::url, Printable{2048}),
    required("nonce", &IdentityProof::nonce, Printable{kNonceBytesMax}),
    required("amz_date", &IdentityProof::amz_date, Text{32}),
    required("authorization", &IdentityProof::authorization, Text{4096}),
    required("security_token", &IdentityProof::security_token, Text{8192})
};

[[nodiscard]] constexpr bool is_digest(std::string_view text) {
    return text.size() == kDigestHexBytes && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

template <>
inline constexpr auto kFields<JoinRequest> = std::tuple{
    required("app", &JoinRequest::app, Name{}),
    required("host", &JoinRequest::host, Name{}),
    required("region", &JoinRequest::region, Name{}),
    required("credential_sha256", &JoinRequest::digest, Text{128}),
    rule([](ObjectReader& in, const JoinRequest& request) {
        if (!is_digest(request.digest)) {
            in.wrong("credential_sha256", "not 64 lower-case hexadecimal digits");
        }
    }),
    sparse("identity", &JoinRequest::identity, Inside{})
};

template <>
inline constexpr auto kFields<Joined> = std::tuple{
    required("host", &Joined::host, Name{}),
    required("vouched_by", &Joined::vouched_by, Printable{kTextBytesMax})
};

}  // namespace farshore::wire
