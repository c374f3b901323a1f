#include <array>
#include <filesystem>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "controller/controller_world.h"
#include "controller/farshored.h"

// The real farshored, killed at each commit that it makes during an operation and started again:
// the next controller brings the operation to its end, and no epoch is raised twice for it.
namespace farshore::controller {
namespace {

using namespace testing;

using ProcessEnd = boost::asio::posix::basic_stream_descriptor<net::Io::executor_type>;

constexpr int kAtATime = 8;  // operations that run side by side, each with a controller of its own

enum class How { kept, lost, torn };
constexpr std::array<std::string_view, 3> kHowNames{"kept", "lost", "torn"};

constexpr const auto& names_of(How) {
    return kHowNames;
}

class CrashTest : public ControllerTest {
  protected:
    struct Run {
        std::string verb;
        std::string app;
        int at = 0;
        How how = How::kept;
        bool died = false;
        std::string outcome = "none";
        json::object operation;
        long commits = 0;
        std::string log;
        bool ended = false;

        [[nodiscard]] std::string name() const {
            return verb + ", commit " + std::to_string(at) + " " + std::string{to_string(how)};
        }
    };

    // A controller of its own app, so that runs do not meet in the epoch records.
    std::string write_config(const std::string& folder, const std::string& app) const {
        std::filesystem::create_directories(folder);
        std::ofstream(folder + "/tokens.json") << tokens_text(app);
        std::filesystem::permissions(folder + "/tokens.json", std::filesystem::perms::owner_read);
        std::ofstream config(folder + "/farshore.yaml");
        config << "version: 1\napp: " << app << "\nregions:\n  us-east-1: { preferred: true }\n"
               << "  eu-west-1: {}\nwitness: { region: us-east-2 }\nstore: { sqlite: " << folder
               << "/farshore.db }\ntables:\n  - { name: " << kTable.value() << " }\n"
               << "detect: { probe_every: 100ms, probe_timeout: 1s, unhealthy_for: 10s, "
                  "healthy_for: 10s, fresh_for: 3s }\n"
               << "decide: { mode: observe }\nfence: { lease: 2s }\n"
               << "switchover: { pause_between_attempts: 100ms }\n"
               << "levers: { data_impaired: [repoint], stack_impaired: [repoint], "
                  "region_lost: [repoint] }\n"
               << "aws:\n  credentials: { file: " << directory.path() << "/credentials }\n"
               << "  source_address: " << board->world().controller_address(1)
               << "\n  endpoints:\n    dynamodb:\n";
        for (const RegionId& region : {kEast, kWest, kWitness}) {
            config << "      " << region.value() << ": " << dynamo->url(region) << "\n";
        }
        config
            << "controller: { id: us-east-2, region: us-east-2, listen: \"127.0.0.1:0\", tokens: "
            << folder << "/tokens.json }\n";
        return folder + "/farshore.yaml";
    }

    net::Task<std::optional<json::object>> ask_json(
        std::string url, std::string method, std::string path, std::string body
    ) {
        net::HttpCall call;
        call.method = std::move(method);
        call.url = url + path;
        call.headers = {{.name = "Authorization", .value = "Bearer operator"}};
        call.body = std::move(body);
        const Result<net::HttpReply> reply = co_await http->fetch(call);
        if (!reply || reply->status >= 300) {
            co_return std::nullopt;
        }
        co_return json::parse(reply->body).as_object();
    }

    std::vector<FakeAgent*> start_agents(
        const std::string& url, const std::string& app, Epoch epoch, const RegionId& active
    ) {
        std::vector<FakeAgent*> started;
        for (const auto& [host, region] :
             {std::pair{"use1-web-1", kEast}, std::pair{"euw1-web-1", kWest}}) {
            FakeAgent::Options options;
            options.url = url;
            options.token = host_token(host);
            options.app = AppId{app};
            options.host = HostId{host};
            options.region = region;
            options.epoch = epoch;
            options.active = active;
            agents.push_back(std::make_unique<FakeAgent>(world, *http, options));
            started.push_back(agents.back().get());
            see(*started.back(), kEast, true);
            see(*started.back(), kWest, true);
            started.back()->start();
        }
        return started;
    }

