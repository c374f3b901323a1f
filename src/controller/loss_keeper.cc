#include "controller/loss_keeper.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "wire/json_reader.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kKeysPerCall = 100;    // BatchGetItem's own limit
constexpr std::size_t kKeysPerLook = 2'000;  // of one round; the rest waits for the next
constexpr Duration kWaitPoll = std::chrono::milliseconds{5};
// A write that arrives late may be overwritten by the application soon after: looking often tells
// "applied late" from "suppressed".
constexpr Duration kLookOften = std::chrono::milliseconds{150};
constexpr Duration kLookOftenFor = std::chrono::minutes{15};
constexpr Duration kLookSeldom = std::chrono::seconds{5};
constexpr Duration kLookBudget = std::chrono::seconds{1};
constexpr Duration kIdle = std::chrono::milliseconds{500};
// The row that tells of the book as a whole; no table and no key is called so.
const std::pair<std::string, std::string> kBookRow{};

// DynamoDB keeps trying to replicate for 20 hours; what has not come a day later will not come.
constexpr Duration kGiveUpAfter = std::chrono::hours{24};

}  // namespace

LossKeeper::LossKeeper(Edge& edge, sqlite::Store& store, Sources sources)
    : edge_(edge), store_(store), sources_(std::move(sources)) {}

void LossKeeper::open(const OperationId& operation, const RegionId& from, const RegionId& to) {
    if (open_ && open_->operation == operation) {
        return;
    }
    save();
    open_.emplace(operation, from, to, edge_.clock.now());
}

Result<LossBook> LossKeeper::load(const OperationId& operation) {
    const auto rows = store_.losses(operation);
    if (!rows) {
        return std::unexpected(rows.error());
    }
    LossBook book;
    for (const sqlite::LossRow& row : *rows) {
        if (std::pair{row.table, row.key} == kBookRow) {
            book.note_truncated();
            continue;
        }
        Result<KeyChain> chain = KeyChain::parse(row.document);
        if (!chain) {
            return std::unexpected(std::move(chain.error()));
        }
        book.restore(std::move(*chain));
    }
    return book;
}

Status LossKeeper::restore(const core::OperationRecord& operation) {
    Result<LossBook> book = load(operation.plan.id);
    if (!book) {
        return std::unexpected(std::move(book.error()));
    }
    open(operation.plan.id, operation.plan.from, operation.plan.to);
    open_->book = std::move(*book);
    open_->examined = core::has_ended(operation.state);
    return {};
}

void LossKeeper::fenced(
    const OperationId& operation, const HostId& host, const wire::FenceAck& ack
) {
    const std::optional<core::OperationRecord> current = sources_.operation();
    if (!current || (ack.entries.empty() && !ack.truncated)) {
        return;
    }
    if (!operation.value().empty() && operation != current->plan.id) {
        system::log_warning(
            "losses", "a fence of an older operation names writes", {{"host", host.value()}}
        );
    }
    open(current->plan.id, current->plan.from, current->plan.to);
    if (ack.truncated) {
        open_->book.note_truncated();
        open_->unsaved.insert(kBookRow);
    }
    for (const wire::LedgerEntry& entry : ack.entries) {
        KeyChain* chain = open_->book.add(host, entry);
        if (chain == nullptr) {
            open_->unsaved.insert(kBookRow);
            continue;
        }
        open_->unsaved.insert({chain->table(), chain->key()});
        // The promotion has been; its reading cannot be made up for.
        const bool promoted = core::has_ended(current->state) ||
                              current->state == core::OperationState::repointing ||
                              current->state == core::OperationState::shifting ||
                              current->state == core::OperationState::verifying;
        if (promoted && !chain->examined()) {
            chain->at_promotion(std::nullopt);
        }
    }
    open_->examined = open_->examined || core::has_ended(current->state);
    save();
}

void LossKeeper::examine(const core::ExamineLosses& action) {
    edge_.tasks.spawn("examine losses", [this, action] { return examine_chains(action); });
}

