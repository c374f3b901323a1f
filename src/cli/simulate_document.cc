#include <array>
#include <string>

#include <boost/json.hpp>

#include "cli/simulate_report.h"

// The report as a document. Durations are in milliseconds.
namespace farshore::cli {

namespace json = boost::json;

namespace {

json::value figure(Duration value) {
    return to_ms(value);
}

json::value figure(std::uint64_t value) {
    return value;
}

// null: there is none.
template <class T>
json::value spread_document(const sim::Spread<T>& spread) {
    if (spread.count() == 0) {
        return nullptr;
    }
    return json::object{
        {"count", spread.count()},
        {"p50", figure(spread.at(50))},
        {"p95", figure(spread.at(95))},
        {"max", figure(spread.at(100))}
    };
}

template <class T>
json::object judged_document(const std::array<T, sim::kJudgementNames.size()>& judged) {
    json::object document;
    for (std::size_t i = 0; i < judged.size(); ++i) {
        document[sim::kJudgementNames.at(i)] = judged.at(i);
    }
    return document;
}

json::object sums_document(const sim::Sums& sums) {
    json::object held;
    for (const auto& [guard, worlds] : sums.held_by) {
        held[guard] = worlds;
    }
    return {
        {"worlds", sums.worlds},
        {"wanted", sums.wanted},
        {"fired", sums.fired},
        {"judged", judged_document(sums.judged)},
        {"missed", sums.missed},
        {"held_by", std::move(held)},
        {"not_done", sums.not_done},
        {"needed_person", sums.needed_person},
        {"decided_ms", spread_document(sums.decided)},
        {"fenced_ms", spread_document(sums.fenced)},
        {"first_write_ms", spread_document(sums.first_write)},
        {"at_risk", spread_document(sums.at_risk)},
        {"at_risk_span_ms", spread_document(sums.at_risk_span)},
        {"lost", spread_document(sums.lost)},
        {"lost_in_all", sums.lost.sum()},
        {"late", spread_document(sums.late)},
        {"late_in_all", sums.late.sum()},
        {"switchovers", sums.planned},
        {"switchovers_done", sums.took.count()},
        {"switchover_ms", spread_document(sums.took)},
        {"switchover_pause_ms", spread_document(sums.pause)},
        {"switchover_failed_requests", sums.spoiled},
        {"lost_without_failover", sums.lost_planned}
    };
}

json::object configuration_document(const SimulateReport& report, std::size_t index) {
    const sim::SumsByWeather& sums = report.played.sums.at(index);
    json::object by_weather;
    for (const auto& [weather, one] : sums) {
        by_weather[to_string(weather)] = sums_document(one);
    }
    json::array not_modelled;
    for (const NotModelled& one : not_modelled_in(report.configs.at(index))) {
        not_modelled.push_back(json::object{{"key", one.key}, {"instead", one.instead}});
    }
    const sim::Yearly yearly = sim::yearly(sums);
    return {
        {"file", report.files.at(index)},
        {"app", report.configs.at(index).app.value()},
        {"in_all", sums_document(sim::sum_of(sums))},
        {"weather", std::move(by_weather)},
        {"a_year",
         json::object{
             {"wanted", yearly.wanted},
             {"missed", yearly.missed},
             {"judged", judged_document(yearly.judged)},
             {"needed_person", yearly.needed_person},
             {"lost", yearly.lost}
         }},
        {"not_modelled", std::move(not_modelled)}
    };
}

}  // namespace

json::object simulate_document(const SimulateReport& report) {
    json::array assumed;
    for (const sim::LikelyWeather weather : report.wanted.weather) {
        const sim::WeatherRow& row = sim::row_of(weather);
        assumed.push_back(json::object{
            {"weather", to_string(weather)},
            {"a_year", row.a_year},
            {"harm", to_string(row.harm)},
            {"shortest_ms", to_ms(row.shortest)},
            {"longest_ms", to_ms(row.longest)},
            {"what", row.what}
        });
    }
    json::array configurations;
    for (std::size_t i = 0; i < report.configs.size(); ++i) {
        configurations.push_back(configuration_document(report, i));
    }
    return {
        {"seed", report.wanted.seed},
        {"worlds_of_each", report.wanted.worlds},
        {"hosts", report.wanted.hosts},
        {"lag_ms", to_ms(report.wanted.lag)},
        {"armed", report.wanted.armed},
        {"worlds", report.played.done},
        {"interrupted", report.interrupted},
        {"assumed", std::move(assumed)},
        {"configurations", std::move(configurations)}
    };
}

}  // namespace farshore::cli
