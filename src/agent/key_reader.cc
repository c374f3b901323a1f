#include "agent/key_reader.h"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/parse.hpp>

#include "adapters/net/task_group.h"

#include "dataplane/item_digest.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kBatchMax = 100;  // BatchGetItem's own limit
// Enough to read thousands of keys a second across an ocean, few enough not to crowd the host.
constexpr int kAtOnce = 4;
// A hundred ordinary items need a fraction of it; the rest is halved.
constexpr Duration kPatience = 500ms;
// BatchGetItem answers at most 16 MB of items; as JSON, small attributes take several times their
// size.
constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 20U;

std::optional<aws::Item> parse_key(std::string_view text) {
    boost::system::error_code code;
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::json::value value = boost::json::parse(text, code, {}, options);
    if (code || !value.is_object()) {
        return std::nullopt;
    }
    return std::move(value.get_object());
}

// The same key however its numbers are written.
std::string identity(const aws::Item& key) {
    return dataplane::item_digest(key).value_or("");
}

aws::Item key_part(const aws::Item& item, const std::vector<std::string>& names) {
    aws::Item key;
    for (const std::string& name : names) {
        if (const boost::json::value* value = item.if_contains(name)) {
            key[name] = *value;
        }
    }
    return key;
}

std::vector<std::string> names_in(const aws::Item& key) {
    std::vector<std::string> names;
    for (const auto& member : key) {
        names.emplace_back(member.key());
    }
    return names;
}

bool too_much_at_once(const Error& error) {
    return error.kind == ErrorKind::exhausted || error.kind == ErrorKind::timed_out;
}

}  // namespace

net::Task<KeyReader::Outcome> KeyReader::read(std::vector<dataplane::LedgerKey> keys, Job job) {
    using boost::asio::experimental::awaitable_operators::operator&&;
    const auto shared = std::make_shared<Work>();
    shared->job = std::move(job);
    for (std::size_t from = 0; from < keys.size(); from += batch_max_) {
        const std::size_t to = std::min(from + batch_max_, keys.size());
        shared->batches.emplace_back(
            keys.begin() + static_cast<std::ptrdiff_t>(from),
            keys.begin() + static_cast<std::ptrdiff_t>(to)
        );
    }
    static_assert(kAtOnce == 4);
    co_await (work(shared) && work(shared) && work(shared) && work(shared));
    for (const auto& batch : shared->batches) {
        shared->outcome.unread += batch.size();
    }
    co_return shared->outcome;
}

void KeyReader::failed(
    Work& work, std::vector<dataplane::LedgerKey> keys, const TableTrouble& why
) {
    work.outcome.error = why.error;
    std::map<TableName, std::vector<dataplane::LedgerKey>> by_table;
    for (dataplane::LedgerKey& key : keys) {
        by_table[key.table].push_back(std::move(key));
    }
    if (by_table.size() > 1) {
        for (auto& [table, part] : by_table) {
            work.batches.push_back(std::move(part));
        }
        return;
    }
    std::vector<dataplane::LedgerKey>& of_one = by_table.begin()->second;
    if (!too_much_at_once(why.error)) {
        work.outcome.unread += of_one.size();
        work.outcome.refused.insert_or_assign(by_table.begin()->first, why);
    } else if (of_one.size() == 1) {
        ++work.outcome.unread;  // one item that is too slow does not speak for the others
    } else {
        batch_max_ = std::max<std::size_t>(1, of_one.size() / 2);
        const auto middle = of_one.begin() + static_cast<std::ptrdiff_t>(batch_max_);
        work.batches.emplace_back(of_one.begin(), middle);
        work.batches.emplace_back(middle, of_one.end());
    }
}

net::Task<> KeyReader::work(std::shared_ptr<Work> work) {
    while (!work->batches.empty() && clock_->now() < work->job.end) {
        std::vector<dataplane::LedgerKey> keys = std::move(work->batches.front());
        work->batches.pop_front();
        // A table that refuses one batch refuses the next.
        work->outcome.unread += std::erase_if(keys, [&work](const dataplane::LedgerKey& key) {
            return work->outcome.refused.contains(key.table);
        });
        if (keys.empty()) {
            continue;
        }
        Batch batch;
        batch.newest_number = gate_->endpoint().ledger().newest_number();
        Read found = co_await read_batch(work, keys);
        if (!found) {
            failed(*work, std::move(keys), found.error());
            continue;
        }
        batch_max_ = std::min(kBatchMax, std::max(batch_max_, 2 * keys.size()));
        for (const dataplane::LedgerKey& key : keys) {
            work->outcome.read.insert(key.table);
        }
        batch.keys = std::move(keys);
        batch.found = std::move(*found);
        work->job.take(batch);
    }
}

