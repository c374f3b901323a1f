#include "cli/demo_story.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "adapters/system/system_clock.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/demo_books.h"
#include "cli/demo_stage.h"
#include "cli/demo_watcher.h"
#include "cli/lab_client.h"
#include "cli/lab_view.h"
#include "cli/output.h"
#include "cli/version.h"
#include "wire/config_loader.h"

#include "drill/report.h"

namespace farshore::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto kLookEvery = 100ms;
constexpr int kInterrupted = 130;  // as a shell reports Ctrl-C

struct Plot {
    std::string_view name;
    std::string_view title;
    lab::FaultKind kind;
    Duration lasts;  // long enough to see the failover through
    Duration rto;    // objective
};

// dynamodb: writes are repointed, so the shop is back before DNS moves. The other two need users to
// move: health checkers, then the record's ttl, and the configured RTO is what was promised.
constexpr std::array kPlots{
    Plot{
        "dynamodb",
        "us-east-1's DynamoDB name gets an empty answer",
        lab::FaultKind::dynamodb,
        20s,
        5s
    },
    Plot{"servers", "both hosts of us-east-1 are killed", lab::FaultKind::hosts, 30s, 60s},
    Plot{"region", "us-east-1 as a whole is cut off", lab::FaultKind::region, 30s, 60s},
};

// What stands in the directory and is of no demo; nullopt: it may be used. `world` is the directory
// of the world that will live there.
std::optional<std::string> foreign_entry(
    const std::string& directory, const std::filesystem::path& world
) {
    const std::string own = world.filename().string();
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
        const std::string name = entry.path().filename().string();
        bool ours = false;
        for (const std::string& expected :
             {std::string{"report.json"},
              std::string{"report.html"},
              std::string{"clients.ndjson"},
              std::string{"shoppers.log"},
              std::string{"world"},
              std::string{"world.log"},
              std::string{"world.lock"},
              own,
              own + ".log",
              own + ".lock"}) {
            ours = ours || name == expected;
        }
        if (!ours) {
            return name;
        }
    }
    return std::nullopt;
}

class Story {
  public:
    Story(const DemoOptions& options, const Plot& plot)
        : options_(options), plot_(plot), stage_(clock_) {}

    int tell() {
        const Interrupts interrupts;
        if (const Status made = make_directory(); !made) {
            return failed_with(made.error());
        }
        Status told = prepare();
        if (told) {
            told = act();
        }
        if (Interrupts::asked()) {
            stage_.clear_live();
            print_message("interrupted: the world is being taken down");
            leave(false);
            return kInterrupted;
        }
        if (!told) {
            record_.interrupted = told.error().text;
            print_error(told.error());
        }
        const int code = record_.started == UtcTime{} ? static_cast<int>(kFailed) : report();
        leave(options_.keep && told.has_value());
        return code;
    }

  private:
    Status prepare() {
        stage_.headline(fmt::format("farshore demo {}: {}", plot_.name, plot_.title));
        stage_.say(
            "note", "bringing the world up: 3 Regions, 4 hosts with an agent each, a controller"
        );
        LabOptions lab;
        lab.directory = world_directory();
        lab.seed = options_.seed;
        auto world = LabProcess::start(lab);
        if (!world) {
            return std::unexpected(world.error());
        }
        world_ = std::make_unique<LabProcess>(std::move(*world));
        auto ready = world_->wait_ready();
        if (!ready) {
            return std::unexpected(ready.error());
        }
        lab_status_ = std::move(*ready);
        return open_watch();
    }

    Status make_directory() {
        directory_ = options_.directory;
        if (directory_.empty()) {
            std::string name =
                (std::filesystem::temp_directory_path() / "farshore-demo-XXXXXX").string();
            if (::mkdtemp(name.data()) == nullptr) {
                return fail(
                    ErrorKind::denied, "cannot make a directory below /tmp", "name one with --out"
                );
            }
            directory_ = name;
            return {};
        }
        std::error_code error;
        directory_ = std::filesystem::absolute(directory_).string();
        std::filesystem::create_directories(directory_, error);
        if (error) {
            return fail(
                ErrorKind::denied,
                fmt::format("cannot make {}: {}", directory_, error.message()),
                "--out DIR"
            );
        }
        if (const auto foreign = foreign_entry(directory_, world_directory())) {
            return fail(
                ErrorKind::malformed,
                fmt::format("{} holds {}, which is not of a demo", directory_, *foreign),
                "--out takes a new or an empty directory, or that of an earlier demo"
            );
        }
        // An earlier demo's log must not be counted as ours.
        std::filesystem::remove(client_log(), error);
        return {};
    }

