#include "controller/loss_rows.h"

#include <algorithm>
#include <iterator>

#include "wire/answer_documents.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kRowBytesMax = 64 * 1024;

// What a book's own row tells.
struct BookDocument {
    bool truncated = false;
    bool settled = false;
    Duration waited{};
    std::optional<core::LossCounts> counts;  // nullopt: it was written without them
};

}  // namespace
}  // namespace farshore::controller

template <>
inline constexpr auto farshore::wire::kFields<farshore::controller::BookDocument> = std::tuple{
    optional("truncated", &farshore::controller::BookDocument::truncated, Flag{}),
    optional("settled", &farshore::controller::BookDocument::settled, Flag{}),
    optional("waited_ms", &farshore::controller::BookDocument::waited, Ms{}),
    optional("counts", &farshore::controller::BookDocument::counts, Inside{})
};

namespace farshore::controller {

namespace {

Result<BookDocument> book_document(const ports::LossRow& row) {
    return wire::parse_document<BookDocument>("loss book", row.document, kRowBytesMax);
}

}  // namespace

ports::LossRow row_of(const core::KeyChain& chain) {
    return {
        .table = chain.table(),
        .key = chain.key(),
        .document = json::serialize(chain_document(chain))
    };
}

ports::LossRow book_row(const core::LossBook& book) {
    return {
        .table = kBookRow.first,
        .key = kBookRow.second,
        .document = json::serialize(wire::to_json(BookDocument{
            .truncated = book.truncated(),
            .settled = book.settled(),
            .waited = book.waited(),
            .counts = book.counts()
        }))
    };
}

Result<core::LossBook> book_of(const std::vector<ports::LossRow>& rows) {
    core::LossBook book;
    for (const ports::LossRow& row : rows) {
        if (core::LossBook::At{row.table, row.key} != kBookRow) {
            Result<core::KeyChain> chain = read_chain(row.document);
            if (!chain) {
                return std::unexpected(std::move(chain.error()));
            }
            book.restore(std::move(*chain));
            continue;
        }
        const Result<BookDocument> document = book_document(row);
        if (!document) {
            return std::unexpected(document.error());
        }
        if (document->truncated) {
            book.note_truncated();
        }
        book.note_waited(document->waited);
    }
    return book;
}

std::optional<core::LossCounts> counts_of(const ports::LossRow& row) {
    const Result<BookDocument> document = book_document(row);
    std::optional<core::LossCounts> counts = document ? document->counts : std::nullopt;
    if (counts) {
        counts->whole = !document->truncated;
    }
    return counts;
}

bool is_settled(const ports::LossRow& row) {
    const Result<BookDocument> document = book_document(row);
    return document && document->settled;
}

namespace {

wire::LossEntryDocument entry_of(
    const core::KeyChain& chain, const json::value& key, const core::RiskyWrite& write
) {
    return {
        .table = chain.table(),
        .key = key,
        .reason = chain.reason(),
        .settled = chain.settled(),
        .host = write.host,
        .op = write.entry.op,
        .at = write.entry.at,
        .epoch = write.entry.epoch,
        .hash = write.entry.hash,
        .acknowledged = write.entry.acknowledged,
        .fate = std::string{to_string(write.fate)},
        .order = write.entry.order,
        .left_out = write.entry.left_out
    };
}

}  // namespace

json::object losses_document(
    const OperationId& operation, const core::LossBook& book, LossPage page
) {
    wire::LossesDocument document{
        .operation = operation,
        .settled = book.settled(),
        .truncated = book.truncated(),
        .counts = book.counts()
    };
    const std::size_t begin = std::min(page.after, book.chains().size());
    const std::size_t rest = book.chains().size() - begin;
    const std::size_t count = page.limit == 0 ? rest : std::min(page.limit, rest);
    auto each = std::next(book.chains().begin(), static_cast<std::ptrdiff_t>(begin));
    for (std::size_t i = 0; i < count; ++i, ++each) {
        const core::KeyChain& chain = each->second;
        const json::value key = key_as_json(chain);
        for (const core::RiskyWrite& write : chain.writes()) {
            if (!write.proven) {  // it was at no risk
                document.entries.push_back(entry_of(chain, key, write));
            }
        }
    }
    if (count < rest) {
        document.next = begin + count;
    }
    return wire::to_json(document);
}

}  // namespace farshore::controller