net::Task<> LossKeeper::examine_chains(core::ExamineLosses action) {
    open(action.step.operation, action.from, action.to);
    ChainKeys keys;
    for (const auto& [at, chain] : open_->book.chains()) {
        if (!chain.examined()) {
            keys.push_back(at);
        }
    }
    const std::size_t asked = keys.size();
    const auto found = co_await read(action.to, std::move(keys), action.budget);
    if (!open_ || open_->operation != action.step.operation) {
        co_return;
    }
    for (const auto& [at, digest] : *found) {
        const auto chain = open_->book.chains().find(at);
        if (chain != open_->book.chains().end()) {
            chain->second.at_promotion(digest);
            open_->unsaved.insert(at);
        }
    }
    open_->examined = true;
    save();
    const wire::LossCounts counts = open_->book.counts();
    core::LossesExamined examined{
        .step = action.step,
        .complete = found->size() == asked,
        .at_risk = static_cast<std::uint32_t>(counts.at_risk),
        .detail = std::to_string(found->size()) + " of " + std::to_string(asked) + " keys read, " +
                  std::to_string(counts.at_risk) + " acknowledged writes at risk, " +
                  std::to_string(counts.present) + " found present"
    };
    edge_.deliver(std::move(examined));
}

net::Task<std::shared_ptr<LossKeeper::Digests>> LossKeeper::read(
    RegionId region, ChainKeys keys, Duration budget
) {
    auto found = std::make_shared<Digests>();
    auto left = std::make_shared<int>(0);
    for (std::size_t begin = 0; begin < keys.size(); begin += kKeysPerCall) {
        const std::size_t end = std::min(begin + kKeysPerCall, keys.size());
        const ChainKeys chunk(
            keys.begin() + static_cast<std::ptrdiff_t>(begin),
            keys.begin() + static_cast<std::ptrdiff_t>(end)
        );
        ++*left;
        edge_.tasks.spawn("read keys", [this, region, chunk, budget, found, left] {
            return read_chunk(region, chunk, budget, found, left);
        });
    }
    const Instant until = edge_.clock.now() + budget;
    while (*left > 0 && edge_.clock.now() < until) {
        const bool slept = co_await net::sleep_for(edge_.io, kWaitPoll);
        if (!slept) {
            break;
        }
    }
    // Later answers go into a map that nobody looks at any more.
    co_return std::make_shared<Digests>(*found);
}