    [[nodiscard]] std::string world_directory() const {
        return options_.world.empty()
                   ? directory_ + "/world"
                   : std::filesystem::absolute(options_.world).lexically_normal().string();
    }

    [[nodiscard]] std::string client_log() const { return directory_ + "/clients.ndjson"; }

    Status open_watch() {
        const json::value& controller = lab_status_.at("controllers").as_array().front();
        const std::string config_file = text_at(controller, "config");
        const auto config = config::load_config(config_file);
        if (!config) {
            return std::unexpected(config.error());
        }
        record_.configuration_hash = config->hash;
        preferred_ = config->preferred().value();
        for (const config::Region& region : config->regions) {
            standby_ = region.preferred ? standby_ : region.id.value();
        }
        Watcher::Options watch;
        watch.controller.controller = text_at(controller, "api");
        watch.controller.ca_file = text_at(lab_status_, "ca");
        std::ifstream token{text_at(lab_status_, "operator_token")};
        std::getline(token, watch.controller.token);
        const std::string dns = text_at(lab_status_, "route53/dns");
        watch.dns_address = dns.substr(0, dns.rfind(':'));
        watch.dns_port = static_cast<std::uint16_t>(std::stoi(dns.substr(dns.rfind(':') + 1)));
        watch.source_address = text_at(lab_status_, "shop/source");
        watch.record = text_at(lab_status_, "route53/record");
        for (const auto& [name, region] : lab_status_.at("regions").as_object()) {
            std::string balancer = text_at(region, "load_balancer");
            balancer = balancer.substr(0, balancer.rfind(':'));
            if (balancer.starts_with("http://")) {
                watch.region_of_address[balancer.substr(7)] = name;
            }
        }
        watch.client_log = client_log();
        watcher_ = std::make_unique<Watcher>(std::move(watch), stage_, clock_);
        return {};
    }

    // New health checks count as failed where they are inverted, until their checkers have looked:
    // the record answers with the standby for some seconds. Nobody goes shopping before it is
    // settled.
    Status open_shop() {
        return watch_until(60s, "the record to answer with " + preferred_, [this] {
            return watcher_->dns_region() == preferred_ && both_healthy();
        });
    }

    Status send_shoppers() {
        const auto started = shoppers_.start(
            {.name = "shoppers",
             .argv =
                 {own_path(),
                  "lab",
                  "shoppers",
                  "--dns",
                  text_at(lab_status_, "route53/dns"),
                  "--name",
                  text_at(lab_status_, "shop/name"),
                  "--port",
                  text_at(lab_status_, "shop/port"),
                  "--source",
                  text_at(lab_status_, "shop/source"),
                  "--log",
                  client_log(),
                  "--rate",
                  std::to_string(options_.rate),
                  "--seed",
                  std::to_string(options_.seed)},
             .log_file = directory_ + "/shoppers.log"}
        );
        if (!started) {
            return std::unexpected(started.error());
        }
        stage_.say(
            "note",
            fmt::format(
                "{} requests per second go shopping at {}",
                options_.rate,
                text_at(lab_status_, "shop/name")
            )
        );
        record_.started = clock_.wall();
        return {};
    }

    // Looks until `done` says so; what is awaited is named when it does not come.
    Status watch_until(
        Duration patience, std::string_view awaited, const std::function<bool()>& done
    ) {
        const Instant deadline = clock_.now() + patience;
        while (true) {
            if (Interrupts::asked()) {
                return fail(ErrorKind::cancelled, "interrupted");
            }
            watcher_->look();
            if (done()) {
                return {};
            }
            if (clock_.now() > deadline) {
                return fail(
                    ErrorKind::timed_out,
                    fmt::format("waited {} for {}", to_text(patience), awaited),
                    "logs are in " + world_directory() + "/logs"
                );
            }
            std::this_thread::sleep_for(kLookEvery);
        }
    }

    [[nodiscard]] bool calm_for(Duration length) const {
        const auto last = watcher_->last_failure();
        const UtcTime since = std::max(record_.started, last.value_or(record_.started));
        return clock_.wall() - since >= length && watcher_->requests() > 0;
    }

    Status act() {
        for (const auto& scene :
             {&Story::open_shop,
              &Story::send_shoppers,
              &Story::steady,
              &Story::break_it,
              &Story::recover,
              &Story::wait_for_peace,
              &Story::go_home,
              &Story::settle_down}) {
            if (const Status played = (this->*scene)(); !played) {
                return played;
            }
        }
        return {};
    }

    Status steady() {
        const Status calm = watch_until(30s, "steady traffic and an armed controller", [this] {
            return calm_for(6s) && flag_at(watcher_->status(), "armed") &&
                   watcher_->dns_region() == preferred_ && both_healthy();
        });
        watcher_->tell_votes();
        return calm;
    }

