#include <algorithm>
#include <utility>

#include "base/text.h"
#include "core/loss/settling.h"
#include "core/planted.h"

// The reading before the promotion, the looks at both Regions that give writes at risk their fate,
// and when the looks end.
namespace farshore::core {

namespace {

constexpr std::size_t kKeysPerLook = 2'000;  // of one round; the rest waits for the next
// A write that arrives late may be overwritten by the application soon after: looking often tells
// "applied late" from "suppressed".
constexpr Duration kLookOften = std::chrono::milliseconds{150};
constexpr Duration kLookOftenFor = std::chrono::minutes{15};
constexpr Duration kLookSeldom = std::chrono::seconds{5};
constexpr Duration kLookBudget = std::chrono::seconds{1};

// Of the time that both Regions answered: how much of it may be forgotten when a controller ends.
constexpr Duration kSaveWaitedEvery = std::chrono::minutes{1};

bool is_about_a_table(const Error& error) {
    return error.kind == ErrorKind::not_found || error.kind == ErrorKind::denied ||
           error.kind == ErrorKind::malformed;
}

bool answered(const KeysSeen& seen) {
    return !seen.found.empty() || !seen.refused_keys.empty() ||
           std::ranges::any_of(seen.refused, [](const auto& each) {
               return is_about_a_table(each.second);
           });
}

std::optional<std::string> digest_of(const KeysSeen& seen, const LossBook::At& at) {
    const auto found = seen.found.find(at);
    return found == seen.found.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace

void Settling::on(const ExamineLosses& input) {
    if (!is_current(input.step.operation)) {
        return;
    }
    std::vector<At> keys;
    for (const auto& [at, chain] : open(moment_.operation->plan).book.chains()) {
        if (!chain.examined()) {
            keys.push_back(at);
        }
    }
    const std::uint64_t ticket = ++tickets_;
    readings_.emplace(
        ticket, Reading{.operation = input.step.operation, .keys = keys, .examines = input}
    );
    actions_.emplace_back(ReadKeys{
        .ticket = ticket,
        .region = is_planted(PlantedBug::examined_where_written) ? input.from : input.to,
        .keys = std::move(keys),
        .budget = input.budget
    });
}

void Settling::on(KeysRead input) {
    auto node = readings_.extract(input.ticket);
    Open* open = node.empty() ? nullptr : find_open(node.mapped().operation);
    if (open == nullptr) {
        return;
    }
    Reading& reading = node.mapped();
    if (reading.examines) {
        examined(*reading.examines, reading.keys.size(), input.seen);
    } else if (reading.of_old_region) {
        const std::uint64_t ticket = ++tickets_;
        actions_.emplace_back(ReadKeys{
            .ticket = ticket, .region = open->to, .keys = reading.keys, .budget = kLookBudget
        });
        reading.of_old_region = false;
        reading.old_region = std::move(input.seen);
        readings_.emplace(ticket, std::move(reading));
    } else {
        judge(*open, reading, std::move(input.seen));
        save(reading.operation, *open);
    }
}

// Before the promotion: what the agents have named they will not name again, so it is saved first.
void Settling::examined(const ExamineLosses& asked, std::size_t keys, const KeysSeen& seen) {
    const OperationId& operation = asked.step.operation;
    Open& open = *find_open(operation);
    for (const auto& [at, digest] : seen.found) {
        open.book.change(at, [&digest](KeyChain& chain) {
            chain.at_promotion(digest);
            return true;
        });
        changed(open, at);
    }
    const std::size_t refused = examine_refused(open, seen);
    open.examined = true;
    const LossCounts& counts = open.book.counts();
    LossesExamined told{
        .step = asked.step,
        .complete = seen.found.size() + refused == keys,
        .at_risk = static_cast<std::uint32_t>(counts.at_risk),
        .detail = std::to_string(seen.found.size()) + " of " + std::to_string(keys) +
                  " keys read, " + std::to_string(counts.at_risk) +
                  " acknowledged writes at risk, " + std::to_string(counts.present) +
                  " found present"
    };
    if (refused > 0) {
        told.detail += "; " + std::to_string(refused) + " keys refused";
    }
    if (open.book.truncated()) {
        told.detail +=
            "; a host could not name every write that it had not proven, so more "
            "may be at risk";
    }
    if (!told.complete) {
        for (const auto& [table, error] : seen.refused) {
            told.detail += "; table " + table + " could not be read: " + error.text;
        }
    }
    wait({.then = std::move(told), .books = {operation}});
}

// How many keys are examined by this: the target refuses them, so no item is there that could hide
// a write. Where no other key of the table is answered it may be the table that cannot be read, and
// only keys without an acknowledged write are done with.
std::size_t Settling::examine_refused(Open& open, const KeysSeen& target) {
    std::size_t examined = 0;
    for (const At& at : target.refused_keys) {
        const KeyChain* chain = open.book.find(at);
        const bool acknowledged = chain != nullptr && chain->has_acknowledged();
        if (acknowledged && target.refused.contains(at.first)) {
            continue;
        }
        ++examined;
        open.book.change(at, [](KeyChain& refused) {
            refused.at_promotion(std::nullopt);
            return true;
        });
        changed(open, at);
    }
    return examined;
}

// A planned operation is not examined: what its fences named was drained before the promotion, or
// the operation ended without one. What was named behind the promotion (its chain is examined, as
// far as it could be) was in no drain, and is looked at.
void Settling::end_without_losses(const OperationId& operation, Open& open) {
    const OperationRecord* current = moment_.operation;
    if (open.examined || current == nullptr) {
        return;
    }
    if (current->plan.id != operation) {
        open.examined = true;  // it has ended, and the next one has begun at once
        return;
    }
    if (!current->ended()) {
        return;
    }
    open.examined = true;
    if (current->may_lose() || current->at_risk > 0 || current->outcome == Outcome::partly_done) {
        return;
    }
    const std::set<At> keys = open.book.open();
    for (const At& at : keys) {
        open.book.change(at, [this](KeyChain& chain) {
            if (chain.examined()) {
                return false;
            }
            if (chain.left_out()) {
                chain.at_promotion(std::nullopt);  // no drain has seen it
            } else {
                chain.prove(moment_.now.wall);
            }
            return true;
        });
        changed(open, at);
    }
}

// The next keys without a fate, in turn: keys that stay open for long do not keep the others
// waiting.
std::vector<Settling::At> Settling::keys_of_look(Open& open) {
    const std::set<At>& all = open.book.open();
    const std::size_t wanted = std::min(all.size(), kKeysPerLook);
    std::vector<At> keys;
    for (auto at = all.lower_bound(open.next); keys.size() < wanted; ++at) {
        at = at == all.end() ? all.begin() : at;
        keys.push_back(*at);
    }
    if (!keys.empty()) {
        const auto behind = all.upper_bound(keys.back());
        open.next = behind == all.end() ? At{} : *behind;
    }
    return keys;
}

// The old Region first: what it shows afterwards in the target has come, not gone.
void Settling::look(const OperationId& operation, Open& open, bool old_region_answers) {
    open.looking = true;
    const std::uint64_t ticket = ++tickets_;
    Reading reading{
        .operation = operation, .keys = keys_of_look(open), .of_old_region = old_region_answers
    };
    actions_.emplace_back(ReadKeys{
        .ticket = ticket,
        .region = old_region_answers && !is_planted(PlantedBug::one_region_compared) ? open.from
                                                                                     : open.to,
        .keys = reading.keys,
        .budget = kLookBudget
    });
    readings_.emplace(ticket, std::move(reading));
}

void Settling::judge(Open& open, Reading& reading, KeysSeen target) {
    const bool back = reading.old_region.has_value();
    KeysSeen old_region = std::move(reading.old_region).value_or(KeysSeen{});
    const Duration age = moment_.now.at - open.opened_at;
    open.looking = false;
    open.look_at = moment_.now.at + (age < kLookOftenFor ? kLookOften : kLookSeldom);
    settle_refused(open, old_region, target);
    note_looks(reading.operation, open, old_region, target);
    for (const At& at : reading.keys) {
        KeySight sight{.old_region = digest_of(old_region, at), .target = digest_of(target, at)};
        if (back && !sight.old_region) {
            sight.target.reset();  // a Region that is back and does not show the key is not away
        }
        const bool moved = open.book.change(at, [&](KeyChain& chain) {
            if (!chain.examined()) {
                chain.at_promotion(std::nullopt);
            }
            const bool seen = chain.look(sight, moment_.now.wall);
            const auto why = why_give_up(open, at.first);
            const bool given_up = why && !chain.settled();
            if (given_up) {
                chain.give_up(moment_.now.wall, *why);
            }
            return seen || given_up;
        });
        if (moved) {
            changed(open, at);
        }
    }
}

// A key that both Regions refuse costs itself alone. Where neither answers another key of its
// table, and a write under it was acknowledged, it is the table that cannot be read.
void Settling::settle_refused(Open& open, KeysSeen& old_region, KeysSeen& target) {
    std::map<std::string, bool> all_settled;
    for (const At& at : target.refused_keys) {
        bool& settled = all_settled.try_emplace(at.first, true).first->second;
        if (!old_region.refused_keys.contains(at)) {
            settled = false;
            continue;
        }
        const bool others_answered =
            !old_region.refused.contains(at.first) && !target.refused.contains(at.first);
        const bool moved = open.book.change(at, [&](KeyChain& chain) {
            const bool refused = chain.refuse(moment_.now.wall, others_answered);
            settled = settled && chain.settled();
            return refused;
        });
        if (moved) {
            changed(open, at);
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
void Settling::note_looks(
    const OperationId& operation, Open& open, const KeysSeen& old_region, const KeysSeen& target
) {
    const Instant now = moment_.now.at;
    if (!answered(old_region) || !answered(target)) {
        open.both_answered_at.reset();
        open.refused.clear();
        return;
    }
    const Duration before = open.book.waited();
    open.book.note_waited(now - open.both_answered_at.value_or(now));
    open.both_answered_at = now;
    if (before / kSaveWaitedEvery != open.book.waited() / kSaveWaitedEvery) {
        book_changed(open);
    }
    for (const auto& [at, digest] : target.found) {
        if (!old_region.refused.contains(at.first) && !target.refused.contains(at.first)) {
            open.refused.erase(at.first);
        }
    }
    note_refused(operation, open, open.from, old_region);
    note_refused(operation, open, open.to, target);
}

void Settling::note_refused(
    const OperationId& operation, Open& open, const RegionId& region, const KeysSeen& seen
) {
    for (const auto& [table, error] : seen.refused) {
        if (!is_about_a_table(error)) {
            continue;
        }
        const bool is_new =
            open.refused
                .try_emplace(
                    table, Refused{.since = moment_.now.at, .region = region, .why = error.text}
                )
                .second;
        if (is_new) {
            actions_.emplace_back(TableUnreadable{
                .operation = operation, .table = table, .region = region, .why = error.text
            });
        }
    }
}

std::optional<std::string> Settling::why_give_up(const Open& open, const std::string& table) const {
    const auto refused = open.refused.find(table);
    if (refused != open.refused.end() &&
        moment_.now.at - refused->second.since >= limits_.unreadable_after) {
        return "table " + table + " could not be read in " + refused->second.region.value() +
               " for " + to_text(limits_.unreadable_after) +
               " after both Regions answered: " + refused->second.why;
    }
    if (open.book.waited() >= limits_.undecided_after) {
        return "not decided though both Regions answered for " + to_text(limits_.undecided_after);
    }
    return std::nullopt;
}

}  // namespace farshore::core
