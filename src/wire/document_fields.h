#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/json.hpp>

#include "base/result.h"
#include "wire/json_reader.h"

// A JSON document as one list of its fields, from which its writer and its reader both come
// (docs/decisions/0019-one-list-of-fields.md).
//
//   template <>
//   inline constexpr auto kFields<HoldAck> =
//       std::tuple{required("in_flight", &HoldAck::in_flight, Count{})};
//
// The rows stand in the order in which the fields are written. A row has read(ObjectReader&,
// Owner&) and write(json::object&, const Owner&); what a value looks like is said by its form
// (document_forms.h). Pure; usable from any thread.
namespace farshore::wire {

struct NotListed {};

// The list of T's fields. Stands beside T, so that no file sees T without it.
template <class T>
inline constexpr NotListed kFields{};

template <class T>
concept Listed = !std::is_same_v<std::remove_cv_t<decltype(kFields<T>)>, NotListed>;

template <class Value>
concept Optional = requires(const Value& value) {
    value.has_value();
    typename Value::value_type;
};

// No value, no letter or element, zero. A struct never is.
template <class Value>
[[nodiscard]] constexpr bool is_empty(const Value& value) {
    if constexpr (Optional<Value>) {
        return !value.has_value();
    } else if constexpr (requires { value.empty(); }) {
        return value.empty();
    } else if constexpr (std::equality_comparable<Value>) {
        return value == Value{};
    } else {
        return false;
    }
}

enum class Presence {
    required,  // always written; an error where it is missing
    optional,  // always written, null where there is no value; missing means empty
    sparse,    // written unless it is empty; missing means empty
};

// One field. `value` leads from the document's struct to it: a pointer to a member, or a Path.
template <class Value, class Form>
struct FieldRow {
    std::string_view name;
    Value value;
    Form form;
    Presence presence;

    template <class Owner>
    void read(ObjectReader& in, Owner& owner) const {
        auto& out = std::invoke(value, owner);
        using Out = std::remove_reference_t<decltype(out)>;
        const Field need = presence == Presence::required ? Field::required : Field::optional;
        if constexpr (Optional<Out>) {
            if (in.has(name)) {
                out = form.template read<typename Out::value_type>(in, name, Field::required);
            } else {
                out.reset();
            }
        } else {
            out = form.template read<Out>(in, name, need);
        }
    }

    template <class Owner>
    void write(boost::json::object& out, const Owner& owner) const {
        const auto& held = std::invoke(value, owner);
        using Held = std::remove_cvref_t<decltype(held)>;
        if (presence == Presence::sparse && is_empty(held)) {
            return;
        }
        if constexpr (Optional<Held>) {
            out[name] = held ? boost::json::value(form.write(*held)) : boost::json::value(nullptr);
        } else {
            out[name] = form.write(held);
        }
    }
};

template <class Value, class Form>
constexpr auto required(std::string_view name, Value value, Form form) {
    return FieldRow<Value, Form>{name, value, form, Presence::required};
}

template <class Value, class Form>
constexpr auto optional(std::string_view name, Value value, Form form) {
    return FieldRow<Value, Form>{name, value, form, Presence::optional};
}

template <class Value, class Form>
constexpr auto sparse(std::string_view name, Value value, Form form) {
    return FieldRow<Value, Form>{name, value, form, Presence::sparse};
}

// To a member of a member.
template <class Outer, class Inner>
struct Path {
    Outer outer;
    Inner inner;

    constexpr auto& operator()(auto& owner) const {
        return std::invoke(inner, std::invoke(outer, owner));
    }
};

template <class Outer, class Inner>
constexpr Path<Outer, Inner> path(Outer outer, Inner inner) {
    return {outer, inner};
}

// A word that tells one document from another.
struct Says {
    std::string_view name;
    std::string_view word;

    void read(ObjectReader& in, const auto& /*owner*/) const {
        const std::string found = in.text(name, ObjectReader::kIdBytesMax);
        if (found != word) {
            in.wrong(name, "\"" + found + "\" where \"" + std::string{word} + "\" is expected");
        }
    }

    void write(boost::json::object& out, const auto& /*owner*/) const { out[name] = word; }
};

// What holds between several fields: rule(in, owner) says what is wrong, or completes what older
// writers left out. Stands behind the rows of which it speaks.
template <class Rule>
struct RuleRow {
    Rule rule;

    void read(ObjectReader& in, auto& owner) const { rule(in, owner); }

    void write(boost::json::object& /*out*/, const auto& /*owner*/) const {}
};

template <class Rule>
constexpr RuleRow<Rule> rule(Rule given) {
    return {given};
}

template <class... Rows, class Owner>
void read_rows(ObjectReader& in, const std::tuple<Rows...>& rows, Owner& owner) {
    std::apply([&](const Rows&... row) { (row.read(in, owner), ...); }, rows);
}

template <class... Rows, class Owner>
void write_rows(boost::json::object& out, const std::tuple<Rows...>& rows, const Owner& owner) {
    out.reserve(out.size() + sizeof...(Rows));
    std::apply([&](const Rows&... row) { (row.write(out, owner), ...); }, rows);
}

// The fields of a member that stand among those of its owner.
template <class Value>
struct FlatRow {
    Value value;

    template <class Owner>
    void read(ObjectReader& in, Owner& owner) const {
        auto& part = std::invoke(value, owner);
        read_rows(in, kFields<std::remove_reference_t<decltype(part)>>, part);
    }

    template <class Owner>
    void write(boost::json::object& out, const Owner& owner) const {
        const auto& part = std::invoke(value, owner);
        write_rows(out, kFields<std::remove_cvref_t<decltype(part)>>, part);
    }
};

template <class Value>
constexpr FlatRow<Value> flat(Value value) {
    return {value};
}

// Fields of the same struct that stand in an object of their own.
template <class Rows>
struct GroupRow {
    std::string_view name;
    Rows rows;

    void read(ObjectReader& in, auto& owner) const {
        if (const boost::json::object* object = in.object(name)) {
            ObjectReader inside = in.inside(*object, name);
            read_rows(inside, rows, owner);
        }
    }

    void write(boost::json::object& out, const auto& owner) const {
        boost::json::object object;
        write_rows(object, rows, owner);
        out[name] = std::move(object);
    }
};

template <class... Rows>
constexpr auto group(std::string_view name, Rows... rows) {
    return GroupRow<std::tuple<Rows...>>{name, {rows...}};
}

template <Listed T>
[[nodiscard]] boost::json::object to_json(const T& document) {
    boost::json::object out;
    write_rows(out, kFields<T>, document);
    return out;
}

// What is wrong is noted with its place; the value is good only when nothing was.
template <Listed T>
[[nodiscard]] T read_listed(ObjectReader& in) {
    T document{};
    read_rows(in, kFields<T>, document);
    return document;
}

// Errors: malformed, in the context of `what`, with the place of each field that is wrong.
template <Listed T>
[[nodiscard]] Result<T> document_from(std::string_view what, const boost::json::object& object) {
    JsonTrouble trouble;
    ObjectReader in(object, "", trouble);
    T document = read_listed<T>(in);
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(in_context(what, status.error()));
    }
    return document;
}

// The same of a text; malformed also when it is longer than that, or no JSON object.
template <Listed T>
[[nodiscard]] Result<T> parse_document(
    std::string_view what, std::string_view text, std::size_t bytes_max
) {
    JsonArena arena;
    const Result<boost::json::object> object = parse_json_object(text, bytes_max, arena.storage());
    if (!object) {
        return std::unexpected(in_context(what, object.error()));
    }
    return document_from<T>(what, *object);
}

}  // namespace farshore::wire
