#include "dataplane/note_reader.h"

#include <algorithm>

#include <boost/json.hpp>

#include "dataplane/item_digest.h"
#include "dataplane/partiql.h"

namespace farshore::dataplane {

namespace {

using boost::json::object;
using boost::json::value;

// DynamoDB's longest key attributes: 2048 bytes for the partition key, as base64 a third more.
constexpr std::size_t kKeyTextMax = 2800;

std::optional<object> parse_object(const std::string& text) {
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::system::error_code error;
    value parsed = boost::json::parse(text, error, {}, options);
    if (error || !parsed.is_object()) {
        return std::nullopt;
    }
    return std::move(parsed.get_object());
}

const object* member_object(const object& holder, std::string_view name) {
    const value* member = holder.if_contains(name);
    return member == nullptr ? nullptr : member->if_object();
}

// A table can be named by its ARN.
TableName table_named(std::string_view text) {
    constexpr std::string_view kBefore = ":table/";
    if (const std::size_t at = text.find(kBefore);
        text.starts_with("arn:") && at != std::string_view::npos) {
        text.remove_prefix(at + kBefore.size());
    }
    return TableName{std::string{text.substr(0, text.find('/'))}};
}

TableName table_of(const object& request) {
    const value* name = request.if_contains("TableName");
    return name != nullptr && name->is_string() ? table_named(name->get_string()) : TableName{};
}

// The one code of BatchStatementError that does not say whether the statement took effect.
constexpr std::string_view kServerError = "InternalServerError";

// Of one response of BatchExecuteStatement, which answers 200 and says of each statement, in their
// order, whether it failed. Empty: it did not.
std::string_view error_code(const value& response) {
    const object* error =
        response.is_object() ? member_object(response.get_object(), "Error") : nullptr;
    if (error == nullptr) {
        return "";
    }
    const value* code = error->if_contains("Code");
    const bool is_told = code != nullptr && code->is_string() && !code->get_string().empty();
    return is_told ? std::string_view{code->get_string()} : kServerError;
}

object key_candidates(const object& item) {
    object out;
    for (const auto& member : item) {
        const object* tagged = member.value().if_object();
        if (tagged == nullptr || tagged->size() != 1) {
            continue;
        }
        const std::string_view tag = tagged->begin()->key();
        const auto* text = tagged->begin()->value().if_string();
        if ((tag == "S" || tag == "N" || tag == "B") && text != nullptr &&
            text->size() <= kKeyTextMax) {
            out.emplace(member.key(), member.value());
        }
    }
    return out;
}

class Reader {
  public:
    explicit Reader(const WriteNote& note) : note_(note) {}

    std::vector<NotedWrite> read() {
        const auto request = parse_object(note_.request);
        if (!request) {
            keyless({});
        } else if (note_.operation == "BatchWriteItem") {
            read_batch(*request);
        } else if (note_.operation == "TransactWriteItems") {
            read_transaction(*request);
        } else if (note_.operation == "ExecuteStatement") {
            read_statement(*request);
        } else if (note_.operation == "BatchExecuteStatement") {
            read_statements(*request, "Statements");
        } else if (note_.operation == "ExecuteTransaction") {
            read_statements(*request, "TransactStatements");
        } else {
            read_single(*request);
        }
        return std::move(writes_);
    }

  private:
    void put(const TableName& table, const object* item) {
        if (item != nullptr) {
            writes_.push_back({
                .table = table,
                .operation = "PutItem",
                .has_key = false,
                .attributes = key_candidates(*item),
                .whole = true,
                .digest = item_digest(*item).value_or(""),
            });
        } else {
            keyed(table, nullptr, "PutItem", "");
        }
    }

    void keyed(
        const TableName& table, const object* key, std::string_view operation, std::string digest
    ) {
        writes_.push_back({
            .table = table,
            .operation = std::string{operation},
            .has_key = true,
            .attributes = key == nullptr ? object{} : *key,
            .digest = std::move(digest),
        });
    }

    // Of a write that is sure to have happened somewhere.
    void keyless(const TableName& table) {
        writes_.push_back({.table = table, .operation = note_.operation, .digest = {}});
    }

    void read_single(const object& request) {
        const TableName table = table_of(request);
        if (note_.operation == "PutItem") {
            put(table, member_object(request, "Item"));
        } else if (note_.operation == "DeleteItem") {
            keyed(table, member_object(request, "Key"), note_.operation, std::string{kAbsent});
        } else if (note_.operation == "UpdateItem") {
            keyed(table, member_object(request, "Key"), note_.operation, updated_digest());
        } else {
            keyless({});
        }
    }

