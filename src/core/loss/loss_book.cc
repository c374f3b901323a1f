#include "core/loss/loss_book.h"

#include <algorithm>

namespace farshore::core {

// A chain leaves the book's sums before it changes, and enters them again afterwards.
void LossBook::leave(const KeyChain& chain) {
    const LossCounts& of_chain = chain.sums().counts;
    counts_.at_risk -= of_chain.at_risk;
    counts_.present -= of_chain.present;
    counts_.applied_late -= of_chain.applied_late;
    counts_.suppressed -= of_chain.suppressed;
    counts_.never_arrived -= of_chain.never_arrived;
    counts_.unknown -= of_chain.unknown;
    open_writes_ -= chain.settled() ? 0 : chain.sums().open;
}

void LossBook::enter(const At& at, const KeyChain& chain) {
    const LossCounts& of_chain = chain.sums().counts;
    counts_.at_risk += of_chain.at_risk;
    counts_.present += of_chain.present;
    counts_.applied_late += of_chain.applied_late;
    counts_.suppressed += of_chain.suppressed;
    counts_.never_arrived += of_chain.never_arrived;
    counts_.unknown += of_chain.unknown;
    if (chain.settled()) {
        open_.erase(at);
    } else {
        open_.insert(at);
        open_writes_ += chain.sums().open;
    }
}

const KeyChain* LossBook::add(const HostId& host, const LedgerEntry& entry) {
    if (writes_ >= writes_max_) {
        note_truncated();
        return nullptr;
    }
    const auto told = told_.find(host);
    const bool again = told != told_.end() && entry.order > 0 && entry.order <= told->second;
    const auto standing = again ? KeyChain::Standing::last : KeyChain::Standing::by_order;
    const At at{entry.table.value(), entry.key};
    const auto found = chains_.try_emplace(at, at.first, at.second).first;
    change(at, [&](KeyChain& chain) {
        auto aside = aside_.lower_bound({at, HostId{}});
        while (aside != aside_.end() && aside->first.first == at) {
            writes_ += chain.add_proven(aside->first.second, std::move(aside->second)) ? 1 : 0;
            aside = aside_.erase(aside);
        }
        writes_ += chain.add(host, entry, standing) ? 1 : 0;
        return true;
    });
    return &found->second;
}

const KeyChain* LossBook::add_proven(const HostId& host, const LedgerEntry& entry) {
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
    for (const RiskyWrite& write : chain.writes()) {
        note_told(write.host, truncated() ? 0 : write.entry.order);
    }
    const At at{chain.table(), chain.key()};
    const auto entered = chains_.insert_or_assign(at, std::move(chain)).first;
    enter(at, entered->second);
}

void LossBook::note_told(const HostId& host, std::uint64_t order) {
    std::uint64_t& told = told_[host];
    told = std::max(told, order);
}

const KeyChain* LossBook::find(const At& at) const {
    const auto found = chains_.find(at);
    return found == chains_.end() ? nullptr : &found->second;
}

}  // namespace farshore::core
