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

using Keys = std::vector<core::LedgerKey>;

// The first `size` keys, and the others.
std::pair<Keys, Keys> split_at(const Keys& keys, std::size_t size) {
    const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(size);
    return {Keys(keys.begin(), middle), Keys(middle, keys.end())};
}

}  // namespace

net::Task<KeyReader::Outcome> KeyReader::read(std::vector<core::LedgerKey> keys, Job job) {
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
    // As far as this reading can tell, it is the table that refuses.
    for (const auto& [table, why] : shared->refused_a_key) {
        if (!shared->outcome.read.contains(table)) {
            shared->outcome.refused.insert_or_assign(table, why);
        }
    }
    co_return shared->outcome;
}

void KeyReader::failed(Work& work, std::vector<core::LedgerKey> keys, const TableTrouble& why) {
    std::map<TableName, std::vector<core::LedgerKey>> by_table;
    for (core::LedgerKey& key : keys) {
        by_table[key.table].push_back(std::move(key));
    }
    if (by_table.size() > 1) {
        for (auto& [table, part] : by_table) {
            work.batches.push_back(std::move(part));
        }
        return;
    }
    std::vector<core::LedgerKey>& of_one = by_table.begin()->second;
    if (aws::may_refuse_one_key(why.error) && of_one.size() > 1) {
        // In front of the rest: whether it is one key or the table is known after few calls.
        auto [first, second] = split_at(of_one, of_one.size() / 2);
        work.batches.push_front(std::move(second));
        work.batches.push_front(std::move(first));
        return;
    }
    work.outcome.error = why.error;
    if (!too_much_at_once(why.error)) {
        work.outcome.unread += of_one.size();
        work.outcome.refused.insert_or_assign(by_table.begin()->first, why);
    } else if (of_one.size() == 1) {
        ++work.outcome.unread;  // one item that is too slow does not speak for the others
    } else {
        batch_max_ = std::max<std::size_t>(1, of_one.size() / 2);
        auto [first, second] = split_at(of_one, batch_max_);
        work.batches.push_back(std::move(first));
        work.batches.push_back(std::move(second));
    }
}

Duration KeyReader::patience_until(Instant end) const {
    return std::clamp<Duration>(end - clock_->now(), 50ms, kPatience);
}

// Is it this Region's table that cannot have the key, or no Region's?
net::Task<> KeyReader::refused_alone(
    std::shared_ptr<Work> work, core::LedgerKey key, TableTrouble why
) {
    const Keys alone(1, key);
    bool everywhere = true;
    for (const RegionId& region : gate_->app().regions) {
        if (region == why.region || !everywhere) {
            continue;
        }
        const Result<Digests> found =
            co_await read_one(region, alone, work->job.strong, patience_until(work->job.end));
        everywhere = !found && aws::may_refuse_one_key(found.error());
    }
    Outcome& outcome = work->outcome;
    const auto of_its_table = std::ranges::count(
        outcome.refused_keys, key.table, [](const RefusedKey& each) { return each.key.table; }
    );
    if (!outcome.read.contains(key.table) &&
        std::cmp_greater_equal(of_its_table + 1, aws::kRefusedAloneMax)) {
        outcome.refused.insert_or_assign(key.table, why);
    }
    ++outcome.unread;
    outcome.error = why.error;
    // Next the most of that table's keys that are left: do they fare better?
    const auto size_of = [&key](const Keys& batch) {
        return batch.front().table == key.table ? batch.size() : 0;
    };
    if (const auto most = std::ranges::max_element(work->batches, {}, size_of);
        most != work->batches.end()) {
        std::rotate(work->batches.begin(), most, most + 1);
    }
    work->refused_a_key.insert_or_assign(key.table, std::move(why));
    outcome.refused_keys.push_back({.key = std::move(key), .everywhere = everywhere});
}

net::Task<> KeyReader::work(std::shared_ptr<Work> work) {
    while (!work->batches.empty() && clock_->now() < work->job.end) {
        std::vector<core::LedgerKey> keys = std::move(work->batches.front());
        work->batches.pop_front();
        // A table that refuses one batch refuses the next.
        work->outcome.unread += std::erase_if(keys, [&work](const core::LedgerKey& key) {
            return work->outcome.refused.contains(key.table);
        });
        if (keys.empty()) {
            continue;
        }
        Batch batch;
        batch.newest_number = gate_->endpoint().ledger()->newest_number();
        Read found = co_await read_batch(work, keys);
        if (!found && keys.size() == 1 && aws::may_refuse_one_key(found.error().error)) {
            co_await refused_alone(work, std::move(keys.front()), found.error());
            continue;
        }
        if (!found) {
            failed(*work, std::move(keys), found.error());
            continue;
        }
        batch_max_ = std::min(kBatchMax, std::max(batch_max_, 2 * keys.size()));
        for (const core::LedgerKey& key : keys) {
            work->outcome.read.insert(key.table);
        }
        batch.keys = std::move(keys);
        batch.found = std::move(*found);
        work->job.take(batch);
    }
}

net::Task<KeyReader::Read> KeyReader::read_batch(
    std::shared_ptr<Work> work, std::vector<core::LedgerKey> keys
) {
    using boost::asio::experimental::awaitable_operators::operator&&;
    const std::vector<RegionId>& regions = work->job.regions;
    const bool strong = work->job.strong;
    const Duration patience = patience_until(work->job.end);
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
    aws::CallOptions once = aws::once_within(patience);
    once.body_bytes_max = kAnswerBytesMax;
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
    RegionId region, std::vector<core::LedgerKey> keys, bool strong, Duration patience
) {
    Digests digests;
    std::map<TableName, aws::TableKeys> asked;
    std::map<TableName, std::vector<std::string>> names;
    std::map<std::pair<TableName, std::string>, std::string>
        text_of;  // identity -> the ledger's own text
    for (const core::LedgerKey& key : keys) {
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
