#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace farshore::cli {

// Every command and option of `farshore`. The command that is named sets `context.run`; `format`
// takes the word of -o. Both must outlive the app.
void add_commands(CLI::App& app, Context& context, std::string& format);

// Lets parsing go on where the check of an option's value fails, or a value is empty, so that one
// run tells all of them: each complaint is added to `complaints`, which must outlive the app.
void collect_complaints(CLI::App& app, std::vector<std::string>& complaints);

}  // namespace farshore::cli
