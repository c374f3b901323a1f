#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "base/text.h"
#include "controller/loss_keeper.h"
#include "controller/loss_rows.h"

// The looks at both Regions, which give writes at risk their fate, and when the looks end.
namespace farshore::controller {

namespace {

constexpr std::size_t kKeysPerLook = 2'000;  // of one round; the rest waits for the next
// A write that arrives late may be overwritten by the application soon after: looking often tells
// "applied late" from "suppressed".
constexpr Duration kLookOften = std::chrono::milliseconds{150};
constexpr Duration kLookOftenFor = std::chrono::minutes{15};
constexpr Duration kLookSeldom = std::chrono::seconds{5};
constexpr Duration kLookBudget = std::chrono::seconds{1};
constexpr Duration kIdle = std::chrono::milliseconds{500};

// Of the time that both Regions answered: how much of it may be forgotten when a controller ends.
constexpr Duration kSaveWaitedEvery = std::chrono::minutes{1};

bool is_about_a_table(const Error& error) {
    return error.kind == ErrorKind::not_found || error.kind == ErrorKind::denied ||
           error.kind == ErrorKind::malformed;
}

}  // namespace

net::Task<> LossKeeper::settle() {
    while (true) {
        Duration pause = kIdle;
        std::vector<OperationId> operations;
        for (auto& [operation, open] : open_) {
            close_without_losses(operation, open);
            operations.push_back(operation);
        }
        for (const OperationId& operation : operations) {
            Open* open = find(operation);
            if (open != nullptr && open->examined && !open->book.settled()) {
                const Duration age = edge_.clock.now() - open->opened_at;
                pause = std::min(pause, age < kLookOftenFor ? kLookOften : kLookSeldom);
                co_await look(operation);
            }
            co_await save_all(operation);
            if (open = find(operation); open != nullptr) {
                tell(operation, *open);
            }
        }
        close_settled();
        const bool slept = co_await net::sleep_for(edge_.io, pause);
        if (!slept) {
            co_return;
        }
    }
}

// A planned operation is not examined: what its fences named was drained before the promotion, or
// the operation ended without one.
void LossKeeper::close_without_losses(const OperationId& operation, Open& open) {
    const std::optional<core::OperationRecord> current = sources_.operation();
    if (open.examined || !current || current->plan.id != operation || !current->ended()) {
        return;
    }
    open.examined = true;
    if (current->may_lose() || current->at_risk > 0 ||
        current->outcome == core::Outcome::partly_done) {
        return;
    }
    const std::set<LossBook::At> keys = open.book.open();
    for (const auto& at : keys) {
        open.book.change(at, [&](KeyChain& chain) {
            if (chain.left_out()) {
                chain.at_promotion(std::nullopt);  // no drain has seen it
            } else {
                chain.prove(edge_.clock.wall());
            }
            return true;
        });
        open.unsaved.insert(at);
    }
}

// The next keys without a fate, in turn: keys that stay open for long do not keep the others
// waiting.
std::vector<LossBook::At> LossKeeper::keys_of_look(Open& open) {
    const std::set<LossBook::At>& all = open.book.open();
    const std::size_t wanted = std::min(all.size(), kKeysPerLook);
    std::vector<LossBook::At> keys;
    for (auto at = all.lower_bound(open.next); keys.size() < wanted; ++at) {
        at = at == all.end() ? all.begin() : at;
        keys.push_back(*at);
    }
    if (!keys.empty()) {
        const auto behind = all.upper_bound(keys.back());
        open.next = behind == all.end() ? LossBook::At{} : *behind;
    }
    return keys;
}

net::Task<> LossKeeper::look(OperationId operation) {
    Open* begun = find(operation);
    const std::vector<LossBook::At> keys = keys_of_look(*begun);
    const bool back = sources_.answers(begun->from);
    const RegionId from = begun->from;
    const RegionId to = begun->to;
    auto old_region = std::make_shared<LossReader::Seen>();
    if (back) {
        // The old Region first: what it shows afterwards in the target has come, not gone.
        old_region = co_await reader_.read(from, keys, kLookBudget);
    }
    const auto target = co_await reader_.read(to, keys, kLookBudget);
    Open* open = find(operation);
    if (open == nullptr) {
        co_return;
    }
    settle_refused(*open, *old_region, *target);
    note_looks(operation, *open, *old_region, *target);
    const UtcTime now = edge_.clock.wall();
    const auto seen = [](const LossReader::Digests& digests, const LossBook::At& at) {
        const auto found = digests.find(at);
        return found == digests.end() ? std::nullopt : std::optional{found->second};
    };
    for (const auto& at : keys) {
        // A Region that is back and does not show this key tells nothing: it is not away.
        const bool blind = back && !old_region->found.contains(at);
        const KeySight sight =
            blind ? KeySight{}
                  : KeySight{
                        .old_region = seen(old_region->found, at), .target = seen(target->found, at)
                    };
        const bool changed = open->book.change(at, [&](KeyChain& chain) {
            if (!chain.examined()) {
                chain.at_promotion(std::nullopt);
            }
            bool moved = chain.look(sight, now);
            if (const auto why = why_give_up(*open, at.first); why && !chain.settled()) {
                chain.give_up(now, *why);
                moved = true;
            }
            return moved;
        });
        if (changed) {
            open->unsaved.insert(at);
        }
    }
}

// How many keys are examined by this: the target refuses them, so no item is there that could hide
// a write. Where no other key of the table is answered it may be the table that cannot be read, and
// only keys without an acknowledged write are done with.
std::size_t LossKeeper::examine_refused(Open& open, const LossReader::Seen& target) {
    std::size_t examined = 0;
    for (const auto& [at, why] : target.refused_keys) {
        const KeyChain* chain = open.book.find(at);
        const bool acknowledged =
            chain != nullptr && std::ranges::any_of(chain->writes(), [](const RiskyWrite& write) {
                return write.entry.acknowledged;
            });
        if (acknowledged && target.refused.contains(at.first)) {
            continue;
        }
        ++examined;
        open.book.change(at, [](KeyChain& refused) {
            refused.at_promotion(std::nullopt);
            return true;
        });
        open.unsaved.insert(at);
    }
    return examined;
}

// A key that both Regions refuse costs itself alone. Where neither answers another key of its
// table, and a write under it was acknowledged, it is the table that cannot be read.
void LossKeeper::settle_refused(
    Open& open, LossReader::Seen& old_region, LossReader::Seen& target
) {
    std::map<std::string, bool> all_settled;
    for (const auto& [at, why] : target.refused_keys) {
        bool& settled = all_settled.try_emplace(at.first, true).first->second;
        if (!old_region.refused_keys.contains(at)) {
            settled = false;
            continue;
        }
        const bool answered =
            !old_region.refused.contains(at.first) && !target.refused.contains(at.first);
        const bool changed = open.book.change(at, [&](KeyChain& chain) {
            const bool refused = chain.refuse(edge_.clock.wall(), answered);
            settled = settled && chain.settled();
            return refused;
        });
        if (changed) {
            open.unsaved.insert(at);
        }
    }
    for (const auto& [table, settled] : all_settled) {
        if (settled) {
            old_region.refused.erase(table);
            target.refused.erase(table);
        }
    }
}

// For how long both Regions have answered, and which tables they refuse to read all the same.
void LossKeeper::note_looks(
    const OperationId& operation,
    Open& open,
    const LossReader::Seen& old_region,
    const LossReader::Seen& target
) {
    const Instant now = edge_.clock.now();
    const auto answered = [](const LossReader::Seen& seen) {
        return !seen.found.empty() || !seen.refused_keys.empty() ||
               std::ranges::any_of(seen.refused, [](const auto& each) {
                   return is_about_a_table(each.second);
               });
    };
    if (!answered(old_region) || !answered(target)) {
        open.looked_at.reset();
        open.refused.clear();
        return;
    }
    const Duration before = open.book.waited();
    open.book.note_waited(now - open.looked_at.value_or(now));
    open.looked_at = now;
    if (before / kSaveWaitedEvery != open.book.waited() / kSaveWaitedEvery) {
        open.unsaved.insert(kBookRow);
    }
    const auto is_refused = [&](const std::string& table) {
        return old_region.refused.contains(table) || target.refused.contains(table);
    };
    for (const auto& [at, digest] : target.found) {
        if (!is_refused(at.first)) {
            open.refused.erase(at.first);
        }
    }
    for (const auto& [region, seen] : {std::pair{open.from, &old_region}, {open.to, &target}}) {
        for (const auto& [table, error] : seen->refused) {
            if (!is_about_a_table(error)) {
                continue;
            }
            const auto [known, is_new] = open.refused.try_emplace(
                table, Refused{.since = now, .region = region, .why = error.text}
            );
            if (is_new) {
                system::log_error(
                    "losses",
                    "the fate of writes to table " + table +
                        " cannot be found out, since its keys "
                        "cannot be read in " +
                        region.value() + ": " + error.text,
                    {{"operation", operation.value()},
                     {"remedy",
                      "let the controller read the table, or decide: `farshore losses settle "
                      "--help`"}}
                );
            }
        }
    }
}

std::optional<std::string> LossKeeper::why_give_up(const Open& open, const std::string& table)
    const {
    const config::Losses& limits = edge_.config.losses;
    const auto refused = open.refused.find(table);
    if (refused != open.refused.end() &&
        edge_.clock.now() - refused->second.since >= limits.unreadable_after) {
        return "table " + table + " could not be read in " + refused->second.region.value() +
               " for " + to_text(limits.unreadable_after) +
               " after both Regions answered: " + refused->second.why;
    }
    if (open.book.waited() >= limits.undecided_after) {
        return "not decided though both Regions answered for " + to_text(limits.undecided_after);
    }
    return std::nullopt;
}

}  // namespace farshore::controller
