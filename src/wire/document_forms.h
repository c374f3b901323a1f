#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/text.h"
#include "base/time.h"
#include "wire/document_fields.h"
#include "wire/json_reader.h"

// What the values of a document's fields look like, with their bounds. A form has
// read<Value>(reader, name, need), which notes what is wrong and then gives a default, and
// write(value).
namespace farshore::wire {

// Parsers everywhere agree on whole numbers up to the range of int64.
inline constexpr std::uint64_t kCountMax = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kNumberMin = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kMsMax =
    10LL * 365 * 24 * 3600 * 1000;                              // ten years: beyond it is nonsense
inline constexpr std::int64_t kUtcMsMax = 253'402'300'799'999;  // the end of the year 9999

// Not empty where it is required.
struct Text {
    std::size_t bytes_max;

    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return Value{in.text(name, bytes_max, need)};
    }

    [[nodiscard]] boost::json::value write(const std::string& text) const {
        return boost::json::value(text);
    }
};

// A text that may be empty, and may still have to be there.
struct AnyText {
    std::size_t bytes_max;

    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        if (need == Field::required && !in.has(name)) {
            in.wrong(name, "missing");
        }
        return in.text(name, bytes_max, Field::optional);
    }

    [[nodiscard]] boost::json::value write(const std::string& text) const {
        return boost::json::value(text);
    }
};

// Words for people, of any origin and length: the writer makes UTF-8 of them and cuts what the
// reader would refuse.
struct Words {
    std::size_t bytes_max;

    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return in.text(name, bytes_max, need);
    }

    [[nodiscard]] boost::json::value write(std::string_view text) const {
        return boost::json::value(as_utf8(text, bytes_max));
    }
};

// Of one line that a terminal may show.
struct Printable {
    std::size_t bytes_max;

    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return in.printable_text(name, bytes_max, need);
    }

    [[nodiscard]] boost::json::value write(const std::string& text) const {
        return boost::json::value(text);
    }
};

// A strong name, printable.
struct Id {
    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return in.id<Value>(name, need);
    }

    template <class Tag>
    [[nodiscard]] boost::json::value write(const Strong<Tag, std::string>& id) const {
        return boost::json::value(id.value());
    }
};

// The same, of the form that its kind has: where a name enters from outside.
struct Name : Id {
    template <class Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return in.name<Value>(name, need);
    }
};

struct Count {
    std::uint64_t max = kCountMax;

    template <std::unsigned_integral Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return static_cast<Value>(
            in.count(name, std::min<std::uint64_t>(max, std::numeric_limits<Value>::max()), need)
        );
    }

    [[nodiscard]] boost::json::value write(std::uint64_t count) const {
        return static_cast<std::int64_t>(std::min(count, kCountMax));
    }
};

struct Number {
    std::int64_t min;
    std::int64_t max;

    template <std::signed_integral Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        return static_cast<Value>(in.number(name, min, max, need));
    }

    [[nodiscard]] boost::json::value write(std::int64_t number) const { return number; }
};

struct Flag {
    template <std::same_as<bool>>
    [[nodiscard]] bool read(ObjectReader& in, std::string_view name, Field need) const {
        return in.flag(name, need);
    }

    [[nodiscard]] boost::json::value write(bool flag) const { return flag; }
};

struct EpochNumber {
    template <std::same_as<Epoch>>
    [[nodiscard]] Epoch read(ObjectReader& in, std::string_view name, Field need) const {
        return in.epoch(name, need);
    }

    [[nodiscard]] boost::json::value write(Epoch epoch) const {
        return Count{}.write(epoch.value());
    }
};

// A duration in milliseconds.
struct Ms {
    std::int64_t min = 0;
    std::int64_t max = kMsMax;

    template <std::same_as<Duration>>
    [[nodiscard]] Duration read(ObjectReader& in, std::string_view name, Field need) const {
        return std::chrono::milliseconds{in.number(name, min, max, need)};
    }

    [[nodiscard]] boost::json::value write(Duration duration) const { return to_ms(duration); }
};

