#include "controller/loss_reader.h"

#include <algorithm>
#include <deque>
#include <iterator>

#include "wire/agent_protocol.h"
#include "wire/json_reader.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kKeysPerCall = 100;  // BatchGetItem's own limit
constexpr int kChunksMax = 16;
constexpr Duration kWaitPoll = std::chrono::milliseconds{5};

}  // namespace

net::Task<std::shared_ptr<core::KeysSeen>> LossReader::read(
    RegionId region, std::vector<At> keys, Duration budget
) {
    auto round = std::make_shared<Round>();
    round->region = std::move(region);
    round->keys = std::move(keys);
    round->until = edge_.clock.now() + budget;
    const std::size_t chunks = (round->keys.size() + kKeysPerCall - 1) / kKeysPerCall;
    for (std::size_t i = 0; i < std::min<std::size_t>(chunks, kChunksMax); ++i) {
        ++round->readers;
        edge_.tasks.spawn("read keys", [this, round] { return read_chunks(round); });
    }
    while (round->readers > 0 && edge_.clock.now() < round->until) {
        const bool slept = co_await net::sleep_for(edge_.io, kWaitPoll);
        if (!slept) {
            break;
        }
    }
    for (const auto& [at, why] : round->refused_keys) {
        round->seen.refused_keys.insert(at);
        if (!round->answered.contains(at.first)) {
            round->seen.refused.try_emplace(at.first, why);
        }
    }
    // Answers that come later are dropped with the round.
    co_return std::make_shared<core::KeysSeen>(std::move(round->seen));
}

net::Task<> LossReader::read_chunks(std::shared_ptr<Round> round) {
    while (round->next < round->keys.size() && edge_.clock.now() < round->until) {
        const std::size_t begin = round->next;
        const std::size_t end = std::min(begin + kKeysPerCall, round->keys.size());
        round->next = end;
        std::vector<At> keys(
            round->keys.begin() + static_cast<std::ptrdiff_t>(begin),
            round->keys.begin() + static_cast<std::ptrdiff_t>(end)
        );
        co_await read_chunk(round, std::move(keys));
    }
    --round->readers;
}

net::Task<> LossReader::read_chunk(std::shared_ptr<Round> round, std::vector<At> keys) {
    std::deque<std::vector<At>> parts;  // the last one, the smallest, is asked for next
    parts.push_back(std::move(keys));
    while (!parts.empty() && edge_.clock.now() < round->until) {
        std::vector<At> part = std::move(parts.back());
        parts.pop_back();
        std::erase_if(part, [&round](const At& at) { return refuses_all_of(*round, at.first); });
        if (part.empty()) {
            continue;
        }
        const bool several = std::ranges::any_of(part, [&part](const At& at) {
            return at.first != part.front().first;
        });
        const Duration left = round->until - edge_.clock.now();
        // What the first call may take leaves time for another.
        const Status read = co_await ask(round, part, several ? left / 2 : left);
        if (read) {
            continue;
        }
        std::vector<std::vector<At>> smaller = failed(*round, std::move(part), read.error());
        if (smaller.empty() && !parts.empty()) {
            // One key is refused; do most of the others fare better?
            std::rotate(parts.begin(), parts.begin() + 1, parts.end());
        }
        std::ranges::move(smaller, std::back_inserter(parts));
    }
}

// So many of its keys are refused, and none was answered, that asking for more of them tells
// nothing.
bool LossReader::refuses_all_of(const Round& round, const std::string& table) {
    const auto refused = round.refused_of.find(table);
    return refused != round.refused_of.end() && refused->second >= aws::kRefusedAloneMax &&
           !round.answered.contains(table);
}

// What is to be asked for instead; the first one last.
std::vector<std::vector<LossReader::At>> LossReader::failed(
    Round& round, std::vector<At> keys, Error why
) {
    std::map<std::string, std::vector<At>> by_table;
    for (At& at : keys) {
        by_table[at.first].push_back(std::move(at));
    }
    std::vector<std::vector<At>> parts;
    if (by_table.size() > 1) {
        for (auto& [table, part] : by_table) {
            parts.push_back(std::move(part));
        }
        return parts;
    }
    const auto& [table, of_one] = *by_table.begin();
    if (!aws::may_refuse_one_key(why)) {
        round.seen.refused.insert_or_assign(table, std::move(why));
    } else if (of_one.size() == 1) {
        ++round.refused_of[table];
        round.refused_keys.insert_or_assign(of_one.front(), std::move(why));
    } else {
        const auto middle = of_one.begin() + static_cast<std::ptrdiff_t>(of_one.size() / 2);
        parts.emplace_back(middle, of_one.end());
        parts.emplace_back(of_one.begin(), middle);
    }
    return parts;
}

net::Task<Status> LossReader::ask(
    std::shared_ptr<Round> round, std::vector<At> keys, Duration within
) {
    std::map<std::string, aws::TableKeys> tables;
    std::map<std::string, std::vector<std::string>> key_names;
    // The same key has two texts: the ledger's is canonical, DynamoDB answers numbers in its own
    // way.
    std::map<At, At> by_digest;
    for (const auto& [table, key] : keys) {
        const Result<json::object> parsed = wire::parse_json_object(key, wire::kLedgerKeyBytesMax);
        if (!parsed) {
            continue;
        }
        aws::TableKeys& wanted = tables[table];
        wanted.table = TableName{table};
        wanted.consistent = true;
        wanted.keys.push_back(*parsed);
        by_digest[{table, digest_(&*parsed)}] = {table, key};
        std::vector<std::string>& names = key_names[table];
        if (names.empty()) {
            for (const auto& pair : *parsed) {
                names.emplace_back(pair.key());
            }
        }
    }
    std::vector<aws::TableKeys> request;
    for (auto& [table, wanted] : tables) {
        request.push_back(std::move(wanted));
    }
    aws::CallOptions options;
    options.connect_timeout = std::max<Duration>(within, std::chrono::milliseconds{1});
    options.total_timeout = options.connect_timeout;
    const Result<aws::BatchItems> items =
        co_await edge_.tables.batch_get_item(round->region, request, options);
    if (!items) {
        co_return std::unexpected(items.error());
    }
    for (const auto& [digest, at] : by_digest) {
        round->seen.found.emplace(at, digest_(nullptr));
        round->answered.insert(at.first);
    }
    for (const auto& [table, list] : items->found) {
        for (const aws::Item& item : list) {
            json::object key;
            for (const std::string& name : key_names[table.value()]) {
                if (const json::value* value = item.if_contains(name)) {
                    key[name] = *value;
                }
            }
            const auto at = by_digest.find({table.value(), digest_(&key)});
            if (at != by_digest.end()) {
                round->seen.found.insert_or_assign(at->second, digest_(&item));
            }
        }
    }
    co_return Status{};
}

}  // namespace farshore::controller
