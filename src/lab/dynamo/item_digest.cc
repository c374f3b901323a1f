#include "lab/dynamo/item_digest.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <openssl/sha.h>

#include "base/json_text.h"
#include "base/text.h"

namespace farshore::lab::dynamo {
namespace {

void append_map(std::string& out, const Map& map);

std::string element_text(const std::string& text) {
    return text;
}

std::string element_text(const Decimal& number) {
    return number.canonical();
}

std::string element_text(const Binary& binary) {
    return to_base64(binary.bytes);
}

struct Appender {
    std::string& out;

    void operator()(const std::string& text) const { append_json_text(out, text); }

    void operator()(const Decimal& number) const { append_json_text(out, number.canonical()); }

    void operator()(const Binary& binary) const { append_json_text(out, to_base64(binary.bytes)); }

    void operator()(bool flag) const { out += flag ? "true" : "false"; }

    void operator()(const Null&) const { out += "true"; }

    void operator()(const Map& map) const { append_map(out, map); }

    void operator()(const List& list) const;

    template <class T>
    void operator()(const std::set<T>& set) const {
        std::vector<std::string> texts;
        for (const T& element : set) {
            texts.push_back(element_text(element));
        }
        std::ranges::sort(texts);
        out += '[';
        for (const std::string& text : texts) {
            if (&text != &texts.front()) {
                out += ',';
            }
            append_json_text(out, text);
        }
        out += ']';
    }
};

void append_value(std::string& out, const Value& value) {
    out += "{\"";
    out += type_name(value);
    out += "\":";
    std::visit(Appender{out}, value.data);
    out += '}';
}

void Appender::operator()(const List& list) const {
    out += '[';
    bool first = true;
    for (const Value& value : list) {
        if (!first) {
            out += ',';
        }
        first = false;
        append_value(out, value);
    }
    out += ']';
}

void append_map(std::string& out, const Map& map) {
    out += '{';
    bool first = true;
    for (const auto& [name, value] : map) {
        if (!first) {
            out += ',';
        }
        first = false;
        append_json_text(out, name);
        out += ':';
        append_value(out, value);
    }
    out += '}';
}

}  // namespace

std::string canonical_text(const Item& item) {
    std::string out;
    append_map(out, item);
    return out;
}

std::string item_digest(const Item& item) {
    const std::string text = canonical_text(item);
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return to_hex(digest);
}

}  // namespace farshore::lab::dynamo
