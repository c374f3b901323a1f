#include "cli/plan_file.h"

#include <boost/json.hpp>

#include "base/text_file.h"
#include "cli/lab_directory.h"
#include "cli/output.h"
#include "wire/json_reader.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

constexpr TextFile kPlanFile{
    .what = "plan file", .remedy = "`farshore plan switchover --to REGION --out FILE` writes one"
};
constexpr unsigned kMode = 0600;
constexpr std::size_t kBytesMax = std::size_t{1} << 20U;

}  // namespace

Status write_plan_file(const std::string& path, const json::value& document) {
    return write_file(path, to_pretty_json(document), kMode);
}

Result<LookedAt> read_plan_file(const std::string& path) {
    const Result<std::string> text = read_text_file(path, kPlanFile);
    if (!text) {
        return std::unexpected(text.error());
    }
    const Result<json::object> parsed = wire::parse_json_object(*text, kBytesMax);
    if (!parsed) {
        return std::unexpected(in_context(path, parsed.error()));
    }
    const json::value document = *parsed;
    LookedAt plan{
        .verb = text_at(document, "plan/verb"),
        .app = text_at(document, "plan/app"),
        .to = text_at(document, "plan/to"),
        .levers = {},
        .fingerprint = text_at(document, "plan/fingerprint")
    };
    if (const json::value* body = value_at(document, "plan")) {
        for (const json::value& lever : list_at(*body, "levers")) {
            if (const json::string* name = lever.if_string()) {
                plan.levers.emplace_back(name->data(), name->size());
            }
        }
    }
    for (const auto& [name, value] :
         {std::pair{"verb", plan.verb},
          {"app", plan.app},
          {"to", plan.to},
          {"fingerprint", plan.fingerprint}}) {
        if (value.empty()) {
            return fail(
                ErrorKind::malformed,
                path + ": this is no plan that can be carried out: it has no `plan." + name + "`",
                std::string{kPlanFile.remedy}
            );
        }
    }
    return plan;
}

}  // namespace farshore::cli