    [[nodiscard]] bool both_healthy() const {
        return text_at(watcher_->status(), "regions/" + preferred_ + "/verdict") == "healthy" &&
               text_at(watcher_->status(), "regions/" + standby_ + "/verdict") == "healthy";
    }

    Status break_it() {
        lab::FaultSpec fault;
        fault.kind = plot_.kind;
        fault.region = RegionId{preferred_};
        fault.lasts = plot_.lasts;
        const UtcTime now = clock_.wall();
        record_.fault = lab::to_text(fault);
        record_.fault_span = {
            .from = now, .until = now + std::chrono::duration_cast<WallClock::duration>(plot_.lasts)
        };
        stage_.set_origin(now);
        stage_.say(
            "fault",
            fmt::format(
                "{} (farshore lab fault {} --for {})",
                plot_.title,
                record_.fault,
                to_text(plot_.lasts)
            )
        );
        LabClient lab{world_directory()};
        const auto added = lab.add_fault(fault);
        return added ? Status{} : std::unexpected(added.error());
    }

    [[nodiscard]] bool ended(const json::object& operation) const {
        const std::string outcome = text_at(json::value(operation), "outcome");
        return !outcome.empty() && outcome != "running";
    }

    Status recover() {
        const Status decided = watch_until(30s, "the controller's decision", [this] {
            return !watcher_->operation({"failover"}).empty();
        });
        if (!decided) {
            return decided;
        }
        const Status done = watch_until(90s, "the end of the failover", [this] {
            note_dns();
            return ended(watcher_->operation({"failover"}));
        });
        record_.failover = watcher_->operation({"failover"});
        return done;
    }

    void note_dns() {
        if (!record_.dns_switched && watcher_->dns_region() == standby_) {
            record_.dns_switched = watcher_->dns_since();
        }
    }

    // The fault is over, everybody is back, and each write at risk has got its answer.
    Status wait_for_peace() {
        const Status over = watch_until(plot_.lasts + 5s, "the end of the fault", [this] {
            note_dns();
            return clock_.wall() >= record_.fault_span.until;
        });
        if (!over) {
            return over;
        }
        stage_.say(
            "fault",
            plot_.kind == lab::FaultKind::hosts ? "the fault ends; the hosts are started again"
                                                : "the fault ends; late writes may arrive"
        );
        const std::string id = text_at(json::value(record_.failover), "id");
        const Status settled = watch_until(
            90s,
            "both Regions healthy, every agent back and every loss settled",
            [&, this] {
                note_dns();
                if (!both_healthy() || !all_agents_open()) {
                    return false;
                }
                const auto losses = read_losses(watcher_->api(), id);
                return losses && losses->settled;
            }
        );
        if (!settled) {
            return settled;
        }
        say_losses(id);
        return watch_until(60s, "users served by the standby without a failure", [this] {
            note_dns();
            return calm_for(4s) && watcher_->dns_region() == standby_;
        });
    }

    [[nodiscard]] bool all_agents_open() const {
        const json::value* agents = value_at(watcher_->status(), "agents");
        if (agents == nullptr || !agents->is_array() || agents->get_array().empty()) {
            return false;
        }
        return std::ranges::all_of(agents->get_array(), [](const json::value& agent) {
            return flag_at(agent, "connected") && text_at(agent, "write_state") == "open";
        });
    }

