#pragma once

#include "adapters/host/programs.h"
#include "core/lint/client_lint.h"
#include "wire/config.h"

namespace farshore::agent {

// What an SDK in that program is told of DynamoDB's endpoint, by the environment that the program
// was started with and by its profile. Blocking: reads the program's config file, in its own root
// directory. What code sets is not seen, nor what php-fpm's `env[…]` gives to PHP: of them tell
// `past` and `talks_to_agent`, which come from connections; `past` is left empty here.
[[nodiscard]] core::SeenClient client_from(
    const host::Program& program, const config::AgentConfig& config
);

}  // namespace farshore::agent
