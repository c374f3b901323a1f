#include "wire/json_reader.h"

#include <limits>
#include <utility>

#include "base/printable.h"

namespace farshore::wire {

namespace json = boost::json;

namespace {

constexpr std::size_t kDepthMax = 128;
constexpr std::size_t kTextsMax = 20;

}  // namespace

Result<json::value> parse_json(
    std::string_view text, std::size_t bytes_max, json::storage_ptr storage
) {
    if (text.size() > bytes_max) {
        return fail(
            ErrorKind::malformed,
            "the document has " + std::to_string(text.size()) + " bytes, more than the " +
                std::to_string(bytes_max) + " allowed"
        );
    }
    json::parse_options options;
    options.max_depth = kDepthMax;
    boost::system::error_code error;
    json::value value = json::parse(
        json::string_view{text.data(), text.size()}, error, std::move(storage), options
    );
    if (error) {
        return fail(ErrorKind::malformed, "not JSON: " + error.message());
    }
    return value;
}

Result<json::object> parse_json_object(
    std::string_view text, std::size_t bytes_max, json::storage_ptr storage
) {
    Result<json::value> value = parse_json(text, bytes_max, std::move(storage));
    if (!value) {
        return std::unexpected(std::move(value.error()));
    }
    if (!value->is_object()) {
        return fail(ErrorKind::malformed, "the document is not an object");
    }
    return std::move(value->as_object());
}

void JsonTrouble::note(std::string_view text) {
    if (count_ < kTextsMax) {
        texts_ += (count_ == 0 ? "" : "; ") + printable(text);
    }
    ++count_;
}

Status JsonTrouble::status() const {
    if (count_ == 0) {
        return {};
    }
    const std::string more =
        count_ > kTextsMax ? "; and " + std::to_string(count_ - kTextsMax) + " more" : "";
    return fail(ErrorKind::malformed, texts_ + more);
}

ObjectReader::ObjectReader(const json::object& object, std::string where, JsonTrouble& trouble)
    : object_(&object), where_(std::move(where)), trouble_(&trouble) {}

std::string ObjectReader::place(std::string_view name) const {
    return where_.empty() ? std::string{name} : where_ + "." + std::string{name};
}

void ObjectReader::wrong(std::string_view name, std::string_view what) {
    trouble_->note(place(name) + ": " + std::string{what});
}

bool ObjectReader::has(std::string_view name) const {
    const auto* found = object_->if_contains(json::string_view{name.data(), name.size()});
    return found != nullptr && !found->is_null();
}

const json::value* ObjectReader::find(std::string_view name, Field need) {
    const json::value* found = object_->if_contains(json::string_view{name.data(), name.size()});
    if (found == nullptr || found->is_null()) {
        if (need == Field::required) {
            wrong(name, "missing");
        }
        return nullptr;
    }
    return found;
}

void ObjectReader::check(std::string_view name, const Status& form) {
    if (!form) {
        wrong(name, form.error().text + ": " + form.error().remedy);
    }
}

std::string ObjectReader::text(std::string_view name, std::size_t bytes_max, Field need) {
    const json::value* found = find(name, need);
    if (found == nullptr) {
        return {};
    }
    const json::string* string = found->if_string();
    if (string == nullptr) {
        wrong(name, "not a string");
        return {};
    }
    if (string->size() > bytes_max) {
        wrong(name, "longer than " + std::to_string(bytes_max) + " bytes");
        return {};
    }
    if (need == Field::required && string->empty()) {
        wrong(name, "empty");
        return {};
    }
    return std::string{string->data(), string->size()};
}

std::string ObjectReader::printable_text(std::string_view name, std::size_t bytes_max, Field need) {
    std::string read = text(name, bytes_max, need);
    if (printable(read) != read) {
        wrong(name, "has control characters");
        return {};
    }
    return read;
}

std::int64_t ObjectReader::number(
    std::string_view name, std::int64_t min, std::int64_t max, Field need
) {
    const json::value* found = find(name, need);
    if (found == nullptr) {
        return min > 0 ? min : 0;
    }
    std::int64_t value = 0;
    if (const auto* as_signed = found->if_int64()) {
        value = *as_signed;
    } else {
        // Above the range of int64, and fractions: neither is a number of ours.
        wrong(name, "not a whole number in range");
        return min;
    }
    if (value < min || value > max) {
        wrong(name, "outside " + std::to_string(min) + " to " + std::to_string(max));
        return min;
    }
    return value;
}

std::uint64_t ObjectReader::count(std::string_view name, std::uint64_t max, Field need) {
    const auto bound = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::uint64_t>(
        number(name, 0, static_cast<std::int64_t>(max < bound ? max : bound), need)
    );
}

Epoch ObjectReader::epoch(std::string_view name, Field need) {
    return Epoch{count(name, kEpochMax.value(), need)};
}

bool ObjectReader::flag(std::string_view name, Field need) {
    const json::value* found = find(name, need);
    if (found == nullptr) {
        return false;
    }
    const bool* value = found->if_bool();
    if (value == nullptr) {
        wrong(name, "not true or false");
        return false;
    }
    return *value;
}

const json::object* ObjectReader::object(std::string_view name, Field need) {
    const json::value* found = find(name, need);
    if (found == nullptr) {
        return nullptr;
    }
    const json::object* value = found->if_object();
    if (value == nullptr) {
        wrong(name, "not an object");
    }
    return value;
}

const json::array* ObjectReader::array(std::string_view name, std::size_t length_max, Field need) {
    const json::value* found = find(name, need);
    if (found == nullptr) {
        return nullptr;
    }
    const json::array* value = found->if_array();
    if (value == nullptr) {
        wrong(name, "not a list");
        return nullptr;
    }
    if (value->size() > length_max) {
        wrong(name, "more than " + std::to_string(length_max) + " entries");
        return nullptr;
    }
    return value;
}

}  // namespace farshore::wire
