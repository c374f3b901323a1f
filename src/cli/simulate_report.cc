#include "cli/simulate_report.h"

#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "base/printable.h"
#include "base/text.h"
#include "cli/output.h"

namespace farshore::cli {

namespace {

using sim::Judgement;

std::string span_of(Duration length) {
    return to_text(std::chrono::duration_cast<std::chrono::milliseconds>(length));
}

// Rare things a year: two digits that say something.
std::string rate_of(double a_year) {
    return a_year == 0    ? "0"
           : a_year < 0.1 ? fmt::format("{:.2g}", a_year)
                          : fmt::format("{:.1f}", a_year);
}

template <class T, class Words>
std::vector<std::string> spread_row(
    std::string name, const sim::Spread<T>& spread, const Words& words
) {
    if (spread.count() == 0) {
        return {std::move(name), "-", "-", "-"};
    }
    return {std::move(name), words(spread.at(50)), words(spread.at(95)), words(spread.at(100))};
}

std::string count_words(std::uint64_t count) {
    return fmt::format("{}", count);
}

std::string weather_table(const sim::SumsByWeather& sums) {
    TextTable table(
        {"WEATHER",
         "A YEAR",
         "WORLDS",
         "WANTED",
         "FIRED",
         "RIGHT",
         "BLIP",
         "ARGUABLE",
         "UNWANTED",
         "MISSED"}
    );
    for (const auto& [weather, one] : sums) {
        std::vector<std::string> row{
            std::string{to_string(weather)},
            rate_of(sim::row_of(weather).a_year),
            fmt::format("{}", one.worlds),
            fmt::format("{}", one.wanted),
            fmt::format("{}", one.fired)
        };
        for (const int judged : one.judged) {
            row.push_back(fmt::format("{}", judged));
        }
        row.push_back(fmt::format("{}", one.missed));
        table.add(std::move(row));
    }
    return table.text();
}

std::string held_text(const sim::SumsByWeather& sums) {
    std::string text;
    for (const auto& [weather, one] : sums) {
        for (const auto& [guard, worlds] : one.held_by) {
            text += fmt::format(
                "  {}: {} held it back in {} of {}\n", to_string(weather), guard, worlds, one.wanted
            );
        }
    }
    return text.empty() ? "" : "\nmissed\n" + text;
}

std::string times_text(const sim::Sums& all) {
    TextTable table(
        {fmt::format("RIGHT FAILOVERS ({})", all.of(Judgement::right)), "P50", "P95", "MAX"}
    );
    table.add(spread_row("from the fault to the decision", all.decided, span_of));
    table.add(spread_row("to the fence", all.fenced, span_of));
    table.add(spread_row("to the first write in the new Region", all.first_write, span_of));
    TextTable losses({fmt::format("ALL FAILOVERS ({})", all.fired), "P50", "P95", "MAX"});
    losses.add(spread_row("acknowledged writes at risk at the fence", all.at_risk, count_words));
    losses.add(spread_row("from the first of them to the last", all.at_risk_span, span_of));
    losses.add(spread_row("lost in the end, in one world", all.lost, count_words));
    losses.add(spread_row("applied late, in one world", all.late, count_words));
    return table.text() + "\n" + losses.text();
}

std::string planned_text(const sim::Sums& all) {
    if (all.planned == 0) {
        return "";
    }
    TextTable table({fmt::format("PLANNED SWITCHOVERS ({})", all.planned), "P50", "P95", "MAX"});
    table.add(spread_row("in all", all.took, span_of));
    table.add(spread_row("longest time without an acknowledged write", all.pause, span_of));
    return "\n" + table.text() +
           fmt::format(
               "{} of {} done, {} failed requests, {} lost writes\n",
               all.took.count(),
               all.planned,
               all.spoiled,
               all.lost_planned
           );
}

std::string ends_text(const sim::Sums& all) {
    return fmt::format(
        "\n{} changes needed a person, {} did not end as planned\n", all.needed_person, all.not_done
    );
}

std::string yearly_text(const sim::Yearly& yearly) {
    const auto judged = [&](Judgement one) {
        return rate_of(yearly.judged.at(static_cast<std::size_t>(one)));
    };
    return fmt::format(
        "\nin a year, if the assumed rates hold\n"
        "  {} outages that want a failover: {} missed\n"
        "  failovers: {} right, {} at a blip, {} arguable, {} unwanted\n"
        "  {} changes that need a person, {:.0f} acknowledged writes lost\n",
        rate_of(yearly.wanted),
        rate_of(yearly.missed),
        judged(Judgement::right),
        judged(Judgement::blip),
        judged(Judgement::arguable),
        judged(Judgement::unwanted),
        rate_of(yearly.needed_person),
        yearly.lost
    );
}

std::string not_modelled_text(const config::Config& config) {
    std::string text;
    for (const NotModelled& one : not_modelled_in(config)) {
        text += folded_for_people(fmt::format("  {}: {}", one.key, one.instead), 4) + "\n";
    }
    return text.empty() ? "" : "\nset, and not modelled; the simulation has instead\n" + text;
}

std::string one_text(const SimulateReport& report) {
    const sim::SumsByWeather& sums = report.played.sums.front();
    const sim::Sums all = sim::sum_of(sums);
    return weather_table(sums) + held_text(sums) + "\n" + times_text(all) + planned_text(all) +
           ends_text(all) + yearly_text(sim::yearly(sums)) +
           not_modelled_text(report.configs.front());
}

struct Compared {
    std::string_view name;
    std::function<std::string(const sim::Sums&, const sim::Yearly&)> of;
};

// What two configurations are compared by.
std::vector<Compared> compared_rows() {
    using sim::Sums;
    using sim::Yearly;
    const auto judged = [](Judgement one) {
        return [one](const Sums& sums, const Yearly&) {
            return fmt::format("{}", sums.of(one));
        };
    };
    const auto a_year = [](Judgement one) {
        return [one](const Sums&, const Yearly& yearly) {
            return rate_of(yearly.judged.at(static_cast<std::size_t>(one)));
        };
    };
    const auto time = [](auto spread, std::size_t percent) {
        return [spread, percent](const Sums& sums, const Yearly&) {
            const auto& values = std::invoke(spread, sums);
            return values.count() == 0 ? std::string{"-"} : span_of(values.at(percent));
        };
    };
    return {
        {"failovers that were right", judged(Judgement::right)},
        {"  at a blip", judged(Judgement::blip)},
        {"  arguable", judged(Judgement::arguable)},
        {"  unwanted", judged(Judgement::unwanted)},
        {"outages without one",
         [](const Sums& s, const Yearly&) {
             return fmt::format("{} of {}", s.missed, s.wanted);
         }},
        {"fault to decision, p50", time(&Sums::decided, 50)},
        {"fault to decision, p95", time(&Sums::decided, 95)},
        {"fault to fence, p95", time(&Sums::fenced, 95)},
        {"fault to first write, p50", time(&Sums::first_write, 50)},
        {"fault to first write, p95", time(&Sums::first_write, 95)},
        {"fault to first write, max", time(&Sums::first_write, 100)},
        {"acknowledged writes lost",
         [](const Sums& s, const Yearly&) {
             return fmt::format("{}", s.lost.sum());
         }},
        {"applied late",
         [](const Sums& s, const Yearly&) {
             return fmt::format("{}", s.late.sum());
         }},
        {"at risk, the longest span", time(&Sums::at_risk_span, 100)},
        {"changes that need a person",
         [](const Sums& s, const Yearly&) {
             return fmt::format("{}", s.needed_person);
         }},
        {"switchover in all, p95", time(&Sums::took, 95)},
        {"switchover's pause, p95", time(&Sums::pause, 95)},
        {"requests that fail in it",
         [](const Sums& s, const Yearly&) {
             return fmt::format("{}", s.spoiled);
         }},
        {"a year: right", a_year(Judgement::right)},
        {"a year: at a blip", a_year(Judgement::blip)},
        {"a year: unwanted", a_year(Judgement::unwanted)},
        {"a year: missed",
         [](const Sums&, const Yearly& y) {
             return rate_of(y.missed);
         }},
    };
}

std::string compared_text(const SimulateReport& report) {
    std::vector<sim::Sums> all;
    std::vector<sim::Yearly> yearly;
    for (const sim::SumsByWeather& sums : report.played.sums) {
        all.push_back(sim::sum_of(sums));
        yearly.push_back(sim::yearly(sums));
    }
    TextTable table({"THE SAME WORLDS", printable(report.files[0]), printable(report.files[1])});
    for (const Compared& row : compared_rows()) {
        table.add({std::string{row.name}, row.of(all[0], yearly[0]), row.of(all[1], yearly[1])});
    }
    TextTable differ({"WEATHER", "WANTED", "FIRED", "UNWANTED", "MISSED"});
    for (const auto& [weather, one] : report.played.sums[0]) {
        const sim::Sums& other = report.played.sums[1].at(weather);
        if (one.judged == other.judged && one.missed == other.missed) {
            continue;
        }
        const auto both = [](int a, int b) {
            return fmt::format("{} / {}", a, b);
        };
        differ.add(
            {std::string{to_string(weather)},
             both(one.wanted, other.wanted),
             both(one.fired, other.fired),
             both(one.of(Judgement::unwanted), other.of(Judgement::unwanted)),
             both(one.missed, other.missed)}
        );
    }
    std::string text =
        table.text() + "\n" +
        (differ.empty() ? "the same failovers in each kind of weather\n" : differ.text());
    for (std::size_t i = 0; i < report.configs.size(); ++i) {
        const std::string keys = not_modelled_text(report.configs[i]);
        text += keys.empty() ? "" : "\n" + printable(report.files[i]) + keys;
    }
    return text;
}

}  // namespace

std::string weather_text() {
    TextTable table({"WEATHER", "A YEAR", "FOR", "HARM", "WHAT"});
    for (const sim::WeatherRow& row : sim::weather_rows()) {
        table.add(
            {std::string{to_string(row.weather)},
             rate_of(row.a_year),
             row.longest == Duration{} ? "-"
                                       : span_of(row.shortest) + " to " + span_of(row.longest),
             std::string{to_string(row.harm)},
             std::string{row.what}}
        );
    }
    return table.text();
}

std::string simulate_text(const SimulateReport& report) {
    const config::Config& first = report.configs.front();
    std::string text = fmt::format(
        "{}, mode {}{}: {} simulated worlds{}, seed {}; the rates of the weather are assumptions "
        "(--rates)\n\n",
        first.app.value(),
        to_string(first.decide.mode),
        report.wanted.armed ? ", played as if armed" : "",
        report.played.done,
        report.interrupted ? fmt::format(" of {} (interrupted)", report.played.all) : "",
        report.wanted.seed
    );
    return text + (report.configs.size() == 1 ? one_text(report) : compared_text(report));
}

}  // namespace farshore::cli
