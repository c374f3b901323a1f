#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace farshore::dataplane {

// What one PartiQL statement does to one item, as far as the statement itself tells.
struct PartiqlWrite {
    enum class Kind : std::uint8_t { reads, inserts, updates, removes };
    Kind kind = Kind::reads;
    std::string table;
    // Attributes whose values are told: of the new item, or those that the condition fixes. The key
    // is among them when DynamoDB accepted the statement and it has the plain form.
    boost::json::object attributes;
    // Carried out twice it leaves what it leaves once, and is answered the same. An update does
    // when it sets plain values and removes attributes, a removal always, both for one term of
    // equality; an insertion never: the second time it is a duplicate.
    bool repeatable = true;
};

// Reads the plain forms, with literals or parameters:
//
//   INSERT INTO "t" VALUE {'id': 'x', 'n': ?}
//   UPDATE "t" SET a = 1 REMOVE b WHERE id = 'x' AND n = 5 AND …
//   DELETE FROM "t" WHERE id = ?
//
// nullopt: of another form, so that it is unknown what it writes. `parameters` is the request's
// member of that name, null when there is none.
[[nodiscard]] std::optional<PartiqlWrite> read_partiql(
    std::string_view statement, const boost::json::array* parameters
);

}  // namespace farshore::dataplane
