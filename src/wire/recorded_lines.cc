#include "wire/recorded_lines.h"

#include <array>
#include <charconv>
#include <concepts>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

#include <boost/json.hpp>

#include "base/json_text.h"
#include "wire/recording.h"
#include "wire/recording_fields.h"

namespace farshore::wire {

namespace json = boost::json;

namespace {

// What each agent sends at least twice a second, and what all of them send at once in an operation.
// The values of a packed line stand in the order of their rows: a row that is new stands behind the
// others, and is not required.
template <class Document>
concept Packed =
    std::same_as<Document, core::Observation> || std::same_as<Document, core::AgentReported> ||
    std::same_as<Document, core::AgentsAcked> || std::same_as<Document, core::LeaseGranted>;

// In front of the values: the kind, and how long after the line before, by both clocks.
constexpr std::size_t kValuesFrom = 3;

// So that a damaged file cannot make a sum too large.
std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

class RecordedWriter::Packing {
  public:
    Packing(std::string& out, Names& names) : out_(out), names_(names) {}

    void number(std::int64_t number) {
        std::array<char, 20> digits{};
        const auto [end, error] =
            std::to_chars(digits.data(), digits.data() + digits.size(), number);
        out_.append(digits.data(), end);
    }

    // Its number, from 1 on.
    void name(std::string_view name) {
        if (const auto known = names_.find(name); known != names_.end()) {
            number(static_cast<std::int64_t>(known->second));
            return;
        }
        append_json_text(out_, name);
        if (names_.size() < kRecordedNamesMax) {
            names_.emplace(name, names_.size() + 1);
        }
    }

    // Empty ones at the end are left out.
    template <class Document>
    void values(const Document& document) {
        std::size_t end = out_.size();
        const auto write = [&](const auto& row) {
            const auto& held = std::invoke(row.value, document);
            out_ += ',';
            if (row.presence != Presence::required && is_empty(held)) {
                out_ += Optional<std::remove_cvref_t<decltype(held)>> ? "null" : "0";
                return;
            }
            if constexpr (Optional<std::remove_cvref_t<decltype(held)>>) {
                put(row.form, *held);
            } else {
                put(row.form, held);
            }
            end = out_.size();
        };
        std::apply([&](const auto&... row) { (write(row), ...); }, kFields<Document>);
        out_.resize(end);
    }

  private:
    void put(const Id& /*form*/, const auto& id) { name(id.value()); }

    void put(const Word& /*form*/, auto word) { name(to_string(word)); }

    void put(const Words& form, std::string_view text) {
        append_json_text(out_, as_utf8(text, form.bytes_max));
    }

    void put(const Count& form, std::uint64_t count) { number(form.write(count).as_int64()); }

    void put(const EpochNumber& /*form*/, Epoch epoch) {
        number(static_cast<std::int64_t>(epoch.value()));
    }

    void put(const Ns& form, auto value) { number(form.write(value).as_int64()); }

    void put(const Flag& /*form*/, bool flag) { out_ += flag ? "true" : "false"; }

    // A value in front, because each other one has a comma before it.
    template <Listed Document>
    void put(const Inside& /*form*/, const Document& document) {
        out_ += "[0";
        values(document);
        out_ += ']';
    }

    void put(const List<Inside>& form, const auto& documents) {
        out_ += "[0";
        for (const auto& document : documents) {
            out_ += ',';
            put(form.form, document);
        }
        out_ += ']';
    }

    std::string& out_;
    Names& names_;
};

void RecordedWriter::write(
    std::string& out, core::Now now, const core::Input& input, const core::Decided& decided
) {
    const core::Now before = std::exchange(before_, now);
    const auto pack = [&](const auto& document) {
        if constexpr (Packed<std::remove_cvref_t<decltype(document)>>) {
            Packing packing(out, names_);
            out += '[';
            packing.name(name_of(input));
            out += ',';
            packing.number((now.at - before.at).count());
            out += ',';
            packing.number((now.wall - before.wall).count());
            packing.values(document);
            out += "]\n";
            return true;
        } else {
            return false;
        }
    };
    const auto* event = std::get_if<core::Event>(&input);
    const bool packed = decided.is_nothing() &&
                        (event != nullptr ? std::visit(pack, *event) : std::visit(pack, input));
    if (!packed) {
        out += serialize(core::Recorded{.now = now, .input = input, .decided = decided});
        out += '\n';
    }
}

// Gives the values of a packed line their names back. What does not fit stays as it is, so that the
// reader of the document refuses it with its place.
class RecordedReader::Unpacking {
  public:
    explicit Unpacking(std::vector<std::string>& names) : names_(names) {}

