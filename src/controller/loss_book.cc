#include "controller/loss_book.h"

#include <algorithm>

namespace farshore::controller {

std::optional<std::size_t> KeyChain::place(RiskyWrite write) {
    if (knows(write) || writes_.size() >= kWritesPerKeyMax) {
        return std::nullopt;
    }
    const auto placed = writes_.insert(place_of(write), std::move(write));
    const auto next = placed + 1;
    by_time_ = by_time_ &&
               (placed == writes_.begin() || (placed - 1)->entry.at <= placed->entry.at) &&
               (next == writes_.end() || placed->entry.at <= next->entry.at);
    return placed - writes_.begin();
}

bool KeyChain::add(HostId host, wire::LedgerEntry entry) {
    if (!place({.host = std::move(host), .entry = std::move(entry)})) {
        return false;
    }
    if (examined_) {
        // A late comer: judge the whole chain anew against what was known at the promotion.
        settled_at_.reset();
        reason_.clear();
        for (RiskyWrite& each : writes_) {
            each.fate = Fate::at_risk;
        }
        at_promotion(promotion_digest_);
    }
    return true;
}

bool KeyChain::add_proven(HostId host, wire::LedgerEntry entry) {
    const auto placed = place(
        {.host = std::move(host), .entry = std::move(entry), .fate = Fate::present, .proven = true}
    );
    // Nothing else is judged anew: what is known of the writes on top of it stays.
    for (std::size_t under = 0; examined_ && under < placed.value_or(0); ++under) {
        writes_[under].fate = Fate::present;
    }
    return placed.has_value();
}

bool KeyChain::knows(const RiskyWrite& write) const {
    const auto is_the_same = [&write](const RiskyWrite& other) {
        return other.entry.at == write.entry.at && other.entry.order == write.entry.order &&
               other.host == write.host && other.entry.op == write.entry.op &&
               other.entry.hash == write.entry.hash && other.entry.epoch == write.entry.epoch;
    };
    if (!by_time_) {
        return std::ranges::any_of(writes_, is_the_same);
    }
    const auto same_time = std::ranges::equal_range(
        writes_, write.entry.at, {}, [](const RiskyWrite& other) { return other.entry.at; }
    );
    return std::ranges::any_of(same_time, is_the_same);
}

std::vector<RiskyWrite>::iterator KeyChain::place_of(const RiskyWrite& write) {
    const auto is_before = [&write](const RiskyWrite& other) {
        if (other.host == write.host && other.entry.order > 0 && write.entry.order > 0) {
            return other.entry.order < write.entry.order;
        }
        return other.entry.at <= write.entry.at;
    };
    const auto is_of_this_host = [&write](const RiskyWrite& other) {
        return other.host == write.host;
    };
    // Behind the host's own earlier writes, before its later ones; between them by the times.
    const auto after_own = std::find_if(writes_.rbegin(), writes_.rend(), [&](const auto& other) {
                               return is_of_this_host(other) && is_before(other);
                           }).base();
    return std::find_if_not(after_own, writes_.end(), is_before);
}

void KeyChain::at_promotion(std::optional<std::string> digest) {
    examined_ = true;
    promotion_digest_ = std::move(digest);
    // What the target held was written by the last write with that digest, or lies on top of one
    // that a host had seen there: earlier ones lie under it.
    const bool tells = promotion_digest_ && !promotion_digest_->empty();
    const auto is_there = [&](const RiskyWrite& write) {
        return write.proven || (tells && write.entry.hash == *promotion_digest_);
    };
    const auto end = std::find_if(writes_.rbegin(), writes_.rend(), is_there).base();
    for (auto under = writes_.begin(); under != end; ++under) {
        under->fate = Fate::present;
    }
}

bool KeyChain::is_at_risk_digest(const std::optional<std::string>& digest) const {
    return digest && std::ranges::any_of(writes_, [&](const RiskyWrite& write) {
               return write.fate == Fate::at_risk && !write.entry.hash.empty() &&
                      write.entry.hash == *digest;
           });
}

bool KeyChain::is_last_digest(const std::optional<std::string>& digest) const {
    return digest && !writes_.empty() && !writes_.back().entry.hash.empty() &&
           writes_.back().entry.hash == *digest;
}

void KeyChain::settle(Fate fate, UtcTime now) {
    for (RiskyWrite& write : writes_) {
        if (write.fate == Fate::at_risk) {
            // Without a digest the items do not tell whether it is lost.
            const bool lost = fate == Fate::never_arrived || fate == Fate::suppressed;
            write.fate = lost && write.entry.hash.empty() ? Fate::unknown : fate;
        }
    }
    settled_at_ = now;
}

bool KeyChain::look(const KeySight& sight, UtcTime now) {
    if (settled() || !examined_) {
        return false;
    }
    const bool nothing_at_risk = std::ranges::none_of(writes_, [](const RiskyWrite& write) {
        return write.fate == Fate::at_risk;
    });
    if (nothing_at_risk) {
        settled_at_ = now;
        return true;
    }
    if (!sight.target) {
        return false;
    }
    const bool away = !sight.old_region;
    const bool equal = sight.old_region == sight.target;
    if (is_at_risk_digest(sight.target) && (equal || is_last_digest(sight.target))) {
        // Without a reading before the promotion, what is there while the old Region is away was
        // there.
        settle(away && !promotion_digest_ ? Fate::present : Fate::applied_late, now);
        return true;
    }
    if (away) {
        const bool newly = promotion_digest_ && *sight.target != *promotion_digest_ &&
                           !changed_before_return_ && !is_at_risk_digest(sight.target);
        changed_before_return_ = changed_before_return_ || newly;
        return newly;
    }
    if (is_at_risk_digest(sight.old_region)) {
        return false;  // it is still under way
    }
    if (!promotion_digest_) {
        if (equal) {
            settle(Fate::unknown, now);
        }
        return equal;
    }
    if (changed_before_return_) {
        settle(
            Fate::suppressed, now
        );  // the new Region had written the key before anything could arrive
        return true;
    }
    if (*sight.target != *promotion_digest_) {
        // It was written again between two looks around the return: on top of what had just
        // arrived, or before that could. The items do not tell which.
        settle(Fate::unknown, now);
        return true;
    }
    if (equal) {
        settle(Fate::never_arrived, now);
    }
    return equal;
}

void KeyChain::prove(UtcTime now) {
    examined_ = true;
    settle(Fate::present, now);
}

bool KeyChain::refuse(UtcTime now, bool acknowledged_too) {
    bool changed = false;
    bool open = false;
    for (RiskyWrite& write : writes_) {
        if (write.fate != Fate::at_risk) {
            continue;
        }
        if (write.entry.acknowledged && !acknowledged_too) {
            open = true;
            continue;
        }
        write.fate = write.entry.acknowledged ? Fate::unknown : Fate::never_arrived;
        changed = true;
    }
    if (!open && !settled()) {
        examined_ = true;
        settled_at_ = now;
        reason_ = "each Region refuses a key like this";
        changed = true;
    }
    return changed;
}

void KeyChain::give_up(UtcTime now, std::string reason) {
    if (!settled()) {
        settle(Fate::unknown, now);
        reason_ = std::move(reason);
    }
}

std::size_t KeyChain::decide(Fate fate, UtcTime now, std::string reason) {
    std::size_t decided = 0;
    for (RiskyWrite& write : writes_) {
        if (write.fate == Fate::at_risk || write.fate == Fate::unknown) {
            write.fate = fate;
            ++decided;
        }
    }
    if (decided > 0) {
        examined_ = true;
        settled_at_ = now;
        reason_ = std::move(reason);
    }
    return decided;
}

bool KeyChain::left_out() const {
    return std::ranges::any_of(writes_, [](const RiskyWrite& write) {
        return write.entry.left_out;
    });
}

namespace {

// Adds up the acknowledged writes of a chain, or takes them out again.
void count(const KeyChain& chain, bool add, wire::LossCounts& counts) {
    const auto change = [add](std::uint64_t& number) {
        number = add ? number + 1 : number - 1;
    };
    for (const RiskyWrite& write : chain.writes()) {
        if (!write.entry.acknowledged || write.proven) {
            continue;
        }
        if (write.fate != Fate::present) {
            change(counts.at_risk);
        }
        switch (write.fate) {
            case Fate::present: change(counts.present); break;
            case Fate::applied_late: change(counts.applied_late); break;
            case Fate::suppressed: change(counts.suppressed); break;
            case Fate::never_arrived: change(counts.never_arrived); break;
            case Fate::at_risk:
            case Fate::unknown: change(counts.unknown); break;
        }
    }
}

std::uint64_t acknowledged_writes(const KeyChain& chain) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        chain.writes(),
        [](const RiskyWrite& write) {
            return write.entry.acknowledged && write.fate == Fate::at_risk;
        }
    ));
}

}  // namespace

