#include "cli/demo_story.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/system/system_clock.h"
#include "base/patience.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/demo_books.h"
#include "cli/demo_files.h"
#include "cli/demo_plots.h"
#include "cli/demo_record.h"
#include "cli/demo_stage.h"
#include "cli/demo_watcher.h"
#include "cli/demo_world.h"
#include "cli/lab_client.h"
#include "cli/lab_view.h"
#include "cli/output.h"

namespace farshore::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto kLookEvery = 100ms;
// Above a request's timeout: what is under way is waited for.
constexpr auto kShoppersGrace = 10s;

class Story {
  public:
    Story(const DemoOptions& options, const Plot& plot)
        : options_(options), plot_(plot), stage_(clock_) {}

    int tell() {
        const Interrupts interrupts;
        auto files = make_demo_files(
            options_.directory,
            options_.keep && options_.world.empty() ? default_lab_directory() : options_.world
        );
        if (!files) {
            return failed_with(files.error());
        }
        files_ = std::move(*files);
        Status told = prepare();
        if (told) {
            told = act();
        }
        if (Interrupts::asked()) {
            stage_.clear_live();
            print_message("interrupted: the world is being taken down");
            leave(false);
            print_bad_ends(record_.ended_badly);
            return kInterrupted;
        }
        if (!told) {
            record_.interrupted = told.error().text;
            print_error(told.error());
        }
        const bool keep = options_.keep && told.has_value();
        if (record_.started == UtcTime{}) {
            leave(keep);
            print_bad_ends(record_.ended_badly);
            return told ? static_cast<int>(kFailed) : exit_code_of(told.error().kind);
        }
        close_books();
        // How the processes end is part of the story, so the report comes last.
        const bool kept = leave(keep);
        const int code = publish(record_, files_);
        if (kept) {
            fmt::print("\n{}", kept_summary(lab_status_));
        }
        return code;
    }

  private:
    Status prepare() {
        stage_.headline(fmt::format("farshore demo {}: {}", plot_.name, plot_.title));
        stage_.say(
            "note", "bringing the world up: 3 Regions, 4 hosts with an agent each, a controller"
        );
        LabOptions lab;
        lab.directory = files_.world;
        lab.seed = options_.seed;
        lab.rto = plot_.rto;
        auto world = LabProcess::start(lab);
        if (!world) {
            return std::unexpected(world.error());
        }
        world_ = std::make_unique<LabProcess>(std::move(*world));
        auto ready = world_->wait_ready(&Interrupts::asked);
        if (!ready) {
            return std::unexpected(ready.error());
        }
        lab_status_ = std::move(*ready);
        return open_watch();
    }

    Status open_watch() {
        auto regions = demo_regions(lab_status_);
        if (!regions) {
            return std::unexpected(regions.error());
        }
        regions_ = std::move(*regions);
        auto watch = watcher_options(lab_status_, files_.client_log());
        if (!watch) {
            return std::unexpected(watch.error());
        }
        watcher_ = std::make_unique<Watcher>(std::move(*watch), stage_, clock_);
        return {};
    }

    // New health checks count as failed where they are inverted, until their checkers have looked:
    // the record answers with the standby for some seconds. Shoppers wait until the record answers
    // with the preferred Region.
    Status open_shop() {
        return watch_until(60s, "the record to answer with " + regions_.preferred, [this] {
            return watcher_->dns_region() == regions_.preferred && both_healthy();
        });
    }

    Status send_shoppers() {
        // Before the first of them can ask for anything.
        record_.started = clock_.wall();
        const auto started = shoppers_.start(shoppers_process(
            lab_status_,
            {.client_log = files_.client_log(),
             .output = files_.shoppers_log(),
             .rate = options_.rate,
             .dns_habit = options_.dns_habit,
             .seed = options_.seed}
        ));
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
        return {};
    }

    void note_end(const ChildExit& shoppers, std::string trouble) {
        record_.load_trouble = std::move(trouble);
        if (!shoppers.well()) {
            record_.ended_badly.push_back(shoppers.bad_end());
        }
    }

    // Without its load a story cannot be judged.
    Status mind_shoppers() {
        for (const ChildExit& ended : shoppers_.reap()) {
            note_end(ended, "the shoppers ended early: " + ended.text());
        }
        if (record_.load_trouble.empty()) {
            return {};
        }
        return fail(ErrorKind::unavailable, record_.load_trouble, "see " + files_.shoppers_log());
    }