    void read_statement(const object& holder) {
        const value* statement = holder.if_contains("Statement");
        const value* parameters = holder.if_contains("Parameters");
        const auto told = statement == nullptr || !statement->is_string()
                              ? std::nullopt
                              : read_partiql(
                                    statement->get_string(),
                                    parameters == nullptr ? nullptr : parameters->if_array()
                                );
        if (!told) {
            keyless({});
            return;
        }
        using Kind = PartiqlWrite::Kind;
        if (told->kind == Kind::reads) {
            // A statement alone comes here only where operation.cc was not sure that it reads.
            if (note_.operation == "ExecuteStatement") {
                keyless({});
            }
            return;
        }
        NotedWrite write{.table = table_named(told->table), .digest = {}};
        write.attributes = key_candidates(told->attributes);
        switch (told->kind) {
            case Kind::reads:
            case Kind::inserts: write.operation = "PutItem"; break;
            case Kind::updates: write.operation = "UpdateItem"; break;
            case Kind::removes:
                write.operation = "DeleteItem";
                write.digest = kAbsent;
                break;
        }
        writes_.push_back(std::move(write));
    }

    void read_statements(const object& request, std::string_view member) {
        const value* list = request.if_contains(member);
        if (list == nullptr || !list->is_array()) {
            keyless({});
            return;
        }
        const auto answer = parse_object(note_.answer);
        const value* responses = answer ? answer->if_contains("Responses") : nullptr;
        const auto* told = responses == nullptr ? nullptr : responses->if_array();
        for (std::size_t i = 0; i < list->get_array().size(); ++i) {
            const object* statement = list->get_array()[i].if_object();
            const std::string_view failed =
                told == nullptr || i >= told->size() ? "" : error_code((*told)[i]);
            if (statement == nullptr || (!failed.empty() && failed != kServerError)) {
                continue;
            }
            const std::size_t before = writes_.size();
            read_statement(*statement);
            for (std::size_t made = before; made < writes_.size(); ++made) {
                writes_[made].unknown = failed == kServerError;
            }
        }
    }

    [[nodiscard]] std::string updated_digest() const {
        const auto answer = parse_object(note_.answer);
        const object* attributes = answer ? member_object(*answer, "Attributes") : nullptr;
        return attributes == nullptr ? "" : item_digest(*attributes).value_or("");
    }

    // A batch may be done in part; what was not done is in the answer, as it stood in the request.
    void read_batch(const object& request) {
        const object* tables = member_object(request, "RequestItems");
        const auto answer = parse_object(note_.answer);
        const object* unprocessed = answer ? member_object(*answer, "UnprocessedItems") : nullptr;
        if (tables == nullptr) {
            keyless({});
            return;
        }
        for (const auto& [name, list] : *tables) {
            const value* undone = unprocessed == nullptr ? nullptr : unprocessed->if_contains(name);
            if (!list.is_array()) {
                continue;
            }
            for (const value& entry : list.get_array()) {
                const bool done =
                    undone == nullptr || !undone->is_array() ||
                    std::ranges::find(undone->get_array(), entry) == undone->get_array().end();
                if (done && entry.is_object()) {
                    read_batch_entry(table_named(name), entry.get_object());
                }
            }
        }
    }

    void read_batch_entry(const TableName& table, const object& entry) {
        if (const object* request = member_object(entry, "PutRequest")) {
            put(table, member_object(*request, "Item"));
        } else if (const object* removal = member_object(entry, "DeleteRequest")) {
            keyed(table, member_object(*removal, "Key"), "DeleteItem", std::string{kAbsent});
        }
    }

    void read_transaction(const object& request) {
        const value* items = request.if_contains("TransactItems");
        if (items == nullptr || !items->is_array()) {
            keyless({});
            return;
        }
        for (const value& item : items->get_array()) {
            if (!item.is_object()) {
                continue;
            }
            if (const object* action = member_object(item.get_object(), "Put")) {
                put(table_of(*action), member_object(*action, "Item"));
            } else if (const object* removal = member_object(item.get_object(), "Delete")) {
                keyed(
                    table_of(*removal),
                    member_object(*removal, "Key"),
                    "DeleteItem",
                    std::string{kAbsent}
                );
            } else if (const object* update = member_object(item.get_object(), "Update")) {
                keyed(table_of(*update), member_object(*update, "Key"), "UpdateItem", "");
            } else if (member_object(item.get_object(), "ConditionCheck") == nullptr) {
                keyless({});
            }
        }
    }

    const WriteNote& note_;
    std::vector<NotedWrite> writes_;
};

}  // namespace

std::vector<NotedWrite> read_note(const WriteNote& note) {
    return Reader(note).read();
}

std::optional<std::string> key_text(
    const object& attributes, const std::vector<std::string>& names
) {
    object key;
    for (const std::string& name : names) {
        const value* member = attributes.if_contains(name);
        if (member == nullptr) {
            return std::nullopt;
        }
        key.emplace(name, *member);
    }
    return canonical_item(key);
}

}  // namespace farshore::dataplane
