#include <pugixml.hpp>

#include <boost/json/parse.hpp>

#include "adapters/aws/credentials_source.h"
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

std::string text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value == nullptr || !value->is_string() ? std::string{}
                                                   : std::string{value->get_string()};
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
    if (const std::string code = text_of(object, "Code"); !code.empty() && code != "Success") {
        return fail(ErrorKind::denied, "the answer is " + code.substr(0, 100));
    }
    const std::string token = text_of(object, "Token");
    return checked(
        {.access_key_id = text_of(object, "AccessKeyId"),
         .secret_access_key = text_of(object, "SecretAccessKey"),
         .session_token = token.empty() ? text_of(object, "SessionToken") : token,
         .expires = std::nullopt},
        text_of(object, "Expiration")
    );
}

Result<sigv4::Credentials> credentials_from_sts(std::string_view xml) {
    pugi::xml_document document;
    if (!document.load_buffer(xml.data(), xml.size())) {
        return fail(ErrorKind::malformed, "the answer is no XML");
    }
    const pugi::xml_node keys = document.child("AssumeRoleWithWebIdentityResponse")
                                    .child("AssumeRoleWithWebIdentityResult")
                                    .child("Credentials");
    return checked(
        {.access_key_id = keys.child_value("AccessKeyId"),
         .secret_access_key = keys.child_value("SecretAccessKey"),
         .session_token = keys.child_value("SessionToken"),
         .expires = std::nullopt},
        keys.child_value("Expiration")
    );
}

}  // namespace farshore::aws
