#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "wire/agent_protocol.h"
#include "wire/json_reader.h"

// What the messages of the agent protocol are made of: numbers, times, words, keys. For the files
// agent_protocol*.cc only.
namespace farshore::wire {

namespace json = boost::json;

inline constexpr std::uint64_t kCountMax = std::numeric_limits<std::int64_t>::max();

[[nodiscard]] json::string text_of(std::string_view text);
// Words for people, of any origin and length, as the peer takes them: at most kTextBytesMax bytes
// of UTF-8.
[[nodiscard]] json::string words_of(std::string_view text);

template <class Enum>
[[nodiscard]] json::string word(Enum value) {
    return text_of(to_string(value));
}

// The JSON number of a count: parsers everywhere agree up to the range of int64.
[[nodiscard]] std::int64_t number_of(std::uint64_t count);
[[nodiscard]] std::int64_t number_of(Epoch epoch);

[[nodiscard]] Duration ms_of(ObjectReader& in, std::string_view name, Field need = Field::required);
[[nodiscard]] UtcTime at_of(ObjectReader& in, std::string_view name, Field need = Field::required);

[[nodiscard]] json::object write(const ProtocolRange& range);
[[nodiscard]] ProtocolRange read_range(ObjectReader& in, JsonTrouble& trouble);

void expect_type(ObjectReader& in, std::string_view type);

// "None" is written out: a reader takes a field that is missing for "not said".
void write_to(json::object& out, const std::optional<UnknownOutcomes>& unknown);
[[nodiscard]] std::optional<UnknownOutcomes> read_unknown(ObjectReader& in, JsonTrouble& trouble);

[[nodiscard]] json::object write(const LedgerEntry& entry);
[[nodiscard]] LedgerEntry read_ledger_entry(
    const json::object& object, std::string where, JsonTrouble& trouble
);

// Reads one document with `read(ObjectReader&, JsonTrouble&)`.
template <class Message, class Read>
Result<Message> parse_with(
    std::string_view what, std::string_view text, std::size_t bytes_max, Read read
) {
    const Result<json::object> object = parse_json_object(text, bytes_max);
    if (!object) {
        return std::unexpected(in_context(what, object.error()));
    }
    JsonTrouble trouble;
    ObjectReader in(*object, "", trouble);
    Message message = read(in, trouble);
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(in_context(what, status.error()));
    }
    return message;
}

}  // namespace farshore::wire
