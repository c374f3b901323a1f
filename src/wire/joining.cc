#include "wire/joining.h"

#include <boost/json.hpp>

#include "wire/config_document.h"
#include "wire/joining_fields.h"

namespace farshore::wire {

namespace json = boost::json;

std::string serialize(const Challenge& challenge) {
    return json::serialize(to_json(challenge));
}

std::string serialize(const JoinRequest& request) {
    return json::serialize(to_json(request));
}

std::string serialize(const Joined& joined) {
    return json::serialize(to_json(joined));
}

Result<Challenge> parse_challenge(std::string_view text) {
    return parse_document<Challenge>("challenge", text, kJoinBytesMax);
}

Result<JoinRequest> parse_join_request(std::string_view text) {
    return parse_document<JoinRequest>("join", text, kJoinBytesMax);
}

Result<Joined> parse_joined(std::string_view text) {
    return parse_document<Joined>("joined", text, kJoinBytesMax);
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
