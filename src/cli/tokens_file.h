#pragma once

#include <optional>
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
// written. Errors: malformed, those of host::replace_file.
[[nodiscard]] Status write_tokens(const std::string& path, const boost::json::array& tokens);

// Adds the entry; with `replace`, in the place of those of its name. Errors: conflict (the name is
// taken).
[[nodiscard]] Status add_token(boost::json::array& tokens, boost::json::object entry, bool replace);

// The caller whose token changes. Hosts of two apps may have one name, and a token for each.
struct TokenOwner {
    std::string name;
    std::optional<std::string> app;  // empty: the token that names no app; nullopt: the only one
};

struct Rotation {
    std::string new_token;
    UtcTime now{};
    UtcTime old_until{};             // the old token counts until then at the longest
    std::optional<UtcTime> new_end;  // nullopt: the end that the old one was made with, if any
};

// What came of it, for people.
struct Rotated {
    std::string app;                   // of the token; empty: it names none
    std::optional<UtcTime> old_until;  // the last of the old ones ends then; nullopt: none counted
    std::optional<UtcTime> new_end;    // nullopt: never
};

// The app of the token that is meant. Errors: not_found; malformed (tokens of several apps have
// that name and none of them is named).
[[nodiscard]] Result<std::string> app_of(const boost::json::array& tokens, const TokenOwner& owner);

// A second entry for that caller, with another token; those that it had until now count until
// `old_until`, or their own end when that is earlier. What had run out by `now` goes. Errors: those
// of app_of; malformed (a join token; its end has passed, and no new one is named).
[[nodiscard]] Result<Rotated> rotate_token(
    boost::json::array& tokens, const TokenOwner& owner, const Rotation& rotation
);

// Errors: conflict (the file is there, and not `force`).
[[nodiscard]] Status check_absent(const std::string& path, bool force);
// A file that is there holds a token of that name and app: another one takes its place. Errors:
// conflict.
[[nodiscard]] Status check_may_replace(
    const std::string& path,
    const boost::json::array& tokens,
    const std::string& name,
    const std::string& app
);

// A file that only its owner may read, mode 0600. Errors: those of host::replace_file.
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
