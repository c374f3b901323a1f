#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/witness.h"

// What many likely worlds come to. Pure.
namespace farshore::sim {

// Figures of which the middle, the high ones and the highest are told.
template <class T>
class Spread {
  public:
    void add(T value) { values_.push_back(value); }

    void add(const Spread& other) {
        values_.insert(values_.end(), other.values_.begin(), other.values_.end());
    }

    [[nodiscard]] std::size_t count() const { return values_.size(); }

    // The smallest figure that at least `percent` of a hundred of them do not exceed; T{}: there is
    // none. 100: the highest.
    [[nodiscard]] T at(std::size_t percent) const;

    [[nodiscard]] T sum() const;

  private:
    std::vector<T> values_;
};

inline constexpr std::string_view kHeldWithoutController = "no_controller";

// Of worlds of one kind of weather, or of all of them.
struct Sums {
    int worlds = 0;
    int wanted = 0;  // worlds in which a failover by itself was
    int fired = 0;   // changes that automation began
    std::array<int, kJudgementNames.size()> judged{};
    int missed = 0;                      // wanted, and none was begun
    std::map<std::string, int> held_by;  // of those: the guard, or kHeldWithoutController
    int not_done = 0;                    // changes, of either kind, that did not end well
    int needed_person = 0;
    // Of the right ones, from the beginning of the weather.
    Spread<Duration> decided;
    Spread<Duration> fenced;
    Spread<Duration> first_write;
    // Of each change that automation began.
    Spread<std::uint64_t> at_risk;
    Spread<Duration> at_risk_span;
    // Of each world in which it began one.
    Spread<std::uint64_t> lost;
    Spread<std::uint64_t> late;
    // Of planned ones.
    int planned = 0;
    Spread<Duration> took;
    Spread<Duration> pause;
    std::uint64_t spoiled = 0;
    std::uint64_t lost_planned = 0;

    [[nodiscard]] int of(Judgement judgement) const {
        return judged.at(static_cast<std::size_t>(judgement));
    }

    void add(const Facts& facts);
    void add(const Sums& other);
};

// How often a year, at the rates that are assumed (likely_weather.h).
struct Yearly {
    double wanted = 0;
    double missed = 0;
    std::array<double, kJudgementNames.size()> judged{};
    double needed_person = 0;
    double lost = 0;  // writes that were acknowledged
};

using SumsByWeather = std::map<LikelyWeather, Sums>;

[[nodiscard]] Sums sum_of(const SumsByWeather& sums);
[[nodiscard]] Yearly yearly(const SumsByWeather& sums);

}  // namespace farshore::sim
