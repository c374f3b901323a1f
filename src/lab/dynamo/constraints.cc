#include "lab/dynamo/constraints.h"

#include <algorithm>

#include <boost/json.hpp>

namespace farshore::lab::dynamo {

bool is_resource_name(std::string_view name) {
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    });
}

void Constraints::add(std::string_view value, const std::string& where, const std::string& rule) {
    broken_.push_back(
        "Value '" + std::string{value} + "' at '" + where +
        "' failed to satisfy constraint: Member must " + rule
    );
}

void Constraints::length(
    const Json* text, const std::string& where, std::size_t least, std::size_t most
) {
    if (text == nullptr || !text->is_string()) {
        return;
    }
    const std::string_view value = text->get_string();
    if (value.size() < least) {
        add(value, where, "have length greater than or equal to " + std::to_string(least));
    } else if (value.size() > most) {
        add(value, where, "have length less than or equal to " + std::to_string(most));
    }
}

void Constraints::name_pattern(const Json* text, const std::string& where) {
    if (text != nullptr && text->is_string() && !is_resource_name(text->get_string())) {
        add(text->get_string(), where, "satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    }
}

std::optional<ServiceError> Constraints::broken() const {
    if (broken_.empty()) {
        return std::nullopt;
    }
    std::string text = std::to_string(broken_.size()) + " validation error" +
                       (broken_.size() == 1 ? "" : "s") + " detected: ";
    for (const std::string& each : broken_) {
        text += (&each == &broken_.front() ? "" : "; ") + each;
    }
    return validation(std::move(text));
}

}  // namespace farshore::lab::dynamo
