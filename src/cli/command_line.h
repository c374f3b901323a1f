#pragma once

#include <string>

#include "cli/context.h"

namespace farshore::cli {

// Every command and option of `farshore`. The command that is named sets `context.run`; `format`
// takes the word of -o. Both must outlive the app.
void add_commands(CLI::App& app, Context& context, std::string& format);

}  // namespace farshore::cli