// A wall time in milliseconds since 1970.
struct At {
    std::int64_t min = 0;
    std::int64_t max = kUtcMsMax;

    template <std::same_as<UtcTime>>
    [[nodiscard]] UtcTime read(ObjectReader& in, std::string_view name, Field need) const {
        return utc_from_ms(in.number(name, min, max, need));
    }

    [[nodiscard]] boost::json::value write(UtcTime time) const { return to_ms(time); }
};

// A word of an enumeration.
struct Word {
    template <class Enum>
    [[nodiscard]] Enum read(ObjectReader& in, std::string_view name, Field need) const {
        return need == Field::optional && !in.has(name) ? Enum{} : in.word<Enum>(name);
    }

    template <class Enum>
    [[nodiscard]] boost::json::value write(Enum word) const {
        return boost::json::value(to_string(word));
    }
};

// A document inside another.
struct Inside {
    template <Listed Value>
    [[nodiscard]] Value read(ObjectReader& in, std::string_view name, Field need) const {
        const boost::json::object* object = in.object(name, need);
        if (object == nullptr) {
            return {};
        }
        ObjectReader inside = in.inside(*object, name);
        return read_listed<Value>(inside);
    }

    template <Listed Value>
    [[nodiscard]] boost::json::value write(const Value& document) const {
        return to_json(document);
    }
};

template <class Form>
struct List {
    std::size_t length_max;
    Form form;

    template <class Values>
    [[nodiscard]] Values read(ObjectReader& in, std::string_view name, Field need) const {
        using Value = typename Values::value_type;
        Values out;
        const boost::json::array* list = in.array(name, length_max, need);
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const std::string place = std::string{name} + "[" + std::to_string(i) + "]";
            const boost::json::object* object = (*list)[i].if_object();
            if constexpr (std::same_as<Form, Inside>) {
                if (object == nullptr) {
                    in.wrong(place, "not an object");
                } else {
                    ObjectReader inside = in.inside(*object, place);
                    out.push_back(read_listed<Value>(inside));
                }
            } else {
                const boost::json::object alone{{place, (*list)[i]}};
                ObjectReader each = in.as_part(alone);
                out.push_back(form.template read<Value>(each, place, Field::required));
            }
        }
        return out;
    }

    template <class Values>
    [[nodiscard]] boost::json::value write(const Values& values) const {
        boost::json::array list;
        list.reserve(values.size());
        for (const auto& value : values) {
            list.push_back(form.write(value));
        }
        return list;
    }
};

template <class Form>
List(std::size_t, Form) -> List<Form>;

// An object whose members' names are values too, such as Regions: a list of pairs in its order.
struct Members {
    std::size_t length_max;

    template <class Pairs>
    [[nodiscard]] Pairs read(ObjectReader& in, std::string_view name, Field need) const {
        Pairs out;
        const boost::json::object* object = in.object(name, need);
        if (object == nullptr) {
            return out;
        }
        if (object->size() > length_max) {
            in.wrong(name, "more than " + std::to_string(length_max) + " entries");
            return out;
        }
        ObjectReader inside = in.inside(*object, name);
        for (const auto& [key, value] : *object) {
            using Value = typename Pairs::value_type::second_type;
            out.emplace_back(std::string{key}, Inside{}.read<Value>(inside, key, Field::required));
        }
        return out;
    }

    template <class Pairs>
    [[nodiscard]] boost::json::value write(const Pairs& pairs) const {
        boost::json::object object;
        for (const auto& [key, value] : pairs) {
            object[key] = to_json(value);
        }
        return object;
    }
};

// Missing means `value`, which is not the empty one.
template <class Form, class Value>
struct Otherwise {
    Form form;
    Value value;

    template <class Out>
    [[nodiscard]] Out read(ObjectReader& in, std::string_view name, Field /*need*/) const {
        return in.has(name) ? form.template read<Out>(in, name, Field::required) : Out{value};
    }

    [[nodiscard]] boost::json::value write(const auto& held) const { return form.write(held); }
};

template <class Form, class Value>
Otherwise(Form, Value) -> Otherwise<Form, Value>;

}  // namespace farshore::wire