net::Task<KeyReader::Read> KeyReader::read_batch(
    std::shared_ptr<Work> work, std::vector<dataplane::LedgerKey> keys
) {
    using boost::asio::experimental::awaitable_operators::operator&&;
    const std::vector<RegionId>& regions = work->job.regions;
    const bool strong = work->job.strong;
    const Duration patience = std::clamp<Duration>(work->job.end - clock_->now(), 50ms, kPatience);
    std::vector<Digests> all;
    if (regions.size() == 1) {
        Result<Digests> one = co_await read_one(regions[0], std::move(keys), strong, patience);
        if (!one) {
            co_return std::unexpected(TableTrouble{.region = regions[0], .error = one.error()});
        }
        all.push_back(std::move(*one));
        co_return all;
    }
    auto [first, second] = co_await (
        read_one(regions[0], keys, strong, patience) && read_one(regions[1], keys, strong, patience)
    );
    if (!first) {
        co_return std::unexpected(TableTrouble{.region = regions[0], .error = first.error()});
    }
    if (!second) {
        co_return std::unexpected(TableTrouble{.region = regions[1], .error = second.error()});
    }
    all.push_back(std::move(*first));
    all.push_back(std::move(*second));
    co_return all;
}

net::Task<Result<aws::BatchItems>> KeyReader::ask(
    RegionId region, std::vector<aws::TableKeys> tables, Duration patience
) {
    using boost::asio::experimental::awaitable_operators::operator||;
    const aws::CallOptions once{
        .connect_timeout = patience,
        .total_timeout = patience,
        .attempts_max = 1,
        .body_bytes_max = kAnswerBytesMax
    };
    // A batch may take several rounds; together they have this time.
    std::variant<Result<aws::BatchItems>, bool> first = co_await (
        dynamodb_.batch_get_item(region, std::move(tables), once) ||
        net::sleep_for(*io_, patience + 50ms)
    );
    if (first.index() == 0) {
        co_return std::get<0>(std::move(first));
    }
    co_return fail(ErrorKind::timed_out, "BatchGetItem was not done in time");
}

net::Task<Result<KeyReader::Digests>> KeyReader::read_one(
    RegionId region, std::vector<dataplane::LedgerKey> keys, bool strong, Duration patience
) {
    Digests digests;
    std::map<TableName, aws::TableKeys> asked;
    std::map<TableName, std::vector<std::string>> names;
    std::map<std::pair<TableName, std::string>, std::string>
        text_of;  // identity -> the ledger's own text
    for (const dataplane::LedgerKey& key : keys) {
        if (auto parsed = parse_key(key.key)) {
            const std::pair<TableName, std::string> known{key.table, identity(*parsed)};
            digests[{key.table, key.key}] = dataplane::kAbsent;
            names.try_emplace(key.table, names_in(*parsed));
            if (text_of.emplace(known, key.key).second) {
                aws::TableKeys& table = asked[key.table];
                table.table = key.table;
                table.consistent = strong;
                table.keys.push_back(std::move(*parsed));
            }
        }
    }
    std::vector<aws::TableKeys> tables;
    for (auto& [name, table] : asked) {
        tables.push_back(std::move(table));
    }
    if (tables.empty()) {
        co_return digests;
    }
    const Result<aws::BatchItems> found = co_await ask(region, std::move(tables), patience);
    if (!found) {
        co_return std::unexpected(found.error());
    }
    for (const auto& [table, items] : found->found) {
        for (const aws::Item& item : items) {
            const auto text = text_of.find({table, identity(key_part(item, names[table]))});
            if (text != text_of.end()) {
                digests[{table, text->second}] = dataplane::item_digest(item).value_or("");
            }
        }
    }
    co_return digests;
}

}  // namespace farshore::agent
