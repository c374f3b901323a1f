#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

// What an agent looks at and tells its controller. Modelled: probes over new and kept connections
// with a timeout of a second, evidence that a lost report does not lose, a stream that is found
// dead by silence, hellos at growing pauses. Probes and reports share one round.
namespace farshore::sim {

namespace {

constexpr Duration kReportEvery = 500ms;
constexpr Duration kReportPatience = 1s;
constexpr Duration kReportPauseMin = 20ms;
constexpr Duration kStreamSilenceMax = 4s;
constexpr Duration kHelloPatience = 3s;
constexpr Duration kPauseFirst = 100ms;
constexpr Duration kPauseMax = 3s;

// What a host sends while shoppers do not run one by one.
constexpr std::uint32_t kCalmRequests = 3;

std::size_t index_of(core::Path path) {
    return static_cast<std::size_t>(path);
}

Tried minus(const Tried& a, const Tried& b) {
    return {.ok = a.ok - b.ok, .failed = a.failed - b.failed};
}

Counts minus(const Counts& a, const Counts& b) {
    Counts difference;
    for (Place region = 0; region < kTablesMax; ++region) {
        for (std::size_t path = 0; path < core::kPathNames.size(); ++path) {
            difference.data[region][path] = minus(a.data[region][path], b.data[region][path]);
        }
        difference.stack[region] = minus(a.stack[region], b.stack[region]);
    }
    difference.control = minus(a.control, b.control);
    return difference;
}

}  // namespace

void Host::round() {
    const Duration every = std::min<Duration>(kReportEvery, scene_.script.agents_lease / 3);
    later(every, [this] { round(); });
    look_at_regions();
    if (scene_.quiet->calm() && may_write()) {
        const Place active = place_of(machine_.route()->active);
        counts_.data[active][index_of(core::Path::passive)].ok += kCalmRequests;
    }
    if (scene_.planted(Plant::hosts_go_home)) {
        go_home();
    }
    const bool stream_lives = session_ && scene_.controllers->stream_lives(*session_, index()) &&
                              scene_.weather.linked({.from = kWitness, .to = home()});
    if (stream_lives) {
        stream_heard_at_ = local_now();  // a ping comes each second
        controller_heard_at_ = local_now();
    } else if (session_ && local_now() - stream_heard_at_ >= kStreamSilenceMax) {
        lose_stream();
    }
    report();
}

// The planted bug: without a controller, users are taken back to where they are known to be safe.
void Host::go_home() {
    const bool alone = local_now() - controller_heard_at_ >= kStreamSilenceMax;
    if (alone && machine_.route() && machine_.route()->users != region_id(home())) {
        core::HostRoute route = *machine_.route();
        route.users = region_id(home());
        step(core::RouteOrder{route});
    }
}

void Host::look_at_regions() {
    for (Place region = 0; region < scene_.script.tables; ++region) {
        for (const core::Path path : {core::Path::fresh, core::Path::reused}) {
            Tried& tried = counts_.data[region][index_of(path)];
            auto& late = silent_[index_of(path)][region].last_rounds;
            tried.failed += late[0];
            late[0] = std::exchange(late[1], std::uint8_t{0});
            const Answer answer = scene_.network.ask(
                {.from = home(), .to = region}, {.fresh = path == core::Path::fresh}
            );
            tried.ok += answer == Answer::served ? 1U : 0U;
            tried.failed += answer == Answer::refused ? 1U : 0U;
            late[1] = answer == Answer::silent ? 1 : 0;
            scene_.chronicle->looked(
                index(), {.region = region, .path = path}, answer == Answer::served
            );
        }
        if (region != home()) {
            const bool answers = scene_.stack_answers({.from = home(), .to = region});
            ++(answers ? counts_.stack[region].ok : counts_.stack[region].failed);
            scene_.chronicle->looked(
                index(), {.region = region, .component = core::Component::stack}, answers
            );
        }
    }
}

void Host::report_soon() {
    if (report_under_way_ != 0) {
        report_wanted_ = true;
    } else if (!std::exchange(report_scheduled_, true)) {
        later(kReportPauseMin, [this] { report(); });
    }
}

std::shared_ptr<const Report> Host::report_of() {
    auto report = std::make_shared<Report>();
    report->host = index();
    report->life = life_;
    report->sequence = ++reports_;
    report->epoch = machine_.epoch();
    report->active = machine_.route() ? place_of(machine_.route()->active) : kPlaces;
    report->users = machine_.route() ? machine_.route()->users : RegionId{};
    report->write_state = std::string{to_string(core::write_state_of(machine_.state()))};
    report->seen = minus(counts_, told_);
    for (const Flight& flight : flights_) {
        Duration& stalled = report->stalled[flight.to];
        stalled = std::max(stalled, scene_.calendar.now() - flight.sent_at);
    }
    if (const std::optional<Instant> last = last_acknowledged()) {
        report->last_acknowledged_ago = scene_.calendar.now() - *last;
        report->truly_acknowledged_at = last;
    }
    report->unproven = static_cast<std::uint32_t>(ledger_.size());
    report->left_behind = static_cast<std::uint32_t>(ledger_.left_behind().size());
    report->ledger_whole = ledger_is_whole();
    report->newest_unknown_ago = newest_unknown_ago();
    if (scene_.weather.is(FaultKind::old_agent, home())) {
        report->users = RegionId{};
        report->ledger_whole = false;  // as a controller reads a field that is missing
        report->newest_unknown_ago.reset();
        report->says_unknown = false;
        report->last_acknowledged_ago.reset();
    }
    report->with_evidence = !scene_.weather.is(FaultKind::metrics_missing, home());
    return report;
}

void Host::report() {
    report_scheduled_ = false;
    if (!session_) {
        return;
    }
    if (report_under_way_ != 0) {
        report_wanted_ = true;
        return;
    }
    const std::shared_ptr<const Report> told = report_of();
    report_under_way_ = told->sequence;
    const Instant started = local_now();
    scene_.controllers->take_report(
        told,
        [this, life = life_, told, started, so_far = counts_](const ReportAnswer& answer) {
            enter(life, [this, number = told->sequence, started, so_far, answer] {
                if (number == report_under_way_) {
                    told_ = so_far;
                }
                take_answer(number, started, answer);
            });
        }
    );
    report_patience_ =
        later(kReportPatience, [this, number = told->sequence] { report_lost(number); });
}

void Host::report_lost(std::uint64_t number) {
    if (report_under_way_ == number) {
        report_under_way_ = 0;
        report_wanted_ = false;
        report_soon();
    }
}

void Host::take_answer(std::uint64_t number, Instant started, const ReportAnswer& answer) {
    const bool late = number != report_under_way_;
    if (!late) {
        report_under_way_ = 0;
        scene_.calendar.cancel(report_patience_);
    }
    if (answer.hello_first) {
        lose_stream();
        return;
    }
    if (late) {
        return;  // its connection was closed when the patience was over
    }
    controller_heard_at_ = local_now();
    if (std::exchange(report_wanted_, false)) {
        report_soon();
    }
    if (answer.lease) {
        step(core::Confirmation{
            .epoch = answer.epoch,
            .started = scene_.planted(Plant::lease_from_arrival) ? local_now() : started,
            .length = *answer.lease,
            .by = core::Confirmer::controller
        });
    }
}

void Host::connect() {
    if (session_) {
        return;
    }
    const std::uint64_t hello = ++hellos_;
    scene_.controllers->greet(
        {.host = index(), .life = life_, .home = home(), .epoch = machine_.epoch()}
    );
    later(kHelloPatience, [this, hello] {
        if (!session_ && hello == hellos_) {
            lose_stream();
        }
    });
}

void Host::greeted(const Greeting& greeting) {
    session_ = greeting.session;
    if (!by_hello_ || by_hello_->register_id != greeting.register_id) {
        by_hello_ = Known{.register_id = greeting.register_id, .since = local_now()};
    }
    connect_failures_ = 0;
    stream_heard_at_ = local_now();
    controller_heard_at_ = local_now();
    report_under_way_ = 0;
    scene_.quiet->disturb();
    report_soon();
}

void Host::stream_ended(Session session) {
    if (session_ == session) {
        lose_stream();
    }
}

// Each attempt waits longer than the one before, by chance.
void Host::lose_stream() {
    scene_.quiet->disturb();
    session_.reset();
    ++hellos_;
    connect_failures_ = std::min(connect_failures_ + 1, 10);
    const Duration ceiling = std::min<Duration>(kPauseFirst * (1 << connect_failures_), kPauseMax);
    later(kPauseFirst / 2 + dice_.between(0ms, ceiling), [this] { connect(); });
}

}  // namespace farshore::sim
