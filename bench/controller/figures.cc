#include "bench/controller/figures.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace farshore::bench {

namespace json = boost::json;

namespace {

double in_ms(Duration duration) {
    return std::round(std::chrono::duration<double, std::milli>(duration).count() * 100) / 100;
}

std::string shown(const json::object& figures, const char* name) {
    const json::value* value = figures.if_contains(name);
    return value == nullptr ? std::string{} : fmt::format("{:.2f}", value->to_number<double>());
}

}  // namespace

Duration Samples::quantile(double share) const {
    if (all_.empty()) {
        return {};
    }
    std::vector<Duration> sorted = all_;
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    const auto at =
        sorted.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
    std::ranges::nth_element(sorted, at);
    return *at;
}

void Figures::add(const std::string& phase, const std::string& what, const Samples& samples) {
    json::object figures{{"unit", "ms"}, {"count", samples.count()}};
    if (samples.count() > 0) {
        figures["p50"] = in_ms(samples.quantile(0.5));
        figures["p99"] = in_ms(samples.quantile(0.99));
        figures["max"] = in_ms(samples.quantile(1));
    }
    rows_.push_back({.phase = phase, .what = what, .figures = std::move(figures)});
}

void Figures::add(const std::string& phase, const std::string& what, Duration value) {
    add(phase, what, in_ms(value), "ms");
}

void Figures::add(
    const std::string& phase, const std::string& what, double value, std::string unit
) {
    rows_.push_back(
        {.phase = phase, .what = what, .figures = {{"unit", std::move(unit)}, {"value", value}}}
    );
}

void Figures::say(const std::string& phase, const std::string& what, std::string words) {
    rows_.push_back({.phase = phase, .what = what, .figures = {{"words", std::move(words)}}});
}

std::string Figures::table() const {
    std::string text = fmt::format(
        "{:<11} {:<38} {:>8} {:>10} {:>10} {:>10}  {}\n",
        "phase",
        "what",
        "count",
        "p50",
        "p99",
        "max",
        "unit"
    );
    for (const Row& row : rows_) {
        if (const json::value* words = row.figures.if_contains("words")) {
            text += fmt::format(
                "{:<11} {:<38} {}\n", row.phase, row.what, std::string{words->as_string()}
            );
            continue;
        }
        const json::value* count = row.figures.if_contains("count");
        const bool one = row.figures.contains("value");
        text += fmt::format(
            "{:<11} {:<38} {:>8} {:>10} {:>10} {:>10}  {}\n",
            row.phase,
            row.what,
            count == nullptr ? std::string{} : std::to_string(count->to_number<std::uint64_t>()),
            shown(row.figures, "p50"),
            shown(row.figures, "p99"),
            shown(row.figures, one ? "value" : "max"),
            std::string{row.figures.at("unit").as_string()}
        );
    }
    return text;
}

json::object Figures::document() const {
    json::array rows;
    for (const Row& row : rows_) {
        json::object each{{"phase", row.phase}, {"what", row.what}};
        for (const auto& [name, value] : row.figures) {
            each[name] = value;
        }
        rows.push_back(std::move(each));
    }
    return {{"rows", std::move(rows)}};
}

}  // namespace farshore::bench
