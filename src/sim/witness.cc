#include "sim/witness.h"

#include <algorithm>
#include <unordered_set>

#include "sim/controller_site.h"
#include "sim/scene.h"
#include "sim/tables.h"

namespace farshore::sim {

namespace {

// Behind the end of a failover nothing more is decided about an outage that goes on.
constexpr Duration kBehindTheEnd = 45s;
// Nor when the same guards have refused for so many seconds, and none of them waits for a time.
constexpr int kSameFor = 30;

std::unordered_set<WriteId> ids_in(const Tables::Version* newest) {
    std::unordered_set<WriteId> ids;
    for (const Tables::Version* at = newest; at != nullptr; at = at->before) {
        ids.insert(at->id);
    }
    return ids;
}

}  // namespace

int Facts::fired() const {
    return static_cast<int>(std::ranges::count_if(changes, &Change::automatic));
}

Witness::Witness(LikelyWeather weather, const Script& script, Duration rto)
    : spell_(spell_of(script)), rto_(rto) {
    facts_.weather = weather;
    facts_.wanted = row_of(weather).harm == Harm::all && spell_.until - spell_.from > rto;
}

Duration Witness::story() const {
    return scene_->calendar.story();
}

Judgement Witness::judge(const core::Plan& plan) const {
    const Harm harm = row_of(facts_.weather).harm;
    const bool there = plan.from == region_id(0) || plan.users_before == region_id(0);
    if (harm == Harm::none || !there || story() < spell_.from || story() > spell_.until) {
        return Judgement::unwanted;
    }
    return harm == Harm::partial ? Judgement::arguable
           : facts_.wanted       ? Judgement::right
                                 : Judgement::blip;
}

Change* Witness::running() {
    const bool runs = !facts_.changes.empty() && !facts_.changes.back().ended;
    return runs ? &facts_.changes.back() : nullptr;
}

void Witness::acknowledged(std::size_t key, WriteId id, Epoch epoch) {
    writes_[key].push_back({.id = id, .epoch = epoch, .at = story()});
    if (Change* change = running()) {
        change->longest_pause = std::max(change->longest_pause, story() - last_acknowledged_);
    }
    if (!facts_.changes.empty() && epoch >= promised_ && !facts_.changes.back().first_write) {
        facts_.changes.back().first_write = since();
    }
    last_acknowledged_ = story();
}

void Witness::spoiled() {
    if (Change* change = running()) {
        ++change->spoiled;
    }
}

void Witness::saved(const core::AppRecord& record) {
    if (!record.operation) {
        return;
    }
    const core::OperationRecord& operation = *record.operation;
    const core::Plan& plan = operation.plan;
    if (plan.id != operation_) {
        operation_ = plan.id;
        promised_ = plan.promotes() ? plan.epoch_after : kEpochMax;
        last_acknowledged_ = story();
        facts_.changes.push_back(
            {.automatic = plan.automatic, .judgement = judge(plan), .decided = since()}
        );
    }
    Change& change = facts_.changes.back();
    change.needed_person = change.needed_person || operation.waits_for_person() ||
                           operation.outcome == core::Outcome::partly_done;
    const std::optional<std::size_t> at = plan.find(core::StepKind::fence);
    if (at && !change.fenced && operation.runs.at(*at).life == core::StepLife::succeeded) {
        fence(plan, change);
    }
    if (operation.ended() && !change.ended) {
        change.outcome = operation.outcome;
        change.ended = since();
    }
}

void Witness::fence(const core::Plan& plan, Change& change) {
    change.fenced = since();
    if (!plan.promotes()) {
        return;
    }
    std::optional<Duration> first;
    std::optional<Duration> last;
    for (auto& [key, writes] : writes_) {
        const auto there = ids_in(scene_->tables.item(place_of(plan.to), key));
        for (Acknowledged& write : writes) {
            if (!write.at_risk && write.epoch < plan.epoch_after && !there.contains(write.id)) {
                write.at_risk = true;
                ++change.at_risk;
                first = std::min(first.value_or(write.at), write.at);
                last = std::max(last.value_or(write.at), write.at);
            }
        }
    }
    change.at_risk_span = first ? *last - *first : Duration{};
}

// While a failover is wanted and none has begun: what says no?
void Witness::looked() {
    const bool now = facts_.wanted && story() >= spell_.from && story() <= spell_.until;
    if (!now || facts_.fired() > 0) {
        return;
    }
    const ControllerSite& site = *scene_->controllers;
    if (!site.is_up()) {
        ++no_controller_;
        return;
    }
    const core::Now moment{.at = site.controller()->now(), .wall = site.wall()};
    std::vector<core::Guard> refuse;
    for (const core::GuardAnswer& answer :
         site.controller()->core().preview_automatic(moment).guards) {
        if (!answer.passed) {
            ++refused_[answer.guard];
            refuse.push_back(answer.guard);
        }
    }
    same_for_ = refuse == refuse_now_ ? same_for_ + 1 : 0;
    refuse_now_ = std::move(refuse);
}

// A quorum may come later by a long unhealthy_for, and a cool-down ends.
bool Witness::is_held_for_good() const {
    const auto refuses = [this](core::Guard guard) {
        return std::ranges::find(refuse_now_, guard) != refuse_now_.end();
    };
    return same_for_ >= kSameFor && !refuse_now_.empty() && !refuses(core::Guard::quorum) &&
           !refuses(core::Guard::not_cooling_down);
}

void Witness::closed() {
    for (const auto& [key, writes] : writes_) {
        const auto there = ids_in(scene_->tables.newest(key));
        for (const Acknowledged& write : writes) {
            const bool kept = there.contains(write.id);
            facts_.lost += kept ? 0 : 1;
            facts_.late += kept && write.at_risk ? 1 : 0;
        }
    }
    if (!facts_.wanted || facts_.fired() > 0) {
        return;
    }
    const auto longest =
        std::ranges::max_element(refused_, {}, [](const auto& one) { return one.second; });
    if (longest != refused_.end() && longest->second > no_controller_) {
        facts_.held_by = longest->first;
    }
    facts_.no_controller = !facts_.held_by;
}

bool Witness::has_seen_enough() const {
    if (!facts_.wanted || facts_.changes.empty()) {
        return facts_.wanted && is_held_for_good();
    }
    const Change& last = facts_.changes.back();
    return last.automatic && last.outcome == core::Outcome::done && last.ended &&
           since() - *last.ended > kBehindTheEnd;
}

}  // namespace farshore::sim