void LossBook::leave(const KeyChain& chain) {
    count(chain, false, counts_);
    open_writes_ -= chain.settled() ? 0 : acknowledged_writes(chain);
}

void LossBook::enter(const At& at, const KeyChain& chain) {
    count(chain, true, counts_);
    if (chain.settled()) {
        open_.erase(at);
    } else {
        open_.insert(at);
        open_writes_ += acknowledged_writes(chain);
    }
}

const KeyChain* LossBook::add(const HostId& host, const wire::LedgerEntry& entry) {
    if (writes_ >= writes_max_) {
        note_truncated();
        return nullptr;
    }
    const At at{entry.table.value(), entry.key};
    const auto found = chains_.try_emplace(at, at.first, at.second).first;
    change(at, [&](KeyChain& chain) {
        writes_ += chain.add(host, entry) ? 1 : 0;
        auto aside = aside_.lower_bound({at, HostId{}});
        while (aside != aside_.end() && aside->first.first == at) {
            writes_ += chain.add_proven(aside->first.second, std::move(aside->second)) ? 1 : 0;
            aside = aside_.erase(aside);
        }
        return true;
    });
    return &found->second;
}

const KeyChain* LossBook::add_proven(const HostId& host, const wire::LedgerEntry& entry) {
    const At at{entry.table.value(), entry.key};
    const auto found = chains_.find(at);
    if (found == chains_.end()) {
        if (aside_.size() < aside_max_) {
            aside_.insert_or_assign({at, host}, entry);
        }
        return nullptr;
    }
    const bool changed = change(at, [&](KeyChain& chain) { return chain.add_proven(host, entry); });
    writes_ += changed ? 1 : 0;
    return changed ? &found->second : nullptr;
}

void LossBook::restore(KeyChain chain) {
    writes_ += chain.writes().size();
    const At at{chain.table(), chain.key()};
    const auto entered = chains_.insert_or_assign(at, std::move(chain)).first;
    enter(at, entered->second);
}

const KeyChain* LossBook::find(const At& at) const {
    const auto found = chains_.find(at);
    return found == chains_.end() ? nullptr : &found->second;
}

}  // namespace farshore::controller
