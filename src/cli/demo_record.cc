#include "cli/demo_record.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/version.h"
#include "cli/context.h"

#include "drill/report.h"

namespace farshore::cli {

namespace json = boost::json;

void identify(
    drill::StoryRecord& record,
    const DemoOptions& options,
    const Plot& plot,
    const DemoRegions& regions
) {
    record.id = "demo-" + to_amz_date(record.started);
    record.story = plot.name;
    record.title = plot.title;
    record.version = kVersion;
    record.seed = options.seed;
    record.rate = options.rate;
    record.preferred = regions.preferred;
    record.standby = regions.standby;
    record.configuration_hash = regions.configuration_hash;
    record.objectives.rto = regions.rto;
    record.objectives.rpo = regions.rpo;
}

int publish(const drill::StoryRecord& record, const DemoFiles& files) {
    const json::object document = drill::report_document(record);
    fmt::print("\n{}\n", folded_for_people(drill::report_table(document), 36));
    const Status written = drill::write_report(document, files.directory);
    if (!written) {
        print_error(written.error());
        return kFailed;
    }
    fmt::print(
        "report: {}/report.json\n        {}/report.html\n", files.directory, files.directory
    );
    std::fflush(stdout);
    if (drill::passed(document)) {
        return kDone;
    }
    if (!record.interrupted.empty()) {
        return kInconclusive;
    }
    return record.ended_badly.empty() ? kObjectiveMissed : kFailed;
}

}  // namespace farshore::cli
