#include <boost/json/parse.hpp>

#include "adapters/aws/credentials_source.h"
#include "adapters/aws/members.h"
#include "base/text.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

std::unexpected<Error> lacks(std::string_view what) {
    return fail(ErrorKind::malformed, "the answer has no usable " + std::string{what});
}

// With any number of digits behind the second, and UTC written as an offset, too.
std::optional<UtcTime> time_from(std::string text) {
    if (text.ends_with("+00:00")) {
        text.replace(text.size() - 6, 6, "Z");
    }
    if (const std::size_t dot = text.find('.'); dot != std::string::npos) {
        text.erase(dot, text.find_first_not_of("0123456789", dot + 1) - dot);
    }
    return from_iso8601(text);
}

// What goes into a header must not end its line.
bool is_plain(std::string_view text) {
    return text.find_first_of("\r\n") == std::string_view::npos;
}

Result<sigv4::Credentials> checked(sigv4::Credentials keys, const std::string& expiration) {
    if (keys.access_key_id.empty() || !is_plain(keys.access_key_id)) {
        return lacks("AccessKeyId");
    }
    if (keys.secret_access_key.empty()) {
        return lacks("SecretAccessKey");
    }
    if (!is_plain(keys.session_token)) {
        return lacks("session token");
    }
    if (!expiration.empty()) {
        keys.expires = time_from(expiration);
        if (!keys.expires) {
            return lacks("Expiration");
        }
    }
    return keys;
}

}  // namespace

Result<sigv4::Credentials> credentials_from_json(std::string_view text) {
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 16;
    const json::value parsed = json::parse(text, error, {}, options);
    if (error || !parsed.is_object()) {
        return fail(ErrorKind::malformed, "the answer is no JSON object");
    }
    const json::object& object = parsed.get_object();
    // The instance metadata service answers 200 also when it has nothing to give.
    if (const std::string code = text_member(object, "Code"); !code.empty() && code != "Success") {
        return fail(ErrorKind::denied, "the answer is " + code.substr(0, 100));
    }
    const std::string token = text_member(object, "Token");
    return checked(
        {.access_key_id = text_member(object, "AccessKeyId"),
         .secret_access_key = text_member(object, "SecretAccessKey"),
         .session_token = token.empty() ? text_member(object, "SessionToken") : token,
         .expires = std::nullopt},
        text_member(object, "Expiration")
    );
}

Result<sigv4::Credentials> credentials_from_sts(std::string_view call, std::string_view xml) {
    const Result<json::object> output = output_of("sts", call, xml);
    if (!output) {
        return fail(ErrorKind::malformed, output.error().text);
    }
    const json::object& keys = object_member(*output, "Credentials");
    return checked(
        {.access_key_id = text_member(keys, "AccessKeyId"),
         .secret_access_key = text_member(keys, "SecretAccessKey"),
         .session_token = text_member(keys, "SessionToken"),
         .expires = std::nullopt},
        keys.contains("Expiration")
            ? to_iso8601(utc_from_ms(number_member(keys, "Expiration") * 1000))
            : ""
    );
}

}  // namespace farshore::aws
