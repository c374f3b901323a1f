// modules: sigv4
#include <span>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/text.h"

#include "sigv4/signer.h"

// Any request line and header can be signed and is then accepted; any Authorization is parsed or
// refused, and never accepted without its signature.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace farshore;
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const std::vector<std::string_view> parts = split(input, '\n');
    const auto part = [&](std::size_t i) {
        return i < parts.size() ? parts[i] : std::string_view{};
    };
    const UtcTime now = utc_from_ms(1'795'439'109'000);
    const sigv4::Credentials keys{.access_key_id = "AKID", .secret_access_key = "secret"};
    std::vector<sigv4::Header> headers{
        {"Host", "h"}, {"X-Amz-Date", to_amz_date(now)}, {"X-Fuzz", std::string{part(2)}}
    };
    sigv4::Request request{
        .method = "POST",
        .path = part(0),
        .query = part(1),
        .headers = headers,
        .payload_hash = "hash"
    };
    sigv4::Signer signer;
    const std::string authorization =
        signer.authorization(request, keys, {"us-east-1", "dynamodb"});
    headers.push_back({"Authorization", authorization});
    request.headers = headers;
    FARSHORE_ASSERT(sigv4::verify(request, std::span{&keys, 1}, now), "what we sign we accept");
    headers.back().value = part(3);
    request.headers = headers;
    const auto stranger = sigv4::verify(request, std::span{&keys, 1}, now);
    FARSHORE_ASSERT(
        !stranger || part(3).contains("Signature="), "nothing is accepted without a signature"
    );
    return 0;
}
