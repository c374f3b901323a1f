#include "sim/sums.h"

#include <algorithm>
#include <numeric>

namespace farshore::sim {

template <class T>
T Spread<T>::at(std::size_t percent) const {
    if (values_.empty()) {
        return T{};
    }
    std::vector<T> values = values_;
    const std::size_t rank = (values.size() * percent + 99) / 100;
    const auto place = static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
    std::ranges::nth_element(values, values.begin() + place);
    return values[static_cast<std::size_t>(place)];
}

template <class T>
T Spread<T>::sum() const {
    return std::accumulate(values_.begin(), values_.end(), T{});
}

template class Spread<Duration>;
template class Spread<std::uint64_t>;

void Sums::add(const Facts& facts) {
    ++worlds;
    wanted += facts.wanted ? 1 : 0;
    const int begun = facts.fired();
    fired += begun;
    if (facts.wanted && begun == 0) {
        ++missed;
        ++held_by
            [facts.held_by ? std::string{to_string(*facts.held_by)}
                           : std::string{kHeldWithoutController}];
    }
    if (begun > 0) {
        lost.add(facts.lost);
        late.add(facts.late);
    } else {
        lost_planned += facts.lost;
    }
    for (const Change& change : facts.changes) {
        needed_person += change.needed_person ? 1 : 0;
        not_done += change.outcome == core::Outcome::done ? 0 : 1;
        if (!change.automatic) {
            ++planned;
            spoiled += change.spoiled;
            if (change.outcome == core::Outcome::done) {
                took.add(*change.ended - change.decided);
                pause.add(change.longest_pause);
            }
            continue;
        }
        ++judged.at(static_cast<std::size_t>(change.judgement));
        at_risk.add(change.at_risk);
        at_risk_span.add(change.at_risk_span);
        if (change.judgement == Judgement::right) {
            decided.add(change.decided);
            if (change.fenced) {
                fenced.add(*change.fenced);
            }
            if (change.first_write) {
                first_write.add(*change.first_write);
            }
        }
    }
}

void Sums::add(const Sums& other) {
    worlds += other.worlds;
    wanted += other.wanted;
    fired += other.fired;
    for (std::size_t i = 0; i < judged.size(); ++i) {
        judged.at(i) += other.judged.at(i);
    }
    missed += other.missed;
    for (const auto& [guard, worlds_held] : other.held_by) {
        held_by[guard] += worlds_held;
    }
    not_done += other.not_done;
    needed_person += other.needed_person;
    decided.add(other.decided);
    fenced.add(other.fenced);
    first_write.add(other.first_write);
    at_risk.add(other.at_risk);
    at_risk_span.add(other.at_risk_span);
    lost.add(other.lost);
    late.add(other.late);
    planned += other.planned;
    took.add(other.took);
    pause.add(other.pause);
    spoiled += other.spoiled;
    lost_planned += other.lost_planned;
}

Sums sum_of(const SumsByWeather& sums) {
    Sums all;
    for (const auto& [weather, one] : sums) {
        all.add(one);
    }
    return all;
}

Yearly yearly(const SumsByWeather& sums) {
    Yearly yearly;
    for (const auto& [weather, one] : sums) {
        if (one.worlds == 0) {
            continue;
        }
        const double each = row_of(weather).a_year / one.worlds;
        yearly.wanted += each * one.wanted;
        yearly.missed += each * one.missed;
        for (std::size_t i = 0; i < one.judged.size(); ++i) {
            yearly.judged.at(i) += each * one.judged.at(i);
        }
        yearly.needed_person += each * one.needed_person;
        yearly.lost += each * static_cast<double>(one.lost.sum() + one.lost_planned);
    }
    return yearly;
}

}  // namespace farshore::sim
