#pragma once

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/result.h"
#include "base/time.h"

// The controller's tokens file, as `farshore init` writes it: digests, never tokens.
namespace farshore::cli {

// 256 random bits, hex.
[[nodiscard]] std::string new_token();

// The file's entries; none when there is no file. Errors: denied, malformed (as the controller
// would refuse it).
[[nodiscard]] Result<boost::json::array> read_tokens(const std::string& path);

// Replaces the file, mode 0600, with the owner that it had. What the controller would refuse is not
// written. Errors: malformed, denied, exhausted.
[[nodiscard]] Status write_tokens(const std::string& path, const boost::json::array& tokens);

// Adds the entry; with `replace`, in the place of those of its name. Errors: conflict (the name is
// taken).
[[nodiscard]] Status add_token(boost::json::array& tokens, boost::json::object entry, bool replace);

// A second entry for the caller of that name, with another token; those that it had until now count
// until `old_until`. What had run out by `now` goes. Errors: not_found, malformed (a join token).
[[nodiscard]] Status rotate_token(
    boost::json::array& tokens,
    const std::string& name,
    const std::string& new_token,
    UtcTime now,
    UtcTime old_until
);

// Errors: conflict (the file is there, and not `force`).
[[nodiscard]] Status check_absent(const std::string& path, bool force);
// A file that is there holds a token of that name: another one takes its place. Errors: conflict.
[[nodiscard]] Status check_may_replace(
    const std::string& path, const boost::json::array& tokens, const std::string& name
);

// A file that only its owner may read, mode 0600. Errors: denied, exhausted.
[[nodiscard]] Status write_secret(const std::string& path, const std::string& secret);
// Both the tokens file and the token's own, or none of the two: a token that the controller does
// not know is of no use. Errors: those of both.
[[nodiscard]] Status keep_token(
    const std::string& path,
    const boost::json::array& tokens,
    const std::string& out,
    const std::string& token
);

// NAME.token in the tokens file's directory.
[[nodiscard]] std::string beside(const std::string& tokens, const std::string& name);
[[nodiscard]] UtcTime later_by(const std::string& duration);

// For CLI11, which shows the text as a usage error; empty: it is one.
[[nodiscard]] std::string must_be_file_name(const std::string& text);

}  // namespace farshore::cli
