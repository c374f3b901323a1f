#include <limits>
#include <utility>

#include "controller/loss_book.h"
#include "wire/json_reader.h"

// A key's chain as the store keeps it.
namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kDocumentBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kReasonBytesMax = 4096;

json::value text_or_null(const std::optional<std::string>& text) {
    return text ? json::value(*text) : json::value(nullptr);
}

// As KeyChain::parse reads it; table and key are the chain's.
json::object document_of(const RiskyWrite& write) {
    const std::string_view fate = to_string(write.fate);
    json::object object{
        {"host", write.host.value()},
        {"op", write.entry.op},
        {"at_ms", to_ms(write.entry.at)},
        {"epoch", static_cast<std::int64_t>(write.entry.epoch.value())},
        {"hash", write.entry.hash},
        {"acknowledged", write.entry.acknowledged},
        {"fate", json::string_view{fate.data(), fate.size()}}
    };
    if (write.entry.order > 0) {
        object["order"] = static_cast<std::int64_t>(write.entry.order);
    }
    if (write.entry.left_out) {
        object["left_out"] = true;
    }
    if (write.proven) {
        object["proven"] = true;
    }
    return object;
}

}  // namespace

json::object KeyChain::document() const {
    json::array writes;
    for (const RiskyWrite& write : writes_) {
        writes.push_back(document_of(write));
    }
    // An object, if the text comes out of it again; the key of another form stays the text it is.
    const Result<json::object> key = wire::parse_json_object(key_, wire::kLedgerKeyBytesMax);
    const bool as_object = key && json::serialize(*key) == key_;
    return {
        {"table", table_},
        {"key", as_object ? json::value(*key) : json::value(key_)},
        {"examined", examined_},
        {"promotion_digest", text_or_null(promotion_digest_)},
        {"changed_before_return", changed_before_return_},
        {"settled_at_ms", settled_at_ ? json::value(to_ms(*settled_at_)) : json::value(nullptr)},
        {"reason", reason_},
        {"writes", std::move(writes)}
    };
}

Result<KeyChain> KeyChain::parse(std::string_view text) {
    const Result<json::object> object = wire::parse_json_object(text, kDocumentBytesMax);
    if (!object) {
        return std::unexpected(object.error());
    }
    wire::JsonTrouble trouble;
    wire::ObjectReader in(*object, "", trouble);
    KeyChain chain(in.text("table", wire::ObjectReader::kIdBytesMax), {});
    if (const json::value* as_text = object->if_contains("key");
        as_text != nullptr && as_text->is_string()) {
        chain.key_ = as_text->get_string();
    } else if (const json::object* key = in.object("key")) {
        chain.key_ = json::serialize(*key);
    }
    chain.examined_ = in.flag("examined");
    if (in.has("promotion_digest")) {
        chain.promotion_digest_ = in.text("promotion_digest", 128);
    }
    chain.changed_before_return_ = in.flag("changed_before_return");
    if (in.has("settled_at_ms")) {
        chain.settled_at_ =
            utc_from_ms(in.number("settled_at_ms", 0, std::numeric_limits<std::int64_t>::max()));
    }
    chain.reason_ = in.text("reason", kReasonBytesMax, wire::Field::optional);
    if (const json::array* writes = in.array("writes", kWritesPerKeyMax)) {
        for (const json::value& value : *writes) {
            if (!value.is_object()) {
                in.wrong("writes", "not a list of objects");
                break;
            }
            wire::ObjectReader write(value.as_object(), "writes", trouble);
            RiskyWrite read{
                .host = write.id<HostId>("host"), .entry = {}, .fate = write.word<Fate>("fate")
            };
            read.entry.table = TableName{chain.table_};
            read.entry.key = chain.key_;
            read.entry.op = write.text("op", 64);
            read.entry.at =
                utc_from_ms(write.number("at_ms", 0, std::numeric_limits<std::int64_t>::max()));
            read.entry.epoch = write.epoch("epoch");
            read.entry.hash = write.text("hash", 128, wire::Field::optional);
            read.entry.acknowledged = write.flag("acknowledged");
            read.entry.order = write.has("order") ? write.count("order", INT64_MAX) : 0;
            read.entry.left_out = write.flag("left_out", wire::Field::optional);
            read.proven = write.flag("proven", wire::Field::optional);
            chain.by_time_ = chain.by_time_ && (chain.writes_.empty() ||
                                                chain.writes_.back().entry.at <= read.entry.at);
            chain.writes_.push_back(std::move(read));
        }
    }
    if (Status status = trouble.status(); !status) {
        return std::unexpected(in_context("loss book", std::move(status.error())));
    }
    return chain;
}

}  // namespace farshore::controller
