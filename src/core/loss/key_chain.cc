#include "core/loss/key_chain.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

namespace {

// Adds an acknowledged write to the sums, or takes it out again. No client was told that the others
// had happened.
void count(const RiskyWrite& write, bool add, KeyChain::Sums& sums) {
    if (!write.entry.acknowledged || write.proven) {
        return;
    }
    const auto change = [add](std::uint64_t& number) {
        number = add ? number + 1 : number - 1;
    };
    if (write.fate != Fate::present) {
        change(sums.counts.at_risk);
    }
    switch (write.fate) {
        case Fate::present: change(sums.counts.present); break;
        case Fate::applied_late: change(sums.counts.applied_late); break;
        case Fate::suppressed: change(sums.counts.suppressed); break;
        case Fate::never_arrived: change(sums.counts.never_arrived); break;
        case Fate::at_risk: change(sums.open); [[fallthrough]];
        case Fate::unknown: change(sums.counts.unknown); break;
    }
}

}  // namespace

KeyChain::KeyChain(KeptChain kept) : kept_(std::move(kept)) {
    by_time_ = std::ranges::is_sorted(kept_.writes, {}, [](const RiskyWrite& write) {
        return write.entry.at;
    });
    for (const RiskyWrite& write : kept_.writes) {
        count(write, true, sums_);
    }
}

void KeyChain::give(RiskyWrite& write, Fate fate) {
    count(write, false, sums_);
    write.fate = fate;
    count(write, true, sums_);
}

std::optional<std::size_t> KeyChain::place(RiskyWrite write, Standing standing) {
    if (knows(write) || kept_.writes.size() >= kWritesPerKeyMax) {
        return std::nullopt;
    }
    std::vector<RiskyWrite>& writes = kept_.writes;
    const auto placed = writes.insert(place_of(write, standing), std::move(write));
    count(*placed, true, sums_);
    const auto next = placed + 1;
    by_time_ = by_time_ &&
               (placed == writes.begin() || (placed - 1)->entry.at <= placed->entry.at) &&
               (next == writes.end() || placed->entry.at <= next->entry.at);
    return placed - writes.begin();
}

bool KeyChain::add(HostId host, LedgerEntry entry, Standing standing) {
    const auto placed = place({.host = std::move(host), .entry = std::move(entry)}, standing);
    if (!placed || !kept_.examined) {
        return placed.has_value();
    }
    // A late comer: judge the whole chain anew against what was known at the promotion.
    kept_.settled_at.reset();
    kept_.reason.clear();
    if (!fresh_) {
        for (RiskyWrite& write : kept_.writes) {
            give(write, Fate::at_risk);
        }
        judge_at_promotion();
    } else if (*placed < found_) {
        give(kept_.writes[*placed], Fate::present);
        ++found_;
    } else if (was_there(kept_.writes[*placed])) {
        found_up_to(*placed + 1);
    }
    return true;
}

bool KeyChain::add_proven(HostId host, LedgerEntry entry) {
    const auto placed = place(
        {.host = std::move(host), .entry = std::move(entry), .fate = Fate::present, .proven = true}
    );
    if (placed && kept_.examined) {
        // Nothing else is judged anew: what is known of the writes on top of it stays.
        for (std::size_t under = fresh_ ? found_ : 0; under < *placed; ++under) {
            give(kept_.writes[under], Fate::present);
        }
        found_ = *placed < found_ ? found_ + 1 : *placed + 1;
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
        return std::ranges::any_of(kept_.writes, is_the_same);
    }
    const auto same_time = std::ranges::equal_range(
        kept_.writes, write.entry.at, {}, [](const RiskyWrite& other) { return other.entry.at; }
    );
    return std::ranges::any_of(same_time, is_the_same);
}

std::vector<RiskyWrite>::iterator KeyChain::place_of(const RiskyWrite& write, Standing standing) {
    const auto is_before = [&write](const RiskyWrite& other) {
        if (other.host == write.host && other.entry.order > 0 && write.entry.order > 0) {
            return other.entry.order < write.entry.order;
        }
        return other.entry.at <= write.entry.at;
    };
    const auto is_of_this_host = [&write](const RiskyWrite& other) {
        return other.host == write.host;
    };
    std::vector<RiskyWrite>& writes = kept_.writes;
    // Behind the host's own earlier writes, before its later ones; between them by the times.
    const auto after_own =
        std::find_if(writes.rbegin(), writes.rend(), [&](const auto& other) {
            return is_of_this_host(other) && (standing == Standing::last || is_before(other));
        }).base();
    return std::find_if_not(after_own, writes.end(), is_before);
}

void KeyChain::at_promotion(std::optional<std::string> digest) {
    kept_.examined = true;
    kept_.promotion_digest = std::move(digest);
    judge_at_promotion();
}

bool KeyChain::was_there(const RiskyWrite& write) const {
    const std::optional<std::string>& digest = kept_.promotion_digest;
    return write.proven || (digest && !digest->empty() && write.entry.hash == *digest);
}

