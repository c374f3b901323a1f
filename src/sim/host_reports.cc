#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

// What an agent looks at, and what it tells its controllers.
namespace farshore::sim {

namespace {

constexpr std::string_view kNoAnswer = "no answer";

// What a host sends while shoppers do not run one by one.
constexpr std::uint32_t kCalmRequests = 3;

}  // namespace

core::link::Sender Host::sender() const {
    const RegionId& region = region_id(home());
    return {
        .credential = {.app = kApp, .host = id(), .region = region},
        .subject = {.app = kApp, .host = id(), .region = region},
        .boot = boot_of(life_)
    };
}

void Host::report_soon() {
    for (const auto& link : links_) {
        link->report_soon();
    }
}

HostLink& Host::link_of(Session session) {
    return *links_[session.is_rivals() ? 1 : 0];
}

void Host::meet_rival() {
    if (running_) {
        later(dice_.between(1ms, 400ms), [this] { links_[1]->connect(); });
    }
}

void Host::greeted(const Greeting& greeting) {
    registration_->enrolled(local_now(), greeting.register_id);
    tend_registration();
    link_of(greeting.session).greeted(greeting);
}

void Host::doubt_clock() {
    scene_.chronicle->saw(Seen::clock_found_stopped);
    step(core::ClockDoubted{});
}

void Host::round() {
    later(core::HostBounds{}.probe_every, [this] { round(); });
    look_at_regions();
    if (scene_.quiet->calm() && may_write()) {
        for (std::uint32_t i = 0; i < kCalmRequests; ++i) {
            count({machine_.route()->active, core::Component::dynamodb, core::Path::passive}, true);
        }
    }
    for (const auto& link : links_) {
        link->listen();
    }
}

// What turns is told at once.
void Host::count(const core::EvidenceBook::Key& key, bool ok) {
    const std::uint64_t turns = book_.turns();
    book_.count(key, ok, {}, kNoAnswer);
    if (book_.turns() != turns) {
        report_soon();
    }
}

void Host::look_at_regions() {
    for (Place region = 0; region < scene_.script.tables; ++region) {
        look_at(region, core::Path::fresh);
        look_at(region, core::Path::reused);
        if (region != home() && scene_.script.configuration.stacks_watched[region]) {
            const bool answers = scene_.stack_answers({.from = home(), .to = region});
            count({region_id(region), core::Component::stack, core::Path::fresh}, answers);
            scene_.chronicle->looked(
                index(), {.region = region, .component = core::Component::stack}, answers
            );
        }
    }
}

void Host::look_at(Place region, core::Path path) {
    const core::EvidenceBook::Key key{region_id(region), core::Component::dynamodb, path};
    core::ProbeRound& probes =
        probes_.try_emplace(
                   key, core::ProbeRound{{.every = core::HostBounds{}.probe_every}}
        ).first->second;
    if (!probes.begin(local_now())) {
        return;
    }
    const Answer answer =
        scene_.network.ask({.from = home(), .to = region}, {.fresh = path == core::Path::fresh});
    scene_.chronicle->looked(index(), {.region = region, .path = path}, answer == Answer::served);
    const auto told = [this, &probes, key, ok = answer == Answer::served] {
        probes.end();
        count(key, ok);
    };
    if (answer == Answer::silent) {
        later(core::HostBounds{}.upstream_timeout, told);
    } else {
        told();
    }
}

// The age of the oldest request without an answer, by Region.
void Host::note_stalls() {
    std::array<Duration, kTablesMax> stalled{};
    for (const Flight& flight : flights_) {
        stalled[flight.to] = std::max(stalled[flight.to], scene_.calendar.now() - flight.sent_at);
    }
    for (Place region = 0; region < scene_.script.tables; ++region) {
        book_.stall(
            {region_id(region), core::Component::dynamodb, core::Path::passive}, stalled[region]
        );
    }
}

std::shared_ptr<const Report> Host::report(
    std::uint64_t sequence, const core::EvidenceBook::Cursor& told
) {
    auto report = std::make_shared<Report>();
    report->said.from = sender();
    report->said.sequence = sequence;
    const core::HostAccount account =
        core::account_of(local_now(), machine_, *ledger_, arrivals_, unknown_);
    core::AgentReported& said = report->said.said;
    said = core::reported(account);
    report->said.acknowledged = account.acknowledged;
    report->said.left_behind = account.left_behind;
    // Also what shoppers bought who did not run one by one.
    if (const std::optional<Instant> last = last_acknowledged()) {
        report->truly_acknowledged_at = last;
        said.last_acknowledged_ago = scene_.calendar.now() - *last;
    }
    if (scene_.weather.is(FaultKind::old_agent, home())) {
        said.users = RegionId{};
        said.ledger_whole = false;  // as a controller reads a field that is missing
        said.newest_unknown_ago.reset();
        said.says_unknown = false;
        said.last_acknowledged_ago.reset();
    }
    if (!scene_.weather.is(FaultKind::metrics_missing, home())) {
        note_stalls();
        const std::vector<core::EvidenceCounts> news = book_.since(told);
        report->said.seen.reserve(news.size());
        for (const core::EvidenceCounts& counts : news) {
            report->said.seen.push_back(core::observation_of(counts, {}));
        }
    }
    return report;
}

}  // namespace farshore::sim
