#pragma once

#include <string>

#include "base/ids.h"

// A host's own registration, beside the app's epoch record in each Region's epoch table. An agent
// that has no controller to say hello to writes it into a majority of the Regions before it takes
// permission to write from the epoch records; a controller reads them after each raise, so that no
// fence overlooks a host that nobody has told it of (docs/decisions/0008-register.md).
//
//   app       "<app>#host#<host>", the table's key
//   host, region, boot, register, at
namespace farshore::wire {

[[nodiscard]] inline std::string host_record_prefix(const AppId& app) {
    return app.value() + "#host#";
}

[[nodiscard]] inline std::string host_record_key(const AppId& app, const HostId& host) {
    return host_record_prefix(app) + host.value();
}

}  // namespace farshore::wire