    // Looks until `done` says so; what is awaited is named when it does not come.
    Status watch_until(
        Duration patience, std::string_view awaited, const std::function<bool()>& done
    ) {
        const Instant deadline = clock_.now() + stretched(patience);
        while (true) {
            if (Interrupts::asked()) {
                return fail(ErrorKind::cancelled, "interrupted");
            }
            watcher_->look();
            if (const Status load = mind_shoppers(); !load) {
                return load;
            }
            if (done()) {
                return {};
            }
            if (clock_.now() > deadline) {
                return fail(
                    ErrorKind::timed_out,
                    fmt::format("waited {} for {}", to_text(stretched(patience)), awaited),
                    "logs are in " + files_.world + "/logs"
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
            return calm_for(6s) && watcher_->status().armed &&
                   watcher_->dns_region() == regions_.preferred && both_healthy();
        });
        watcher_->tell_votes();
        return calm;
    }

    [[nodiscard]] bool both_healthy() const {
        return demo_regions_healthy(watcher_->status(), regions_);
    }

    Status break_it() {
        lab::FaultSpec fault;
        fault.kind = plot_.kind;
        fault.region = RegionId{regions_.preferred};
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
        LabClient lab{files_.world};
        const auto added = lab.add_fault(fault);
        return added ? Status{} : std::unexpected(added.error());
    }

    static bool ended(const OperationSeen* seen) {
        return seen != nullptr && seen->operation.outcome != core::Outcome::running;
    }

    [[nodiscard]] const OperationSeen* failover() const {
        return watcher_->operation({core::Verb::failover});
    }

    [[nodiscard]] const OperationSeen* way_home() const {
        return watcher_->operation({core::Verb::failback, core::Verb::switchover});
    }

    static json::object document_of(const OperationSeen* seen) {
        return seen == nullptr ? json::object{} : seen->document;
    }

    Status recover() {
        const Status decided =
            watch_until(30s, "the controller's decision", [this] { return failover() != nullptr; });
        if (!decided) {
            return decided;
        }
        const Status done = watch_until(90s, "the end of the failover", [this] {
            note_dns();
            return ended(failover());
        });
        record_.failover = document_of(failover());
        return done;
    }

    void note_dns() {
        if (!record_.dns_switched && watcher_->dns_region() == regions_.standby) {
            record_.dns_switched = watcher_->dns_since();
        }
    }

    // The fault is over, all hosts are back, and each write at risk has a fate.
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
        const std::string id = failover() == nullptr ? "" : failover()->operation.id.value();
        const Status settled = watch_until(
            90s,
            "both Regions healthy, every agent back and every loss settled",
            [&, this] {
                note_dns();
                if (!both_healthy() || !all_agents_open(watcher_->status())) {
                    return false;
                }
                const auto losses = read_losses(watcher_->api(), id);
                return losses && losses->settled;
            }
        );
        if (!settled) {
            return settled;
        }
        if (const auto losses = read_losses(watcher_->api(), id)) {
            stage_.say("books", fates_text(*losses));
        }
        return watch_until(60s, "users served by the standby without a failure", [this] {
            note_dns();
            return calm_for(4s) && watcher_->dns_region() == regions_.standby;
        });
    }

    Status go_home() {
        record_.switchover_requested = clock_.wall();
        stage_.say(
            "note",
            fmt::format(
                "farshore failback: everything goes home to {}, with writes held",
                regions_.preferred
            )
        );
        std::string refusal;
        const std::string target = "/v1/apps/" + watcher_->status().app.value() + "/failback";
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
        const Status done =
            watch_until(120s, "the end of the switchover", [this] { return ended(way_home()); });
        record_.switchover = document_of(way_home());
        return done;
    }

    Status settle_down() {
        const Status home = watch_until(60s, "users back home", [this] {
            return watcher_->dns_region() == regions_.preferred;
        });
        if (!home) {
            return home;
        }
        const Instant enough = clock_.now() + 3s;
        return watch_until(10s, "quiet", [&, this] { return clock_.now() >= enough; });
    }

    void close_books() {
        record_.ended = clock_.wall();
        stage_.say("note", "the story is told; its books are being closed");
        for (const ChildExit& ended : shoppers_.stop_all(stretched(kShoppersGrace))) {
            if (!ended.well()) {
                note_end(ended, "the shoppers ended with " + ended.text());
            }
        }
        watcher_->look();
        stage_.clear_live();
        keep_books(
            record_, files_.client_log(), watcher_->api(), table_access(lab_status_, regions_)
        );
        identify(record_, options_, plot_, regions_);
        record_.fault_seen_by_agents =
            watcher_->agents_saw(regions_.preferred, plot_.component, record_.fault_span);
        record_.marks = stage_.marks();
    }

    // Ends the world, or hands it over; true: it lives on.
    bool leave(bool keep) {
        for (const ChildExit& ended : shoppers_.stop_all(stretched(1s))) {
            if (!ended.well()) {
                record_.ended_badly.push_back(ended.bad_end());
            }
        }
        if (world_ == nullptr) {
            return false;
        }
        const bool kept = keep && !Interrupts::asked() && world_->keep();
        std::ranges::move(
            kept ? world_->ended_badly() : world_->stop(), std::back_inserter(record_.ended_badly)
        );
        return kept;
    }

    DemoOptions options_;
    const Plot& plot_;
    system::SystemClock clock_;
    Stage stage_;
    DemoFiles files_;
    std::unique_ptr<LabProcess> world_;
    Children shoppers_;
    json::value lab_status_;
    std::unique_ptr<Watcher> watcher_;
    DemoRegions regions_;
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
