#pragma once

#include <cstddef>
#include <string_view>

#include <boost/json.hpp>

#include "base/printable.h"
#include "wire/document_forms.h"

// What is particular to documents that people's programs get from a controller
// (docs/decisions/0019-one-list-of-fields.md): words that are only shown are text, so that a
// command shows those of a later controller too; what a command decides by is typed.
namespace farshore::wire {

inline constexpr int kApiSchemaVersion = 1;
inline constexpr std::size_t kApiTextBytesMax = 1024 * 1024;
inline constexpr std::size_t kApiListMax = 1'000'000;
// Clocks of two machines are compared, so a span may be below zero.
inline constexpr Ms kSpan{.min = -kMsMax, .max = kMsMax};
inline constexpr List kDocuments{kApiListMax, Inside{}};

// Text of any origin. The reader makes it printable: it reaches a terminal.
struct Shown {
    std::size_t bytes_max = kApiTextBytesMax;

    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return printable(AnyText{bytes_max}.read<std::string>(in, name, need));
    }

    [[nodiscard]] boost::json::value write(std::string_view text) const {
        return boost::json::value(text);
    }
};

// A value of any kind but null, passed on as it is.
struct AnyJson {
    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        if (in.has(name)) {
            // In memory of its own: the document's may end with the reading.
            return boost::json::value(in.whole().at(name), boost::json::storage_ptr{});
        }
        if (need == Field::required) {
            in.wrong(name, "missing");
        }
        return nullptr;
    }

    [[nodiscard]] boost::json::value write(const boost::json::value& value) const { return value; }
};

// The version of the document's form. A later one only adds to it.
struct ApiVersionRow {
    static void read(ObjectReader& /*in*/, const auto& /*owner*/) {}

    static void write(boost::json::object& out, const auto& /*owner*/) {
        out["schema_version"] = kApiSchemaVersion;
    }
};

// The fields of an optional member that stand among those of its owner, or do not; the one of that
// name tells.
template <class Value>
struct FlatIfRow {
    std::string_view told_by;
    Value value;

    void read(ObjectReader& in, auto& owner) const {
        auto& part = std::invoke(value, owner);
        using Part = typename std::remove_reference_t<decltype(part)>::value_type;
        if (in.has(told_by)) {
            part = read_listed<Part>(in);
        }
    }

    void write(boost::json::object& out, const auto& owner) const {
        const auto& part = std::invoke(value, owner);
        if (part) {
            write_rows(out, kFields<std::remove_cvref_t<decltype(*part)>>, *part);
        }
    }
};

template <class Value>
constexpr FlatIfRow<Value> flat_if(std::string_view told_by, Value value) {
    return {told_by, value};
}

}  // namespace farshore::wire