    json::value name(const json::value& value) {
        if (const json::string* spelled = value.if_string()) {
            if (names_.size() < kRecordedNamesMax) {
                names_.emplace_back(*spelled);
            }
            return value;
        }
        const std::int64_t* number = value.if_int64();
        const bool known =
            number != nullptr && *number >= 1 && std::cmp_less_equal(*number, names_.size());
        return known ? json::value(names_[static_cast<std::size_t>(*number) - 1]) : value;
    }

    template <class Document>
    json::object named(const json::array& values, std::size_t from) {
        json::object object;
        const auto read = [&](const auto& row) {
            using Held =
                std::remove_cvref_t<decltype(std::invoke(row.value, std::declval<const Document&>())
                )>;
            if (from == values.size()) {
                return;
            }
            const json::value& value = values[from++];
            const bool empty = row.presence != Presence::required && !Optional<Held> && value == 0;
            if (!empty && !value.is_null()) {
                object[row.name] = get<Held>(row.form, value);
            }
        };
        std::apply([&](const auto&... row) { (read(row), ...); }, kFields<Document>);
        return object;
    }

  private:
    template <class Held, class Form>
    json::value get(const Form& form, const json::value& value) {
        if constexpr (std::same_as<Form, Id> || std::same_as<Form, Word>) {
            return name(value);
        } else if constexpr (std::same_as<Form, Inside>) {
            const json::array* inside = value.if_array();
            return inside != nullptr ? json::value(named<Held>(*inside, 1)) : value;
        } else if constexpr (std::same_as<Form, List<Inside>>) {
            json::array documents;
            const json::array* list = value.if_array();
            for (std::size_t i = 1; list != nullptr && i < list->size(); ++i) {
                documents.push_back(get<typename Held::value_type>(form.form, (*list)[i]));
            }
            return list != nullptr ? json::value(std::move(documents)) : value;
        } else {
            return value;
        }
    }

    std::vector<std::string>& names_;
};

Result<core::Recorded> RecordedReader::read(std::string_view line) {
    constexpr std::string_view kWhat = "line of a recording";
    Result<json::value> parsed = parse_json(line, kRecordingLineBytesMax);
    if (!parsed) {
        return std::unexpected(in_context(kWhat, parsed.error()));
    }
    json::object object;
    if (json::object* named = parsed->if_object()) {
        object = std::move(*named);
    } else if (const json::array* packed = parsed->if_array();
               packed != nullptr && packed->size() >= kValuesFrom) {
        Unpacking unpacking(names_);
        const json::value kind = unpacking.name((*packed)[0]);
        const auto take = [&]<Packed Document>(const Document& like) {
            const std::string_view word = name_of(core::Input{like});
            if (kind == json::value(word)) {
                object[word] = unpacking.named<Document>(*packed, kValuesFrom);
            }
        };
        take(core::Observation{});
        take(core::AgentReported{});
        take(core::AgentsAcked{});
        take(core::LeaseGranted{});
        const auto later = [&](std::size_t at, std::int64_t before) {
            const std::int64_t* by = (*packed)[at].if_int64();
            return by != nullptr ? json::value(sum(before, *by)) : json::value(nullptr);
        };
        object["at_ns"] = later(1, before_.at.time_since_epoch().count());
        object["wall_ms"] = later(2, to_ms(before_.wall));
    } else {
        return fail(
            ErrorKind::malformed, std::string{kWhat} + ": neither an object nor a packed line"
        );
    }
    Result<core::Recorded> recorded = recorded_from(object);
    if (recorded) {
        before_ = recorded->now;
    }
    return recorded;
}

}  // namespace farshore::wire
