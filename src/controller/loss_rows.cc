#include "controller/loss_rows.h"

#include <algorithm>
#include <iterator>

#include "wire/json_reader.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kRowBytesMax = 64 * 1024;

bool flag_of(const json::object& document, std::string_view name) {
    const json::value* value = document.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace

ports::LossRow row_of(const KeyChain& chain) {
    return {
        .table = chain.table(), .key = chain.key(), .document = json::serialize(chain.document())
    };
}

ports::LossRow book_row(const LossBook& book) {
    return {
        .table = kBookRow.first,
        .key = kBookRow.second,
        .document = json::serialize(json::object{
            {"truncated", book.truncated()},
            {"settled", book.settled()},
            {"waited_ms", to_ms(book.waited())},
            {"counts", wire::loss_document(book.counts())}
        })
    };
}

Result<LossBook> book_of(const std::vector<ports::LossRow>& rows) {
    LossBook book;
    for (const ports::LossRow& row : rows) {
        if (LossBook::At{row.table, row.key} != kBookRow) {
            Result<KeyChain> chain = KeyChain::parse(row.document);
            if (!chain) {
                return std::unexpected(std::move(chain.error()));
            }
            book.restore(std::move(*chain));
            continue;
        }
        const Result<json::object> document = wire::parse_json_object(row.document, kRowBytesMax);
        if (!document) {
            return std::unexpected(in_context("loss book", document.error()));
        }
        if (flag_of(*document, "truncated")) {
            book.note_truncated();
        }
        if (const json::value* waited = document->if_contains("waited_ms");
            waited != nullptr && waited->is_int64()) {
            book.note_waited(std::chrono::milliseconds{waited->get_int64()});
        }
    }
    return book;
}

std::optional<wire::LossCounts> counts_of(const ports::LossRow& row) {
    const Result<json::object> document = wire::parse_json_object(row.document, kRowBytesMax);
    const json::value* counts = document ? document->if_contains("counts") : nullptr;
    if (counts == nullptr || !counts->is_object()) {
        return std::nullopt;
    }
    wire::JsonTrouble trouble;
    wire::ObjectReader in(counts->get_object(), "counts", trouble);
    constexpr std::uint64_t kMax = 1'000'000'000'000;
    const wire::LossCounts read{
        .at_risk = in.count("at_risk", kMax),
        .present = in.count("present", kMax),
        .applied_late = in.count("applied_late", kMax),
        .suppressed = in.count("suppressed", kMax),
        .never_arrived = in.count("never_arrived", kMax),
        .unknown = in.count("unknown", kMax),
        .whole = !flag_of(*document, "truncated")
    };
    return trouble.status() ? std::optional{read} : std::nullopt;
}

bool is_settled(const ports::LossRow& row) {
    const Result<json::object> document = wire::parse_json_object(row.document, kRowBytesMax);
    return document && flag_of(*document, "settled");
}

json::object losses_document(const OperationId& operation, const LossBook& book, LossPage page) {
    json::array entries;
    const std::size_t begin = std::min(page.after, book.chains().size());
    const std::size_t rest = book.chains().size() - begin;
    const std::size_t count = page.limit == 0 ? rest : std::min(page.limit, rest);
    auto each = std::next(book.chains().begin(), static_cast<std::ptrdiff_t>(begin));
    for (std::size_t i = 0; i < count; ++i, ++each) {
        const KeyChain& chain = each->second;
        const json::object document = chain.document();
        for (const json::value& write : document.at("writes").as_array()) {
            if (flag_of(write.as_object(), "proven")) {
                continue;  // it was at no risk
            }
            json::object entry{
                {"table", chain.table()},
                {"key", document.at("key")},
                {"reason", chain.reason()},
                {"settled", chain.settled()}
            };
            for (const auto& field : write.as_object()) {
                entry.insert(field);
            }
            entries.push_back(std::move(entry));
        }
    }
    return {
        {"schema_version", wire::kApiSchemaVersion},
        {"operation", operation.value()},
        {"settled", book.settled()},
        {"truncated", book.truncated()},
        {"counts", wire::loss_document(book.counts())},
        {"entries", std::move(entries)},
        {"next", count < rest ? json::value(begin + count) : json::value(nullptr)}
    };
}

}  // namespace farshore::controller
