#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/names.h"
#include "base/result.h"

// Strict reading of JSON documents: types and bounds are checked, unknown fields are ignored, and
// what is wrong is remembered with its place ("evidence[3].ok: not a whole number").
namespace farshore::wire {

// Memory for one document that is read into a struct and let go: its parts are freed together, and
// those of a small one are never asked of the heap. Outlives what was parsed into it.
class JsonArena {
  public:
    JsonArena() : resource_(first_.data(), first_.size()) {}

    [[nodiscard]] boost::json::storage_ptr storage() { return &resource_; }

  private:
    // Of a report of an agent; a larger document takes the rest from the heap. Left as it is: each
    // byte is written before it is read.
    std::array<unsigned char, std::size_t{16} * 1024> first_;  // NOLINT(*-member-init)
    boost::json::monotonic_resource resource_;
};

// One document of at most `bytes_max` bytes, nested at most 128 deep. Errors: malformed.
[[nodiscard]] Result<boost::json::value> parse_json(
    std::string_view text, std::size_t bytes_max, boost::json::storage_ptr storage = {}
);
// The same, and the document must be an object.
[[nodiscard]] Result<boost::json::object> parse_json_object(
    std::string_view text, std::size_t bytes_max, boost::json::storage_ptr storage = {}
);

// Remembers what is wrong in a document while its parts are read, so that its writer sees all of it
// at once. Bounded.
class JsonTrouble {
  public:
    void note(std::string_view text);

    [[nodiscard]] bool any() const { return count_ > 0; }

    // Errors: malformed, with one text after the other.
    [[nodiscard]] Status status() const;

  private:
    std::string texts_;
    std::size_t count_ = 0;
};

enum class Field { required, optional };

// Reads the fields of one object. After an error every read gives a default, so a message is read
// in one go and judged at the end. The object and the trouble must outlive the reader.
class ObjectReader {
  public:
    ObjectReader(const boost::json::object& object, std::string where, JsonTrouble& trouble);

    [[nodiscard]] std::string text(
        std::string_view name, std::size_t bytes_max, Field need = Field::required
    );
    [[nodiscard]] std::uint64_t count(
        std::string_view name, std::uint64_t max, Field need = Field::required
    );
    [[nodiscard]] std::int64_t number(
        std::string_view name, std::int64_t min, std::int64_t max, Field need = Field::required
    );
    [[nodiscard]] bool flag(std::string_view name, Field need = Field::required);
    // nullptr: absent or null (allowed only when optional), or wrong.
    [[nodiscard]] const boost::json::object* object(
        std::string_view name, Field need = Field::required
    );
    [[nodiscard]] const boost::json::array* array(
        std::string_view name, std::size_t length_max, Field need = Field::required
    );

    // Of one line that a terminal may show.
    template <class Id>
    [[nodiscard]] Id id(std::string_view name, Field need = Field::required) {
        return Id{printable_text(name, kIdBytesMax, need)};
    }

    [[nodiscard]] std::string printable_text(
        std::string_view name, std::size_t bytes_max, Field need = Field::required
    );

    // The same, of the form that its kind has (base/names.h): where a name enters from outside.
    template <class Id>
    [[nodiscard]] Id name(std::string_view field, Field need = Field::required) {
        Id read = id<Id>(field, need);
        if (!read.value().empty()) {
            check(field, check_name(read));
        }
        return read;
    }

    [[nodiscard]] Epoch epoch(std::string_view name, Field need = Field::required);

    template <class Enum>
    [[nodiscard]] Enum word(std::string_view name) {
        const std::string spelled = text(name, kIdBytesMax);
        const std::optional<Enum> value = enum_from<Enum>(spelled);
        if (!value) {
            wrong(name, "unknown word \"" + spelled + "\"");
        }
        return value.value_or(Enum{});
    }

    [[nodiscard]] bool has(std::string_view name) const;
    void wrong(std::string_view name, std::string_view what);
    [[nodiscard]] std::string place(std::string_view name) const;

    [[nodiscard]] const boost::json::object& whole() const { return *object_; }

    // Of an object that stands in this one under that name.
    [[nodiscard]] ObjectReader inside(const boost::json::object& object, std::string_view name)
        const {
        return {object, place(name), *trouble_};
    }

    // Of another object, as if its fields stood in this one.
    [[nodiscard]] ObjectReader as_part(const boost::json::object& object) const {
        return {object, where_, *trouble_};
    }

    static constexpr std::size_t kIdBytesMax = 256;

  private:
    [[nodiscard]] const boost::json::value* find(std::string_view name, Field need);
    void check(std::string_view name, const Status& form);

    const boost::json::object* object_;
    std::string where_;
    JsonTrouble* trouble_;
};

}  // namespace farshore::wire
