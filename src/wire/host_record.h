#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/names.h"

// A host's own registration, beside the app's epoch record in each Region's epoch table. An agent
// that has no controller to say hello to writes it into a majority of the Regions before it takes
// permission to write from the epoch records; a controller reads them after each raise, so that no
// fence overlooks a host of which it has not heard (docs/decisions/0008-register.md).
//
//   app       "<app>#host#<name>", the table's key: what a policy can bind to its writer
//   host, region, boot, register, at
//
// The name is the host's own, or what IAM calls aws:userid of the role's session that writes it,
// "AROAEXAMPLEID:i-0abc": there the session is named as the host.
namespace farshore::wire {

[[nodiscard]] inline std::string host_record_prefix(const AppId& app) {
    return app.value() + "#host#";
}

[[nodiscard]] inline std::string host_record_key(const AppId& app, std::string_view name) {
    return host_record_prefix(app).append(name);
}

[[nodiscard]] inline std::string host_record_key(const AppId& app, const HostId& host) {
    return host_record_key(app, host.value());
}

// Whose registration it is. nullopt: it is none of this app's, or names no host.
[[nodiscard]] inline std::optional<HostId> host_of_record_key(
    const AppId& app, std::string_view key
) {
    const std::string prefix = host_record_prefix(app);
    if (!key.starts_with(prefix)) {
        return std::nullopt;
    }
    key.remove_prefix(prefix.size());
    const std::size_t colon = key.find(':');
    const HostId host{std::string{colon == std::string_view::npos ? key : key.substr(colon + 1)}};
    return check_name(host) ? std::optional{host} : std::nullopt;
}

}  // namespace farshore::wire