// What the target held was written by the last write with that digest, or lies on top of one that a
// host had seen there: earlier ones lie under it.
void KeyChain::judge_at_promotion() {
    std::vector<RiskyWrite>& writes = kept_.writes;
    fresh_ = std::ranges::all_of(writes, [](const RiskyWrite& write) {
        return write.proven || write.fate == Fate::at_risk;
    });
    found_ = 0;
    const auto end = std::find_if(writes.rbegin(), writes.rend(), [this](const RiskyWrite& write) {
                         return was_there(write);
                     }).base();
    found_up_to(static_cast<std::size_t>(end - writes.begin()));
}

void KeyChain::found_up_to(std::size_t end) {
    for (; found_ < end; ++found_) {
        give(kept_.writes[found_], Fate::present);
    }
}

bool KeyChain::is_at_risk_digest(const std::optional<std::string>& digest) const {
    return digest && std::ranges::any_of(kept_.writes, [&](const RiskyWrite& write) {
               return write.fate == Fate::at_risk && !write.entry.hash.empty() &&
                      write.entry.hash == *digest;
           });
}

bool KeyChain::is_last_digest(const std::optional<std::string>& digest) const {
    return digest && !kept_.writes.empty() && !kept_.writes.back().entry.hash.empty() &&
           kept_.writes.back().entry.hash == *digest;
}

void KeyChain::settle(Fate fate, UtcTime now) {
    for (RiskyWrite& write : kept_.writes) {
        if (write.fate == Fate::at_risk) {
            // Without a digest the items do not tell whether it is lost.
            const bool lost = fate == Fate::never_arrived || fate == Fate::suppressed;
            give(write, lost && write.entry.hash.empty() ? Fate::unknown : fate);
        }
    }
    kept_.settled_at = now;
    fresh_ = false;
}

bool KeyChain::look(const KeySight& sight, UtcTime now) {
    if (settled() || !kept_.examined) {
        return false;
    }
    const std::optional<std::string>& promoted = kept_.promotion_digest;
    const bool nothing_at_risk = std::ranges::none_of(kept_.writes, [](const RiskyWrite& write) {
        return write.fate == Fate::at_risk;
    });
    if (nothing_at_risk) {
        kept_.settled_at = now;
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
        settle(away && !promoted ? Fate::present : Fate::applied_late, now);
        return true;
    }
    if (away) {
        const bool newly = promoted && *sight.target != *promoted && !kept_.changed_before_return &&
                           !is_at_risk_digest(sight.target);
        kept_.changed_before_return = kept_.changed_before_return || newly;
        return newly;
    }
    if (is_at_risk_digest(sight.old_region)) {
        return false;  // it is still under way
    }
    if (!promoted) {
        if (equal) {
            settle(Fate::unknown, now);
        }
        return equal;
    }
    if (kept_.changed_before_return) {
        // The new Region had written the key before anything could arrive.
        settle(Fate::suppressed, now);
        return true;
    }
    if (*sight.target != *promoted) {
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
    kept_.examined = true;
    settle(Fate::present, now);
}

bool KeyChain::refuse(UtcTime now, bool acknowledged_too) {
    bool changed = false;
    bool open = false;
    for (RiskyWrite& write : kept_.writes) {
        if (write.fate != Fate::at_risk) {
            continue;
        }
        if (write.entry.acknowledged && !acknowledged_too) {
            open = true;
            continue;
        }
        give(write, write.entry.acknowledged ? Fate::unknown : Fate::never_arrived);
        changed = true;
    }
    if (!open && !settled()) {
        kept_.examined = true;
        kept_.settled_at = now;
        kept_.reason = "each Region refuses a key like this";
        changed = true;
    }
    fresh_ = fresh_ && !changed;
    return changed;
}

void KeyChain::give_up(UtcTime now, std::string reason) {
    if (!settled()) {
        settle(Fate::unknown, now);
        kept_.reason = std::move(reason);
    }
}

std::size_t KeyChain::decide(Fate fate, UtcTime now, const std::string& reason) {
    std::size_t decided = 0;
    for (RiskyWrite& write : kept_.writes) {
        if (write.fate == Fate::at_risk || write.fate == Fate::unknown) {
            give(write, fate);
            ++decided;
        }
    }
    if (decided > 0) {
        kept_.examined = true;
        kept_.settled_at = now;
        kept_.reason = reason;
        fresh_ = false;
    }
    return decided;
}

bool KeyChain::left_out() const {
    return std::ranges::any_of(kept_.writes, [](const RiskyWrite& write) {
        return write.entry.left_out;
    });
}

bool KeyChain::has_acknowledged() const {
    return std::ranges::any_of(kept_.writes, [](const RiskyWrite& write) {
        return write.entry.acknowledged;
    });
}

}  // namespace farshore::core
