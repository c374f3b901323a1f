#pragma once

#include <memory>

#include "base/result.h"
#include "ports/store.h"
#include "wire/config.h"

namespace farshore::controller {

// The store that the configuration names. The only place of the controller that knows which one it
// is. Errors: those of its adapter.
[[nodiscard]] Result<std::unique_ptr<ports::WholeStore>> open_store(const config::Config& config);

}  // namespace farshore::controller
