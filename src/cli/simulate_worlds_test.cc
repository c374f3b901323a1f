#include "cli/simulate_worlds.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "cli/simulate_report.h"
#include "wire/config_document.h"
#include "wire/config_loader.h"

namespace farshore::cli {
namespace {

namespace json = boost::json;

std::string file_text(const std::string& path) {
    std::ifstream file(FARSHORE_SOURCE_DIR "/" + path);
    std::stringstream read;
    read << file.rdbuf();
    return read.str();
}

// The complete example, with other words in it.
config::Config example(const std::vector<std::pair<std::string, std::string>>& changes = {}) {
    std::string text = file_text("examples/farshore.yaml");
    text.replace(text.find("${file:/etc/farshore/operator.token}"), 36, "/tmp/token");
    for (const auto& [from, to] : changes) {
        const std::size_t at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
    }
    const auto loaded = config::parse_config(text);
    for (const config::Diagnostic& finding : loaded.diagnostics) {
        EXPECT_NE(finding.severity, config::Severity::error) << finding.code << finding.message;
    }
    return loaded.value;
}

TEST(Simulate, TakesThePolicyFromTheConfiguration) {
    const config::Config config = example(
        {{"unhealthy_for: 1500ms", "unhealthy_for: 7s"},
         {"fresh_for: 3s", "fresh_for: 4s"},
         {"healthy_for: 10s", "healthy_for: 11s"},
         {"quorum: 2 of 3", "quorum: 3 of 3"},
         {"early: false", "early: true"},
         {"max_loss: 5s", "max_loss: 9s"},
         {"cooldown: 1h", "cooldown: 2h"},
         {"lease: 3s", "lease: 6s"},
         {"hold_max: 1s", "hold_max: 2s"},
         {"on_controller_loss: verify", "on_controller_loss: fence"},
         {"data_impaired: [repoint, shift]", "data_impaired: [repoint]"},
         {"eu-west-1: { health: https://euw1.shop.example/healthz }", "eu-west-1: {}"}}
    );
    const sim::Ground ground = ground_of(config, {});
    const sim::Configuration& taken = ground.configuration;
    EXPECT_EQ(taken.hysteresis.unhealthy_for, std::chrono::seconds{7});
    EXPECT_EQ(taken.hysteresis.healthy_for, std::chrono::seconds{11});
    EXPECT_EQ(taken.hysteresis.fresh_for, std::chrono::seconds{4});
    EXPECT_EQ(taken.quorum_needed, 3);
    EXPECT_TRUE(taken.early);
    EXPECT_EQ(taken.mode, core::Mode::observe);
    EXPECT_EQ(taken.max_loss, std::chrono::seconds{9});
    EXPECT_EQ(taken.cooldown, std::chrono::hours{2});
    EXPECT_EQ(taken.lease, std::chrono::seconds{6});
    EXPECT_EQ(taken.timing.hold_max, std::chrono::seconds{2});
    EXPECT_EQ(taken.on_controller_loss, core::OnControllerLoss::fence);
    EXPECT_EQ(taken.data_impaired, std::vector{core::Lever::repoint});
    EXPECT_TRUE(taken.register_closed);
    EXPECT_TRUE(taken.users_can_be_shifted);
    EXPECT_TRUE(taken.drills_required && !taken.drill_proven);
    EXPECT_TRUE(taken.stacks_watched[0] && !taken.stacks_watched[1]);
    EXPECT_TRUE(ground.control_targets);

    const sim::Configuration armed = ground_of(config, {.armed = true}).configuration;
    EXPECT_EQ(armed.mode, core::Mode::automatic);
    EXPECT_TRUE(armed.drill_proven);
}

TEST(Simulate, TheFirstSimulatedRegionIsThePreferredOne) {
    const config::Config config = example(
        {{"preferred: true, health: https://use1.shop.example/healthz",
          "health: https://use1.shop.example/healthz"},
         {"health: https://euw1.shop.example/healthz", "preferred: true"}}
    );
    const sim::Configuration taken = ground_of(config, {}).configuration;
    EXPECT_FALSE(taken.stacks_watched[0]);
    EXPECT_TRUE(taken.stacks_watched[1]);
}

TEST(Simulate, EachKeyThatIsNotModelledIsOneOfTheConfiguration) {
    const json::value document = config::config_document(example());
    for (const NotModelled& one : keys_not_modelled()) {
        std::string pointer = "/" + std::string{one.key};
        std::ranges::replace(pointer, '.', '/');
        boost::system::error_code none;
        // No section at all is how a list without entries is shown.
        const bool lists = one.key == "steps";
        EXPECT_TRUE(lists || document.find_pointer(pointer, none) != nullptr) << one.key;
    }
}

TEST(Simulate, TheManualHasTheAssumedRatesAndTheKeys) {
    const std::string manual = file_text("docs/simulate.md");
    std::istringstream lines(weather_text());
    for (std::string line; std::getline(lines, line);) {
        EXPECT_NE(manual.find("    " + line), std::string::npos) << line;
    }
    for (const NotModelled& one : keys_not_modelled()) {
        EXPECT_NE(manual.find("`" + std::string{one.key} + "`"), std::string::npos) << one.key;
    }
}

TEST(Simulate, NamesTheKeysThatAreSetAndNotModelled) {
    const auto keys = [](const config::Config& config) {
        std::vector<std::string_view> found;
        for (const NotModelled& one : not_modelled_in(config)) {
            found.push_back(one.key);
        }
        return found;
    };
    EXPECT_EQ(keys(example()), std::vector<std::string_view>{"agents"}) << "the rest are defaults";
    const config::Config other = example(
        {{"probe_every: 500ms", "probe_every: 400ms"},
         {"ttl: 30s", "ttl: 40s"},
         {"undecided_after: 24h", "undecided_after: 23h"},
         {"verify: { path", "steps: [{ wait: { at: before, timeout: 1s } }]\nverify: { path"},
         {"agents: [use1-web-1, use1-web-2, euw1-web-1, euw1-web-2]", ""}}
    );
    EXPECT_EQ(
        keys(other),
        (std::vector<std::string_view>{
            "detect.probe_every", "losses", "steps", "traffic.route53.ttl"
        })
    );
}

Simulated few() {
    Simulated wanted;
    wanted.weather = {sim::LikelyWeather::data_blip, sim::LikelyWeather::region_blip};
    wanted.worlds = 6;
    wanted.armed = true;
    return wanted;
}

const auto kGoesOn = [](int, int) {
    return true;
};

int fired(const Played& played, std::size_t config) {
    return sim::sum_of(played.sums.at(config)).fired;
}

SimulateReport report_of(std::vector<config::Config> configs, Simulated wanted, Played played) {
    SimulateReport report{.wanted = std::move(wanted)};
    for (std::size_t i = 0; i < configs.size(); ++i) {
        report.files.push_back("file-" + std::to_string(i));
    }
    report.configs = std::move(configs);
    report.interrupted = played.done < played.all;
    report.played = std::move(played);
    return report;
}

TEST(Simulate, TheSameSeedGivesTheSameReportAndAnotherOneAnother) {
    const config::Config config = example();
    const auto document = [&](std::uint64_t seed) {
        Simulated wanted = few();
        wanted.seed = seed;
        return json::serialize(
            simulate_document(report_of({config}, wanted, play_worlds({&config}, wanted, kGoesOn)))
        );
    };
    const std::string first = document(1);
    EXPECT_EQ(first, document(1));
    const auto without_seed = [](std::string text) {
        return text.substr(text.find("configurations"));
    };
    EXPECT_NE(without_seed(first), without_seed(document(2)));
}

TEST(Simulate, TwoConfigurationsPlayTheSameWorldsSideBySide) {
    const config::Config hasty = example();
    const config::Config patient = example(
        {{"unhealthy_for: 1500ms", "unhealthy_for: 2m"},
         {"healthy_for: 10s", "healthy_for: 2m"},
         {"rto: 60s", "rto: 10m"}}
    );
    Played played = play_worlds({&hasty, &patient}, few(), kGoesOn);
    EXPECT_EQ(played.done, 12);
    EXPECT_GT(fired(played, 0), 0);
    EXPECT_EQ(fired(played, 1), 0) << "a blip is shorter than its patience";
    EXPECT_EQ(fired(played, 0), fired(play_worlds({&hasty}, few(), kGoesOn), 0));

    const SimulateReport report = report_of({hasty, patient}, few(), std::move(played));
    const std::string text = simulate_text(report);
    EXPECT_NE(text.find("THE SAME WORLDS"), std::string::npos) << text;
    EXPECT_NE(text.find("file-0"), std::string::npos) << text;
    EXPECT_NE(text.find("file-1"), std::string::npos) << text;
    EXPECT_EQ(simulate_document(report).at("configurations").as_array().size(), 2U);
}

TEST(Simulate, APlayThatIsStoppedCountsWhatEachConfigurationHasPlayed) {
    const config::Config config = example();
    const Played played =
        play_worlds({&config, &config}, few(), [](int done, int) { return done < 3; });
    EXPECT_GE(played.done, 3);
    EXPECT_LT(played.done, played.all);
    EXPECT_EQ(sim::sum_of(played.sums.at(0)).worlds, played.done);
    EXPECT_EQ(sim::sum_of(played.sums.at(1)).worlds, played.done);
    const std::string text = simulate_text(report_of({config}, few(), played));
    EXPECT_NE(text.find("of 12 (interrupted)"), std::string::npos) << text;
}

}  // namespace
}  // namespace farshore::cli
