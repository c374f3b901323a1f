#pragma once

#include <string>

#include "cli/demo_books.h"
#include "cli/demo_files.h"
#include "cli/demo_plots.h"
#include "cli/demo_story.h"
#include "cli/demo_world.h"

// The end of a story: its record completed, its report written and shown.
namespace farshore::cli {

// What is the same for every story of that plot, and what its world promises.
void identify(
    drill::StoryRecord& record,
    const DemoOptions& options,
    const Plot& plot,
    const DemoRegions& regions
);

// Prints the table, writes report.json and report.html. Gives the exit status.
[[nodiscard]] int publish(const drill::StoryRecord& record, const DemoFiles& files);

}  // namespace farshore::cli
