#include <algorithm>

#include "adapters/aws/credentials.h"
#include "base/text.h"

// Profiles of AWS's INI files. Pure.
namespace farshore::aws {
namespace {

std::string_view section_name(std::string_view line) {
    line.remove_prefix(1);
    const std::size_t close = line.find(']');
    std::string_view name = trim(line.substr(0, close));
    if (name.starts_with("profile ")) {
        name = trim(name.substr(8));
    }
    return name;
}

}  // namespace

std::optional<std::string> value_of(const ProfileValues& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() || found->second.empty() ? std::nullopt
                                                          : std::optional{found->second};
}

std::optional<ProfileValues> find_profile(std::string_view ini, std::string_view profile) {
    std::optional<ProfileValues> out;
    bool inside = false;
    for (std::string_view raw : split(ini, '\n')) {
        if (raw.ends_with('\r')) {
            raw.remove_suffix(1);
        }
        const std::string_view line = trim(raw);
        if (line.empty() || line.starts_with('#') || line.starts_with(';')) {
            continue;
        }
        if (line.starts_with('[')) {
            inside = section_name(line) == profile;
            if (inside && !out) {
                out.emplace();
            }
            continue;
        }
        // An indented line belongs to a nested setting ("s3 =" and its children): none of ours.
        const bool nested = raw.starts_with(' ') || raw.starts_with('\t');
        const std::size_t equals = line.find('=');
        if (!inside || nested || equals == std::string_view::npos) {
            continue;
        }
        out->insert_or_assign(
            to_lower(trim(line.substr(0, equals))), std::string{trim(line.substr(equals + 1))}
        );
    }
    return out;
}

std::map<std::string, std::string> service_urls(std::string_view ini, std::string_view section) {
    std::map<std::string, std::string> out;
    bool inside = false;
    std::string service;
    for (const std::string_view raw : split(ini, '\n')) {
        const std::string_view line = trim(raw.substr(0, raw.find_last_not_of('\r') + 1));
        const std::size_t equals = line.find('=');
        if (line.starts_with('[')) {
            inside = section_name(line) == "services " + std::string{section};
        } else if (inside && equals != std::string_view::npos) {
            const bool nested = raw.starts_with(' ') || raw.starts_with('\t');
            const std::string name = to_lower(trim(line.substr(0, equals)));
            if (!nested) {
                service = name;
            } else if (name == "endpoint_url") {
                out.insert_or_assign(service, std::string{trim(line.substr(equals + 1))});
            }
        }
    }
    return out;
}

std::vector<std::string> profile_names(std::string_view ini) {
    std::vector<std::string> names;
    for (const std::string_view raw : split(ini, '\n')) {
        const std::string_view line = trim(raw);
        if (line.starts_with('[') && std::ranges::find(names, section_name(line)) == names.end()) {
            names.emplace_back(section_name(line));
        }
    }
    return names;
}

Result<sigv4::Credentials> credentials_from(const ProfileValues& values) {
    const auto id = value_of(values, "aws_access_key_id");
    const auto secret = value_of(values, "aws_secret_access_key");
    if (!id || !secret) {
        return fail(
            ErrorKind::malformed,
            std::string{"the profile has no "} +
                (id ? "aws_secret_access_key" : "aws_access_key_id"),
            "Write both aws_access_key_id and aws_secret_access_key into the profile."
        );
    }
    return sigv4::Credentials{
        .access_key_id = *id,
        .secret_access_key = *secret,
        .session_token = value_of(values, "aws_session_token").value_or(""),
        .expires = std::nullopt
    };
}

}  // namespace farshore::aws
