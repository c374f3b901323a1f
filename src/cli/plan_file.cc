#include "cli/plan_file.h"

#include <tuple>

#include <boost/json.hpp>

#include "base/text_file.h"
#include "cli/lab_directory.h"
#include "cli/output.h"
#include "wire/document_forms.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

constexpr TextFile kPlanFile{
    .what = "plan file", .remedy = "`farshore plan switchover --to REGION --out FILE` writes one"
};
constexpr unsigned kMode = 0600;
constexpr std::size_t kBytesMax = std::size_t{1} << 20U;

}  // namespace
}  // namespace farshore::cli

// The answer has more; these are what a change is asked for with.
template <>
inline constexpr auto farshore::wire::kFields<farshore::cli::LookedAt> = std::tuple{group(
    "plan",
    required("verb", &farshore::cli::LookedAt::verb, Word{}),
    required("app", &farshore::cli::LookedAt::app, Printable{ObjectReader::kIdBytesMax}),
    required("to", &farshore::cli::LookedAt::to, Printable{ObjectReader::kIdBytesMax}),
    required("levers", &farshore::cli::LookedAt::levers, List{core::kLeverNames.size(), Text{64}}),
    required("fingerprint", &farshore::cli::LookedAt::fingerprint, Printable{64})
)};

namespace farshore::cli {

Status write_plan_file(const std::string& path, const json::value& document) {
    return write_file(path, to_pretty_json(document), kMode);
}

Result<LookedAt> read_plan_file(const std::string& path) {
    const Result<std::string> text = read_text_file(path, kPlanFile);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<LookedAt> plan = wire::parse_document<LookedAt>(path, *text, kBytesMax);
    if (!plan) {
        plan.error().text += ": this is no plan that can be carried out";
        plan.error().remedy = kPlanFile.remedy;
    }
    return plan;
}

}  // namespace farshore::cli
