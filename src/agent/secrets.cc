#include "agent/secrets.h"

#include <utility>

#include <fmt/format.h>

#include "adapters/aws/credentials.h"
#include "base/text_file.h"

namespace farshore::agent {

Result<std::string> read_token(const std::string& path) {
    if (path.empty()) {
        return std::string{};
    }
    return read_word_file(
        path,
        {.what = "the token file",
         .remedy = "ask the operator for this app's agent token, and write it alone into the file"}
    );
}

Result<std::vector<sigv4::Credentials>> read_client_keys(const std::string& path) {
    std::vector<sigv4::Credentials> keys;
    if (path.empty()) {
        return keys;
    }
    const Result<std::string> text = read_text_file(
        path,
        {.what = "the client key file",
         .remedy = "write [NAME], aws_access_key_id and aws_secret_access_key into it, or remove "
                   "`client_keys`"}
    );
    if (!text) {
        return std::unexpected(text.error());
    }
    for (const std::string& name : aws::profile_names(*text)) {
        const auto values = aws::find_profile(*text, name);
        Result<sigv4::Credentials> key =
            aws::credentials_from(values.value_or(aws::ProfileValues{}));
        if (!key) {
            return std::unexpected(in_context(fmt::format("{} profile {}", path, name), key.error())
            );
        }
        keys.push_back(std::move(*key));
    }
    if (keys.empty()) {
        return fail(
            ErrorKind::malformed,
            "client key file " + path + " holds no profile",
            "an empty list would check nothing"
        );
    }
    return keys;
}

}  // namespace farshore::agent
