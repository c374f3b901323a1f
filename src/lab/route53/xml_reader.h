#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "lab/route53/api_error.h"

namespace farshore::lab::route53 {

// Reads one element's children by name. The first thing that is wrong is kept, and the getters go
// on giving empty values: check status() at the end.
class ElementReader {
  public:
    ElementReader(pugi::xml_node node, std::optional<Error>& failure)
        : node_(node), failure_(failure) {}

    // Only these children may be there, each at most once.
    void allow(std::initializer_list<std::string_view> names);

    [[nodiscard]] bool has(const char* name) const { return !node_.child(name).empty(); }

    [[nodiscard]] std::optional<std::string> text(const char* name);
    [[nodiscard]] std::string required(const char* name);
    [[nodiscard]] std::optional<std::int64_t> whole(const char* name);
    [[nodiscard]] std::optional<bool> truth(const char* name);
    // The texts of <list><item>..</item>...</list>; nullopt: no such list.
    [[nodiscard]] std::optional<std::vector<std::string>> list(
        const char* name, std::string_view item
    );

    [[nodiscard]] ElementReader child(const char* name) { return {node_.child(name), failure_}; }

    [[nodiscard]] std::vector<ElementReader> children(const char* list, std::string_view item);

    template <class Enum>
    [[nodiscard]] std::optional<Enum> word(const char* name) {
        const auto value = text(name);
        if (!value) {
            return std::nullopt;
        }
        const auto known = enum_from<Enum>(*value);
        if (!known) {
            refuse("InvalidInput", "Invalid value '" + *value + "' of " + name);
        }
        return known;
    }

    void refuse(std::string_view code, std::string text);

  private:
    pugi::xml_node node_;
    std::optional<Error>& failure_;
};

}  // namespace farshore::lab::route53
