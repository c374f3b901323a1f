#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace farshore::cli {

// The usage error when a word of the command line stands where a command is expected and is none:
// it names the word and the commands that were probably meant. nullopt: something else is wrong.
[[nodiscard]] std::optional<Error> unknown_command(
    const CLI::App& app, const std::vector<std::string>& words
);

}  // namespace farshore::cli
