#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

#include <boost/json.hpp>

#include "wire/agent_protocol_fields.h"
#include "wire/answer_documents.h"
#include "wire/document_forms.h"
#include "wire/joining_fields.h"
#include "wire/journal_fields.h"
#include "wire/recording_fields.h"
#include "wire/request_documents.h"
#include "wire/status_document.h"

// For tests: from a document's list of fields a document with a value in each of them, and for each
// field a value that its form refuses. A new form or row has no sample, and does not compile before
// it gets one.
namespace farshore::wire::samples {

template <Listed T>
[[nodiscard]] T document();

template <class Form>
concept OfText = requires(const Form& form) { form.bytes_max; };
template <class Form>
concept OfNumber = requires(const Form& form) { form.max; };
template <class Form>
concept OfList = requires(const Form& form) { form.length_max; };

template <class Form>
concept OfPairs = requires(const Form& form) { form.first_form; };

template <class Value, class Form>
[[nodiscard]] Value value(const Form& form) {
    if constexpr (std::same_as<Value, AppId> || std::same_as<Value, HostId>) {
        return Value{"web-1"};
    } else if constexpr (std::same_as<Value, RegionId>) {
        return Value{"us-east-1"};
    } else if constexpr (OfText<Form> || std::derived_from<Form, Id>) {
        return Value{"w1"};
    } else if constexpr (std::same_as<Form, Word>) {
        return static_cast<Value>(names_of(Value{}).size() - 1);
    } else if constexpr (std::same_as<Form, Flag>) {
        return true;
    } else if constexpr (std::same_as<Form, EpochNumber>) {
        return Epoch{3};
    } else if constexpr (std::same_as<Form, Ms>) {
        return std::chrono::milliseconds{std::min<std::int64_t>(form.max, 1'500)};
    } else if constexpr (std::same_as<Form, At>) {
        return utc_from_ms(1'700'000'000'123);
    } else if constexpr (std::same_as<Form, Ns>) {
        return Value{Duration{1'500'000'007}};
    } else if constexpr (OfPairs<Form>) {
        using Pair = typename Value::value_type;
        return {
            {value<std::remove_const_t<typename Pair::first_type>>(form.first_form),
             value<typename Pair::second_type>(form.second_form)}
        };
    } else if constexpr (OfNumber<Form>) {
        return Value{1};
    } else if constexpr (std::same_as<Form, Inside>) {
        return document<Value>();
    } else if constexpr (std::same_as<Form, Members>) {
        using Key = typename Value::value_type::first_type;
        using Each = typename Value::value_type::second_type;
        return {{Key{"us-east-1"}, document<Each>()}, {Key{"eu-west-1"}, document<Each>()}};
    } else if constexpr (std::same_as<Form, LedgerKey>) {
        return R"({"id":{"S":"cart-7"}})";
    } else if constexpr (std::same_as<Form, LedgerEntries>) {
        return {document<LedgerEntry>()};
    } else if constexpr (std::same_as<Form, AnyJson>) {
        return Value("k");
    } else if constexpr (std::same_as<Form, JsonObject>) {
        return {{"id", 7}};
    } else if constexpr (requires { form.value; }) {
        return value<Value>(form.form);
    } else {
        return {value<typename Value::value_type>(form.form)};
    }
}

template <class Form>
[[nodiscard]] boost::json::value refused(const Form& form) {
    if constexpr (OfText<Form>) {
        return boost::json::value(std::string(form.bytes_max + 1, 'x'));
    } else if constexpr (std::derived_from<Form, Id>) {
        return boost::json::value(std::string(ObjectReader::kIdBytesMax + 1, 'x'));
    } else if constexpr (std::same_as<Form, EpochNumber>) {
        return kEpochMax.value() + 1;
    } else if constexpr (OfNumber<Form>) {
        return static_cast<std::uint64_t>(form.max) + 1;
    } else if constexpr (OfList<Form>) {
        return boost::json::array(form.length_max + 1);
    } else if constexpr (std::same_as<Form, LedgerEntries>) {
        return boost::json::array(kLedgerEntriesMax + 1);
    } else if constexpr (std::same_as<Form, AnyJson>) {
        return nullptr;  // the one value that it is not
    } else if constexpr (requires { form.value; }) {
        return refused(form.form);
    } else {
        return "no such word";  // no flag and no object either
    }
}

// Members that no field of their own leads to.
inline void fill_rest(const auto& /*owner*/) {}

inline void fill_rest(Order& order) {
    order.body = document<RouteOrder>();
}

inline void fill_rest(Ack& ack) {
    ack.body = document<FenceAck>();
}

inline void fill_rest(FenceAck& ack) {
    ack.truncated = true;
}

inline void fill_rest(Report& report) {
    report.client_keys_required = false;
}

inline void fill_rest(JoinRequest& request) {
    request.digest = std::string(kDigestHexBytes, 'a');
}

template <class Row, class Owner>
void fill(const Row& row, Owner& owner) {
    if constexpr (requires { row.presence; }) {
        auto& held = std::invoke(row.value, owner);
        using Held = std::remove_reference_t<decltype(held)>;
        if constexpr (Optional<Held>) {
            held = value<typename Held::value_type>(row.form);
        } else {
            held = value<Held>(row.form);
        }
    } else if constexpr (requires { row.rows; }) {
        std::apply([&](const auto&... inner) { (fill(inner, owner), ...); }, row.rows);
    } else if constexpr (requires { row.value; }) {
        auto& part = std::invoke(row.value, owner);
        using Part = std::remove_reference_t<decltype(part)>;
        if constexpr (Optional<Part>) {
            part = document<typename Part::value_type>();
        } else {
            part = document<Part>();
        }
    }
}

template <Listed T>
T document() {
    T filled{};
    std::apply([&](const auto&... row) { (fill(row, filled), ...); }, kFields<T>);
    fill_rest(filled);
    return filled;
}

}  // namespace farshore::wire::samples