    void say_losses(const std::string& id) {
        const auto losses = read_losses(watcher_->api(), id);
        if (!losses) {
            return;
        }
        std::map<std::string, int> fates;
        for (const drill::BookedWrite& write : losses->writes) {
            ++fates[write.fate];
        }
        std::string text;
        for (const auto& [fate, count] : fates) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, fate);
        }
        stage_.say(
            "books", text.empty() ? "no acknowledged write was at risk" : "writes at risk: " + text
        );
    }

    Status go_home() {
        record_.switchover_requested = clock_.wall();
        stage_.say(
            "note",
            fmt::format(
                "farshore failback: everything goes home to {}, with writes held", preferred_
            )
        );
        std::string refusal;
        const std::string target = "/v1/apps/" + text_at(watcher_->status(), "app") + "/failback";
        const Status accepted =
            watch_until(60s, "the controller to accept the switchover", [&, this] {
                const auto answer = watcher_->api().post(target, json::object{{"reason", "demo"}});
                if (answer && answer->ok()) {
                    return true;
                }
                const std::string why = answer ? answer->error().text : answer.error().text;
                if (why != refusal) {
                    stage_.say("note", "not yet: " + why);
                    refusal = why;
                }
                record_.switchover_requested = clock_.wall();
                return false;
            });
        if (!accepted) {
            return accepted;
        }
        const Status done = watch_until(120s, "the end of the switchover", [this] {
            return ended(watcher_->operation({"failback", "switchover"}));
        });
        record_.switchover = watcher_->operation({"failback", "switchover"});
        return done;
    }

    Status settle_down() {
        const Status home = watch_until(60s, "users back home", [this] {
            return watcher_->dns_region() == preferred_;
        });
        if (!home) {
            return home;
        }
        const Instant enough = clock_.now() + 3s;
        return watch_until(10s, "quiet", [&, this] { return clock_.now() >= enough; });
    }

    int report() {
        shoppers_.stop_all(5s);
        watcher_->look();
        stage_.clear_live();
        record_.ended = clock_.wall();
        keep_books();
        record_.id = "demo-" + to_amz_date(record_.started);
        record_.story = plot_.name;
        record_.title = plot_.title;
        record_.version = kVersion;
        record_.seed = options_.seed;
        record_.rate = options_.rate;
        record_.preferred = preferred_;
        record_.standby = standby_;
        record_.fault_seen_by_agents = watcher_->agents_saw(preferred_);
        record_.marks = stage_.marks();
        record_.objectives.rto = plot_.rto;
        const json::object document = drill::report_document(record_);
        fmt::print("\n{}\n", drill::report_table(document));
        const Status written = drill::write_report(document, directory_);
        if (!written) {
            print_error(written.error());
            return kFailed;
        }
        fmt::print("report: {}/report.json\n        {}/report.html\n", directory_, directory_);
        if (drill::passed(document)) {
            return kDone;
        }
        return record_.interrupted.empty() ? kObjectiveMissed : kInconclusive;
    }

    void keep_books() {
        std::ifstream in{client_log(), std::ios::binary};
        std::ostringstream text;
        text << in.rdbuf();
        auto log = wire::parse_client_log(text.str());
        if (!log) {
            note_trouble(log.error());
            return;
        }
        record_.log = std::move(*log);
        const std::string id = text_at(json::value(record_.failover), "id");
        if (!id.empty()) {
            auto losses = read_losses(watcher_->api(), id);
            if (losses) {
                record_.booked = std::move(losses->writes);
            } else {
                note_trouble(losses.error());
            }
        }
        const auto carts = equal_carts();
        if (!carts) {
            note_trouble(carts.error());
            return;
        }
        const std::string table = text_at(lab_status_, "table");
        record_.booked =
            drill::decided_by_carts(std::move(record_.booked), record_.log, carts->front(), table);
        record_.books = drill::keep_books(record_.log, *carts, record_.booked, table);
    }

    // The last writes are still on their way when the shoppers stop; replication gets ten seconds.
    Result<std::vector<drill::Carts>> equal_carts() {
        TableAccess access;
        for (const std::string& region : {preferred_, standby_}) {
            access.endpoints[region] = text_at(lab_status_, "regions/" + region + "/dynamodb");
        }
        access.credentials_file = text_at(lab_status_, "credentials/file");
        access.profile = text_at(lab_status_, "credentials/profile");
        access.table = text_at(lab_status_, "table");
        const Instant deadline = clock_.now() + 10s;
        while (true) {
            auto carts = read_carts(access);
            if (!carts || carts->front() == carts->back() || clock_.now() > deadline) {
                return carts;
            }
            std::this_thread::sleep_for(200ms);
        }
    }

    void note_trouble(const Error& error) {
        record_.interrupted += (record_.interrupted.empty() ? "" : "; ") + error.text;
    }

    // Ends the world, or hands it over.
    void leave(bool keep) {
        shoppers_.stop_all(1s);
        if (world_ == nullptr) {
            return;
        }
        if (keep && world_->keep()) {
            fmt::print(
                "\nthe world stays up in {0}; end it with `farshore lab down --dir {0}`\nreach it "
                "with the AWS CLI:\n{1}",
                world_directory(),
                aws_cli_hint(lab_status_)
            );
            return;
        }
        world_->stop();
    }

    DemoOptions options_;
    const Plot& plot_;
    system::SystemClock clock_;
    Stage stage_;
    std::string directory_;
    std::unique_ptr<LabProcess> world_;
    Children shoppers_;
    json::value lab_status_;
    std::unique_ptr<Watcher> watcher_;
    std::string preferred_;
    std::string standby_;
    drill::StoryRecord record_;
};

}  // namespace

int tell_story(const DemoOptions& options) {
    for (const Plot& plot : kPlots) {
        if (plot.name == options.story) {
            Story story{options, plot};
            return story.tell();
        }
    }
    print_message(
        fmt::format("error: no story `{}`\n  remedy: dynamodb, servers or region", options.story)
    );
    return kUsage;
}

}  // namespace farshore::cli
