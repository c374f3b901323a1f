#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

// The form of each name that becomes part of a path, a file's name, a key or a metric's label: one
// declaration, asked where the name enters (configuration, hello, API, flags). Without a separator
// of any of these in a name, two names never lead to one place. Pure.
namespace farshore {

struct NameForm {
    std::string_view what;  // "an app's name", for error texts
    std::size_t least = 1;
    std::size_t most = 64;
    // Beside letters and digits of ASCII.
    std::string_view signs = "-_.";
    // "." and ".." are directories, and "-x" is a flag.
    bool begins_with_a_letter_or_digit = true;
};

inline constexpr NameForm kAppForm{.what = "an app's name"};
// As long as a DNS name: hosts are often named by theirs.
inline constexpr NameForm kHostForm{.what = "a host's name", .most = 253};
inline constexpr NameForm kObserverForm{.what = "an observer's name"};
// AWS: "Naming rules" of DynamoDB's developer guide.
inline constexpr NameForm kTableForm{
    .what = "a table's name", .least = 3, .most = 255, .begins_with_a_letter_or_digit = false
};
inline constexpr NameForm kOperationForm{.what = "an operation's id", .most = 128};
// AWS: ResourceId of Route 53's API.
inline constexpr NameForm kZoneForm{.what = "a hosted zone's id", .most = 32, .signs = ""};

[[nodiscard]] bool fits(const NameForm& form, std::string_view name);

// "3 to 255 letters, digits, `-`, `_` and `.`": completes "a table's name has …".
[[nodiscard]] std::string allowed(const NameForm& form);

// Errors: malformed; the text shows the name, the remedy the allowed form.
[[nodiscard]] Status check_name(const NameForm& form, std::string_view name);
[[nodiscard]] Status check_name(const AppId& name);
[[nodiscard]] Status check_name(const HostId& name);
[[nodiscard]] Status check_name(const ObserverId& name);
[[nodiscard]] Status check_name(const OperationId& name);
[[nodiscard]] Status check_name(const TableName& name);
[[nodiscard]] Status check_name(const RegionId& name);

// "us-east-1": AWS's names have at least two hyphens and end with a digit.
[[nodiscard]] bool is_region_name(std::string_view name);

// The name as it may be shown: bounded, and without characters that a terminal acts on.
[[nodiscard]] std::string shown(std::string_view name);

}  // namespace farshore
