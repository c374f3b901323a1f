#include "lab/dynamo/expression.h"

#include <array>
#include <utility>

#include "base/assert.h"

namespace farshore::lab::dynamo {

std::string to_text(const Path& path) {
    std::string out = "[";
    for (const PathStep& step : path) {
        out += out.size() > 1 ? ", " : "";
        if (const auto* name = std::get_if<std::string>(&step)) {
            out += *name;
        } else {
            out += "[" + std::to_string(std::get<std::size_t>(step)) + "]";
        }
    }
    return out + "]";
}

const std::string& top_name(const Path& path) {
    FARSHORE_ASSERT(!path.empty(), "a path has a first step");
    const auto* name = std::get_if<std::string>(&path.front());
    FARSHORE_ASSERT(name != nullptr, "a path begins with a name");
    return *name;
}

std::string_view symbol(Comparator comparator) {
    constexpr std::array<std::string_view, 6> kSymbols{"=", "<>", "<", "<=", ">", ">="};
    return kSymbols[static_cast<std::size_t>(std::to_underlying(comparator))];
}

std::vector<Path> UpdateExpression::paths() const {
    std::vector<Path> all;
    for (const SetAction& action : sets) {
        all.push_back(action.path);
    }
    all.insert(all.end(), removes.begin(), removes.end());
    for (const ElementAction& action : adds) {
        all.push_back(action.path);
    }
    for (const ElementAction& action : deletes) {
        all.push_back(action.path);
    }
    return all;
}

}  // namespace farshore::lab::dynamo
