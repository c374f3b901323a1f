#include "base/names.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace farshore {

namespace {

constexpr std::size_t kRegionBytesMax = 32;
constexpr std::size_t kShownBytesMax = 80;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_alphanumeric(char c) {
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

}  // namespace

bool fits(const NameForm& form, std::string_view name) {
    const bool good_start =
        !form.begins_with_a_letter_or_digit || (!name.empty() && is_alphanumeric(name.front()));
    return name.size() >= form.least && name.size() <= form.most && good_start &&
           std::ranges::all_of(name, [&](char c) {
               return is_alphanumeric(c) || form.signs.contains(c);
           });
}

std::string allowed(const NameForm& form) {
    std::vector<std::string> kinds{"letters", "digits"};
    for (const char sign : form.signs) {
        kinds.push_back(std::string{"`"} + sign + "`");
    }
    std::string out = std::to_string(form.least) + " to " + std::to_string(form.most) + " ";
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        out += (i == 0 ? "" : i + 1 == kinds.size() ? " and " : ", ") + kinds[i];
    }
    return out + (form.begins_with_a_letter_or_digit && !form.signs.empty()
                      ? ", and begins with a letter or a digit"
                      : "");
}

Status check_name(const NameForm& form, std::string_view name) {
    if (fits(form, name)) {
        return {};
    }
    return fail(
        ErrorKind::malformed,
        "`" + shown(name) + "` is not " + std::string{form.what},
        std::string{form.what} + " has " + allowed(form)
    );
}

Status check_name(const AppId& name) {
    return check_name(kAppForm, name.value());
}

Status check_name(const HostId& name) {
    return check_name(kHostForm, name.value());
}

Status check_name(const ObserverId& name) {
    return check_name(kObserverForm, name.value());
}

Status check_name(const OperationId& name) {
    return check_name(kOperationForm, name.value());
}

Status check_name(const TableName& name) {
    return check_name(kTableForm, name.value());
}

Status check_name(const RegionId& name) {
    if (is_region_name(name.value())) {
        return {};
    }
    return fail(
        ErrorKind::malformed,
        "`" + shown(name.value()) + "` is not the name of a Region",
        "for example us-east-1"
    );
}

bool is_region_name(std::string_view name) {
    const std::vector<std::string_view> parts = split(name, '-');
    return name.size() <= kRegionBytesMax && parts.size() >= 3 &&
           std::ranges::all_of(
               parts,
               [](std::string_view part) {
                   return !part.empty() && std::ranges::all_of(part, [](char c) {
                       return is_lower(c) || is_digit(c);
                   });
               }
           ) &&
           is_digit(parts.back().back());
}

std::string shown(std::string_view name) {
    std::string out;
    for (const char c : name.substr(0, kShownBytesMax)) {
        const auto byte = static_cast<unsigned char>(c);
        const bool goes_on = (byte & 0xC0U) == 0x80U;  // of a character of UTF-8
        if (!goes_on) {
            out += byte < 0x20 || byte >= 0x7F ? '?' : c;
        }
    }
    return out + (name.size() > kShownBytesMax ? "…" : "");
}

}  // namespace farshore