net::Task<> LossKeeper::read_chunk(
    RegionId region,
    ChainKeys keys,
    Duration budget,
    std::shared_ptr<Digests> found,
    std::shared_ptr<int> left
) {
    std::map<std::string, aws::TableKeys> tables;
    std::map<std::string, std::vector<std::string>> key_names;
    // The same key has two texts: the ledger's is canonical, DynamoDB answers numbers in its own
    // way.
    std::map<std::pair<std::string, std::string>, std::pair<std::string, std::string>> chain_of;
    for (const auto& [table, key] : keys) {
        const Result<json::object> parsed = wire::parse_json_object(key, wire::kLedgerKeyBytesMax);
        if (!parsed) {
            continue;
        }
        aws::TableKeys& wanted = tables[table];
        wanted.table = TableName{table};
        wanted.consistent = true;
        wanted.keys.push_back(*parsed);
        chain_of[{table, sources_.digest(&*parsed)}] = {table, key};
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
    options.connect_timeout = budget;
    options.total_timeout = budget;
    const Result<aws::BatchItems> items =
        co_await edge_.tables.batch_get_item(region, request, options);
    --*left;
    if (!items) {
        co_return;
    }
    for (const auto& at : keys) {
        found->emplace(at, sources_.digest(nullptr));
    }
    for (const auto& [table, list] : items->found) {
        for (const aws::Item& item : list) {
            json::object key;
            for (const std::string& name : key_names[table.value()]) {
                if (const json::value* value = item.if_contains(name)) {
                    key[name] = *value;
                }
            }
            const auto at = chain_of.find({table.value(), sources_.digest(&key)});
            if (at != chain_of.end()) {
                found->insert_or_assign(at->second, sources_.digest(&item));
            }
        }
    }
}

net::Task<> LossKeeper::settle() {
    while (true) {
        Duration pause = kIdle;
        close_without_losses();
        if (open_ && open_->examined && !open_->book.settled()) {
            co_await look_once();
            const Duration age = open_ ? edge_.clock.now() - open_->opened_at : Duration::zero();
            pause = age < kLookOftenFor ? kLookOften : kLookSeldom;
        }
        save();
        const bool slept = co_await net::sleep_for(edge_.io, pause);
        if (!slept) {
            co_return;
        }
    }
}

// A planned operation is not examined: what its fences named was drained before the promotion, or
// the operation ended without one.
void LossKeeper::close_without_losses() {
    const std::optional<core::OperationRecord> current = sources_.operation();
    if (!open_ || open_->examined || !current || current->plan.id != open_->operation ||
        !core::has_ended(current->state)) {
        return;
    }
    open_->examined = true;
    if (current->plan.verb == core::Verb::failover || current->at_risk > 0 ||
        current->state == core::OperationState::partly_done) {
        return;
    }
    for (auto& [at, chain] : open_->book.chains()) {
        if (!chain.examined()) {
            chain.prove(edge_.clock.wall());
            open_->unsaved.insert(at);
        }
    }
}

net::Task<> LossKeeper::look_once() {
    const OperationId operation = open_->operation;
    ChainKeys keys;
    for (const auto& [at, chain] : open_->book.chains()) {
        if (!chain.settled() && keys.size() < kKeysPerLook) {
            keys.push_back(at);
        }
    }
    const bool back = sources_.answers(open_->from);
    const RegionId from = open_->from;
    const RegionId to = open_->to;
    auto old_region = std::make_shared<Digests>();
    if (back) {
        // The old Region first: what it shows afterwards in the target has come, not gone.
        old_region = co_await read(from, keys, kLookBudget);
    }
    const auto target = co_await read(to, keys, kLookBudget);
    if (!open_ || open_->operation != operation) {
        co_return;
    }
    const UtcTime now = edge_.clock.wall();
    const bool too_late = edge_.clock.now() - open_->opened_at > kGiveUpAfter;
    for (const auto& at : keys) {
        const auto chain = open_->book.chains().find(at);
        if (chain == open_->book.chains().end()) {
            continue;
        }
        KeySight sight;
        if (const auto seen = old_region->find(at); seen != old_region->end()) {
            sight.old_region = seen->second;
        }
        if (const auto seen = target->find(at); seen != target->end()) {
            sight.target = seen->second;
        }
        if (!chain->second.examined()) {
            chain->second.at_promotion(std::nullopt);
        }
        bool changed = chain->second.look(sight, now);
        if (too_late && !chain->second.settled()) {
            chain->second.give_up(now);
            changed = true;
        }
        if (changed) {
            open_->unsaved.insert(at);
        }
    }
}

void LossKeeper::save() {
    if (!open_ || open_->unsaved.empty()) {
        return;
    }
    std::vector<sqlite::LossRow> rows;
    for (const auto& at : open_->unsaved) {
        if (at == kBookRow) {
            rows.push_back(
                {.table = at.first, .key = at.second, .document = R"({"truncated":true})"}
            );
            continue;
        }
        const auto chain = open_->book.chains().find(at);
        if (chain != open_->book.chains().end()) {
            rows.push_back(
                {.table = at.first,
                 .key = at.second,
                 .document = json::serialize(chain->second.document())}
            );
        }
    }
    const Status saved = store_.put_losses(open_->operation, rows);
    if (saved) {
        open_->unsaved.clear();
    } else {
        // Kept in memory and tried again with the next look.
        system::log_error(
            "losses", "the loss book could not be saved", {{"why", saved.error().text}}
        );
    }
}

wire::LossCounts LossKeeper::counts(const OperationId& operation) {
    if (open_ && open_->operation == operation) {
        return open_->book.counts();
    }
    const Result<LossBook> book = load(operation);
    return book ? book->counts() : wire::LossCounts{};
}

Result<json::object> LossKeeper::document(const OperationId& operation) {
    LossBook loaded;
    const LossBook* book = nullptr;
    if (open_ && open_->operation == operation) {
        book = &open_->book;
    } else {
        Result<LossBook> from_store = load(operation);
        if (!from_store) {
            return std::unexpected(std::move(from_store.error()));
        }
        loaded = std::move(*from_store);
        book = &loaded;
    }
    json::array entries;
    for (const auto& [at, chain] : book->chains()) {
        const json::object document_of = chain.document();
        for (const json::value& write : document_of.at("writes").as_array()) {
            json::object entry{{"table", chain.table()}, {"key", document_of.at("key")}};
            for (const auto& field : write.as_object()) {
                entry.insert(field);
            }
            entries.push_back(std::move(entry));
        }
    }
    return json::object{
        {"schema_version", wire::kApiSchemaVersion},
        {"operation", operation.value()},
        {"settled", book->settled()},
        {"truncated", book->truncated()},
        {"counts", wire::loss_document(book->counts())},
        {"entries", std::move(entries)}
    };
}

}  // namespace farshore::controller