    // Until the operation has ended, or the controller has.
    net::Task<> follow(Farshored* controller, std::string url, std::string id, Run* run) {
        while (controller->is_alive()) {
            const auto operation = co_await ask_json(url, "GET", "/v1/operations/" + id, "");
            if (operation && operation->at("outcome") != "running") {
                run->operation = *operation;
                run->outcome = std::string{operation->at("outcome").as_string()};
                co_return;
            }
            co_await net::sleep_for(world.io, 20ms);
        }
    }

    // Until it serves; it may die before.
    net::Task<std::string> url_of(Farshored* controller) {
        std::string url;
        while (controller->is_alive()) {
            url = "http://127.0.0.1:" + std::to_string(controller->port());
            net::HttpCall call;
            call.url = url + "/livez";
            if (controller->port() != 0) {
                const Result<net::HttpReply> reply = co_await http->fetch(call);
                if (reply && reply->body == "ok\n") {
                    break;
                }
            }
            co_await net::sleep_for(world.io, 10ms);
        }
        co_return url;
    }

    // When the guards have seen the world. Empty: the controller died before it answered.
    net::Task<std::string> begin(
        Farshored* controller, std::string url, std::string app, Run* run
    ) {
        const std::string path = "/v1/apps/" + app + "/";
        const std::string plan =
            R"({"verb":")" + run->verb + R"(","to":"eu-west-1","accept_loss_ms":3600000})";
        const std::string change = R"({"to":"eu-west-1","reason":"test","confirm":")" + app +
                                   R"(","accept_loss_ms":3600000})";
        bool allowed = false;
        while (controller->is_alive()) {
            const auto planned = co_await ask_json(url, "POST", path + "plan", plan);
            allowed = planned && planned->at("allowed").as_bool();
            if (allowed) {
                const auto begun = co_await ask_json(url, "POST", path + run->verb, change);
                if (begun && begun->contains("id")) {
                    co_return std::string{begun->at("id").as_string()};
                }
            }
            co_await net::sleep_for(world.io, 20ms);
        }
        co_return std::string{};
    }

    net::Task<> survive(Run* run) {
        const std::string app = "shop-" + std::to_string(++apps_);
        run->app = app;
        const std::string folder = directory.path() + "/" + app;
        const std::string config = write_config(folder, app);
        const std::string count = folder + "/commits";
        auto controller = std::make_unique<Farshored>(
            config,
            folder + "/first.log",
            std::vector<std::string>{
                "LD_PRELOAD=" FARSHORE_DIES_AT_COMMIT,
                "FARSHORE_DIE_AT=" + std::to_string(run->at),
                "FARSHORE_DIE_HOW=" + std::string{to_string(run->how)},
                "FARSHORE_DIE_COUNT=" + count
            },
            run->at > 0 ? Farshored::End::may_be_killed : Farshored::End::when_asked
        );
        std::string url = co_await url_of(controller.get());
        std::vector<FakeAgent*> hosts = start_agents(url, app, Epoch{}, RegionId{});
        std::string id = co_await begin(controller.get(), url, app, run);
        co_await follow(controller.get(), url, id, run);
        run->died = !controller->is_alive();
        run->log = controller->log();
        std::ifstream(count) >> run->commits;
        for (FakeAgent* host : hosts) {
            host->die();
        }
        if (run->died) {
            controller = std::make_unique<Farshored>(
                config,
                folder + "/second.log",
                std::vector<std::string>{},
                Farshored::End::when_asked
            );
            url = co_await url_of(controller.get());
            // The hosts have gone on: they know what they were told.
            const FakeAgent* newest = hosts[0]->epoch() < hosts[1]->epoch() ? hosts[1] : hosts[0];
            hosts = start_agents(url, app, newest->epoch(), newest->active());
            if (id.empty()) {
                // It died before its answer; what it had begun is the last operation.
                while (controller->is_alive() && id.empty()) {
                    const auto list = co_await ask_json(url, "GET", "/v1/operations", "");
                    if (list && !list->at("operations").as_array().empty()) {
                        id = list->at("operations").as_array().front().at("id").as_string();
                    } else if (list) {
                        id = co_await begin(controller.get(), url, app, run);
                    }
                }
            }
            co_await follow(controller.get(), url, id, run);
            run->log += controller->log();
            for (FakeAgent* host : hosts) {
                host->die();
            }
        }
        controller->ask_to_end();
        // A wait for readiness may end without it: asio reuses a closed descriptor's state, with
        // the events that were noted for that one.
        while (controller->is_alive()) {
            ProcessEnd end(world.io, controller->end_descriptor());
            co_await end.async_wait(ProcessEnd::wait_read, net::kAwait);
        }
        run->ended = true;
    }

    void run_all() {
        std::size_t next = 0;
        const auto under_way = [&] {
            int count = 0;
            for (std::size_t i = 0; i < next; ++i) {
                count += runs[i].ended ? 0 : 1;
            }
            return count;
        };
        const bool all_ended = world.run_until(
            [&] {
                while (next < runs.size() && under_way() < kAtATime) {
                    Run* run = &runs[next++];
                    world.tasks.spawn(run->name(), [this, run] { return survive(run); });
                }
                return next == runs.size() && under_way() == 0;
            },
            900s
        );
        for (const Run& run : runs) {
            std::stringstream second;
            second << std::ifstream(directory.path() + "/" + run.app + "/second.log").rdbuf();
            EXPECT_TRUE(run.ended) << run.name() << " did not end\n" << run.log << second.str();
        }
        ASSERT_TRUE(all_ended);
    }

    // A step's effect waits until the record that it begins is on disk.
    static long steps_done(const Run& run) {
        long count = 0;
        for (const json::value& step : run.operation.at("plan").as_array()) {
            count += step.at("life") == "succeeded" ? 1 : 0;
        }
        return count;
    }

    // The number of commits differs from run to run: what is noted in one turn is one commit. Each
    // step that is done has one, so that a death at one of the first so many always comes.
    void dies_at_each_commit(const std::string& verb) {
        runs = {Run{.verb = verb}};
        ASSERT_NO_FATAL_FAILURE(run_all());
        ASSERT_EQ(runs.front().outcome, "done") << runs.front().log;
        ASSERT_FALSE(runs.front().died);
        const long commits = runs.front().commits;
        const long steps = steps_done(runs.front());
        ASSERT_GT(steps, 4) << runs.front().log;
        ASSERT_GE(commits, steps) << runs.front().log;
        runs.clear();
        for (int at = 1; at <= commits; ++at) {
            runs.push_back({.verb = verb, .at = at, .how = How::kept});
            runs.push_back({.verb = verb, .at = at, .how = at % 2 == 0 ? How::lost : How::torn});
        }
        ASSERT_NO_FATAL_FAILURE(run_all());
        for (const Run& run : runs) {
            EXPECT_TRUE(run.died || (run.at > steps && run.commits < run.at)) << run.name();
            EXPECT_EQ(run.outcome, "done") << run.name() << "\n" << run.log;
            if (run.outcome == "done") {
                EXPECT_EQ(run.operation.at("epoch_after"), 2) << run.name();
                EXPECT_EQ(run.operation.at("to"), "eu-west-1") << run.name();
                EXPECT_EQ(number_in_record(kWest, run.app, "epoch"), 2) << run.name();
            }
        }
    }

    std::vector<Run> runs;
    int apps_ = 0;
};

TEST_F(CrashTest, ASwitchoverSurvivesADeathAtEachCommit) {
    dies_at_each_commit("switchover");
}

TEST_F(CrashTest, AFailoverSurvivesADeathAtEachCommit) {
    dies_at_each_commit("failover");
}

}  // namespace
}  // namespace farshore::controller
