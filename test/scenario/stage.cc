#include "scenario/stage.h"

#include <algorithm>
#include <stdexcept>

#include "base/test_date.h"
#include "base/text.h"
#include "core/evidence/observers.h"

namespace farshore::scenario {

using namespace std::chrono_literals;

namespace {

const ObserverId kController{"controller"};
const std::array<RegionId, 2> kRegions{RegionId{"us-east-1"}, RegionId{"eu-west-1"}};

void must_be(bool known, const std::string& word) {
    if (!known) {
        throw std::runtime_error("the stage does not know " + word);
    }
}

}  // namespace

Stage::Stage(const core::Policy& policy)
    : policy_(policy),
      hosts_{
          {HostId{"use1-web-1"}, {.region = kRegions[0], .epoch = Epoch{1}}},
          {HostId{"use1-web-2"}, {.region = kRegions[0], .epoch = Epoch{1}}},
          {HostId{"euw1-web-1"}, {.region = kRegions[1], .epoch = Epoch{1}}},
          {HostId{"euw1-web-2"}, {.region = kRegions[1], .epoch = Epoch{1}}}
      },
      records_active_(kRegions[0]),
      core_(make(
          {.app = policy.app, .epoch = Epoch{1}, .active = kRegions[0], .users = kRegions[0]},
          policy
      )) {
    for (const auto& [id, host] : hosts_) {
        connect(id, host);
    }
}

core::AppCore Stage::make(core::AppRecord record, const core::Policy& policy) const {
    core::AppCore::Start start;
    start.policy = policy;
    start.observers = {
        {.id = kController, .stands_in = RegionId{"us-east-2"}, .hosts = {}},
        {.id = core::agents_of(kRegions[0]), .stands_in = kRegions[0], .hosts = {}},
        {.id = core::agents_of(kRegions[1]), .stands_in = kRegions[1], .hosts = {}}
    };
    for (const auto& [id, host] : hosts_) {
        start.agents.emplace(id, host.region);
        start.observers[host.region == kRegions[0] ? 1 : 2].hosts.push_back(id);
    }
    start.epochs = reading();
    start.register_id = "r1";
    start.record = std::move(record);
    return core::AppCore{std::move(start), now()};
}

core::EpochReading Stage::reading() const {
    const core::EpochItem item{
        .epoch = records_,
        .active = records_active_,
        .terms =
            {.lease = policy_.timing.lease,
             .clock_error = policy_.timing.clock_error,
             .hold_max = policy_.timing.hold_max},
        .register_id = "r1"
    };
    return {.started = now_, .started_wall = now().wall, .asked = 3, .copies = {item, item, item}};
}

core::Now Stage::now() const {
    return {.at = now_, .wall = date_in_tests(now_)};
}

void Stage::tell(const core::Event& event) {
    take(core_.step(now(), event));
}

void Stage::take(core::Effects effects) {
    if (effects.reply && !*effects.reply) {
        refused_ += effects.reply->error().error.text + "\n";
    }
    for (const core::JournalEntry& entry : effects.journal) {
        journal_ += entry.text + "\n";
    }
    for (const core::Action& action : effects.actions) {
        answer(action);
    }
}

// Outcomes come with the next tick, as nothing in the world is at once.
void Stage::answer(const core::Action& action) {
    if (const auto* order = std::get_if<core::OrderAgents>(&action)) {
        answer(*order);
    } else if (const auto* raise = std::get_if<core::RaiseEpoch>(&action)) {
        // "all": no copy answers; "most": the new Region's own copy is the only one that does.
        const bool silent = wrong_.contains({"records", "all"});
        const bool alone = wrong_.contains({"records", "most"});
        const bool lands = !silent && !raise->only_look && records_ <= raise->epoch;
        const bool raised = !silent && !alone && (lands || records_ == raise->epoch);
        if (lands && !alone) {
            records_ = raise->epoch;
            records_active_ = raise->active;
        }
        outcomes_.emplace_back(core::EpochRaised{
            .step = raise->step,
            .started = now_,
            .started_wall = now().wall,
            .majority = raised,
            .unchanged_confirmed = !silent && !alone && records_ < raise->epoch,
            .confirmed = lands ? std::vector{raise->active} : std::vector<RegionId>{},
            .highest_seen = records_,
            .longest_lease = longest_lease_,
            .detail = silent   ? "no answer"
                      : raised ? "raised"
                               : "a newer one is there"
        });
    } else if (const auto* find = std::get_if<core::FindHosts>(&action)) {
        outcomes_.emplace_back(
            core::HostsFound{.step = find->step, .complete = true, .hosts = strangers_}
        );
    } else if (const auto* examine = std::get_if<core::ExamineLosses>(&action)) {
        outcomes_.emplace_back(core::LossesExamined{
            .step = examine->step, .complete = true, .at_risk = 0, .detail = "all there"
        });
    } else if (const auto* serve = std::get_if<core::ServeUsers>(&action)) {
        outcomes_.emplace_back(
            core::TrafficServed{.step = serve->step, .done = true, .detail = "answers"}
        );
    } else if (const auto* run = std::get_if<core::RunCommand>(&action)) {
        if (!wrong_.contains({"command hanging", run->name})) {
            outcomes_.emplace_back(core::CommandEnded{
                .step = run->step, .status = wrong_.contains({"command", run->name}) ? 1 : 0
            });
        }
    } else if (const auto* verify = std::get_if<core::VerifyFunction>(&action)) {
        outcomes_.emplace_back(
            core::FunctionVerified{.step = verify->step, .passed = true, .detail = "200"}
        );
    }
}

void Stage::answer(const core::OrderAgents& order) {
    for (const HostId& id : order.hosts) {
        Host& host = hosts_.at(id);
        if (host.silent) {
            continue;
        }
        if (order.type == core::OrderType::route) {
            host.epoch = std::max(host.epoch, order.epoch);
        }
        const bool behind = wrong_.contains({"replication", core_.record().active.value()});
        const bool whole = !host.began_at || now_ - *host.began_at >= 10s;
        const bool drained = order.type != core::OrderType::drain || (!behind && whole);
        const bool written = order.type != core::OrderType::verify || !host.cannot_write;
        const bool done = drained && written;
        outcomes_.emplace_back(core::AgentAcked{
            .step = order.step,
            .host = id,
            .type = order.type,
            .epoch = order.epoch,
            .done = done,
            .unproven = behind && order.type == core::OrderType::fence ? 3U : 0U,
            .newest_unknown_ago = unknown_ago(host),
            .detail = done ? "" : "not proven"
        });
    }
}

std::optional<Duration> Stage::unknown_ago(const Host& host) const {
    return host.unknown_at ? std::optional{now_ - *host.unknown_at} : std::nullopt;
}

bool Stage::fails(const std::string& what, const RegionId& region, const ObserverId& who) const {
    const auto found = wrong_.find({what, region.value()});
    return found != wrong_.end() && (found->second.empty() || found->second.contains(who.value()));
}

void Stage::connect(const HostId& id, const Host& host) {
    tell(core::AgentConnected{.host = id, .region = host.region, .epoch = host.epoch});
}

void Stage::report(const HostId& id, Host& host) {
    const RegionId active = core_.record().active;
    const bool well = !wrong_.contains({"requests", active.value()});
    const bool whole = !host.began_at || now_ - *host.began_at >= 10s;
    if (well) {
        host.acknowledged_at = now_;
    }
    (void)core_.grant_lease(now(), id, host.epoch);
    tell(core::AgentReported{
        .host = id,
        .epoch = host.epoch,
        .active = active,
        .write_state = "open",
        .last_acknowledged_ago =
            host.acknowledged_at ? std::optional{now_ - *host.acknowledged_at} : std::nullopt,
        .ledger_whole = whole,
        .newest_unknown_ago = unknown_ago(host)
    });
    tell(core::Observation{
        .observer = core::agents_of(host.region),
        .source = id,
        .region = active,
        .component = core::Component::dynamodb,
        .path = core::Path::passive,
        .ok = well ? 5U : 0U,
        .failed = well ? 0U : 3U,
        .why = "timeout"
    });
}

// What every observer sees, twice a second.
void Stage::look() {
    std::vector<std::pair<ObserverId, HostId>> sources{{kController, HostId{}}};
    for (auto& [id, host] : hosts_) {
        if (!host.silent) {
            sources.emplace_back(core::agents_of(host.region), id);
            report(id, host);
        }
    }
    for (const auto& [observer, source] : sources) {
        for (const RegionId& region : kRegions) {
            for (const core::Component part : {core::Component::dynamodb, core::Component::stack}) {
                if (part == core::Component::stack && observer == core::agents_of(region)) {
                    continue;  // a host does not watch its own Region's stack
                }
                const bool failing = fails(std::string{to_string(part)}, region, observer);
                tell(core::Observation{
                    .observer = observer,
                    .source = source,
                    .region = region,
                    .component = part,
                    .path = core::Path::fresh,
                    .ok = failing ? 0U : 1U,
                    .failed = failing ? 1U : 0U,
                    .why = "no answer"
                });
            }
        }
        if (wrong_.contains({"control", observer.value()})) {
            tell(core::Observation{
                .observer = observer,
                .source = source,
                .component = core::Component::control,
                .path = core::Path::fresh,
                .failed = 1,
                .why = "no answer"
            });
        }
    }
    if (!wrong_.contains({"records", "all"}) && !wrong_.contains({"records", "most"})) {
        tell(core::EpochsRead{reading()});
    }
    for (const RegionId& from : kRegions) {
        const RegionId& to = from == kRegions[0] ? kRegions[1] : kRegions[0];
        if (fails("dynamodb", from, kController)) {
            continue;
        }
        tell(core::WriteAcknowledged{.region = from, .at = now_});
        if (!wrong_.contains({"replication", from.value()})) {
            last_heartbeat_[from] = now_;
            tell(core::HeartbeatArrived{.from = from, .to = to, .written = now_, .lag = 60ms});
        }
    }
}

void Stage::turn() {
    now_ += kTick;
    for (std::size_t left = outcomes_.size(); left > 0; --left) {
        const core::Event outcome = outcomes_.front();
        outcomes_.pop_front();
        tell(outcome);
    }
    if (++ticks_ % 5 == 1) {
        look();
    }
    tell(core::Tick{});
}

void Stage::ask(const Happening& happening) {
    const std::string& verb = happening.name;
    if (verb == "pause") {
        core::Pause pause{.until = {}, .reason = "deploy", .by = "operator:test"};
        if (happening.lasts) {
            pause.until =
                now().wall + std::chrono::duration_cast<WallClock::duration>(*happening.lasts);
        }
        tell(core::PauseRequest{pause});
    } else if (verb == "abort") {
        must_be(core_.record().operation.has_value(), "an operation to abort");
        tell(core::AbortRequest{
            .operation = core_.record().operation->plan.id, .by = "operator:test"
        });
    } else if (const auto said = enum_from<core::Answer>(verb)) {
        must_be(core_.record().operation.has_value(), "an operation that asks");
        tell(core::StepAnswered{
            .operation = core_.record().operation->plan.id, .answer = *said, .by = "operator:test"
        });
    } else if (verb == "forget") {
        tell(core::AgentForgotten{.host = HostId{happening.state}, .by = "operator:test"});
    } else if (verb == "resume") {
        tell(core::ResumeRequest{.by = "operator:test"});
    } else {
        const auto known = enum_from<core::Verb>(verb);
        must_be(known.has_value(), verb);
        tell(core::ChangeRequest{
            .id = OperationId{"op-by-hand-" + std::to_string(++requests_)},
            .verb = *known,
            .to = RegionId{happening.state},
            .by = "operator:test",
            .reason = "story",
            .accept_loss = happening.accept_loss,
            .accept_unfenced = happening.unfenced,
            .accept_unknown = happening.unknown
        });
    }
}

void Stage::apply(const Happening& happening) {
    if (happening.what == "operator") {
        ask(happening);
        return;
    }
    if (happening.what == "records_epoch") {
        records_ = Epoch{std::stoull(happening.name)};
        return;
    }
    if (happening.what == "records_lease") {
        longest_lease_ = duration_from(happening.name).value();
        return;
    }
    if (happening.what == "controller") {
        must_be(happening.state == "restarted", happening.state);
        outcomes_.clear();
        core_ = make(core_.record(), policy_);
        for (const auto& [from, at] : last_heartbeat_) {
            const RegionId& to = from == kRegions[0] ? kRegions[1] : kRegions[0];
            tell(core::HeartbeatFound{.from = from, .to = to, .written_ago = now_ - at});
        }
        take(core_.resume(now()));
        for (const auto& [id, host] : hosts_) {
            if (!host.silent) {
                connect(id, host);
            }
        }
        return;
    }
    if (happening.what == "host") {
        Host& host = hosts_.at(HostId{happening.name});
        const std::set<std::string> known{
            "silent", "back", "restarted", "unable to write", "left without an answer"
        };
        must_be(known.contains(happening.state), happening.state);
        if (happening.state == "left without an answer") {
            host.unknown_at = now_;
            return;
        }
        host.silent = happening.state == "silent";
        host.cannot_write = happening.state == "unable to write";
        if (happening.state == "restarted") {
            host.began_at = now_;
            host.acknowledged_at.reset();
        }
        if (host.silent) {
            tell(core::AgentDisconnected{HostId{happening.name}});
        } else {
            connect(HostId{happening.name}, host);
        }
        return;
    }
    if (happening.what == "command" && happening.state == "answering") {
        must_be(wrong_.erase({"command hanging", happening.name}) == 1, happening.name);
        return;
    }
    const bool hangs = happening.what == "command" && happening.state == "hanging";
    must_be(hangs || happening.state == "failing" || happening.state == "well", happening.state);
    const std::string what = hangs ? "command hanging" : happening.what;
    const std::pair<std::string, std::string> key{what, happening.name};
    if (happening.state == "well") {
        must_be(wrong_.erase(key) == 1, happening.name + " as ill");
    } else {
        wrong_[key] = {happening.seen_by.begin(), happening.seen_by.end()};
    }
}

bool Stage::holds(const std::string& fact, const std::string& value) const {
    const core::AppRecord& record = core_.record();
    const bool running = core_.operation_running();
    const auto last = record.operation;
    if (fact == "running") {
        return (running ? std::string{to_string(last->plan.verb)} : "nothing") == value;
    }
    if (fact == "doing") {
        return last && last->doing() == value;
    }
    if (fact == "last") {
        return (last ? std::string{to_string(last->plan.verb)} : "nothing") == value;
    }
    if (fact == "outcome") {
        must_be(enum_from<core::Outcome>(value).has_value(), value);
        return last && !running && to_string(last->outcome) == value;
    }
    if (fact == "automatic") {
        return last && (last->plan.automatic ? "true" : "false") == value;
    }
    if (fact == "levers") {
        std::vector<std::string_view> names;
        for (const core::Lever lever : last ? last->plan.levers : std::vector<core::Lever>{}) {
            names.push_back(to_string(lever));
        }
        return joined(names) == value;
    }
    if (fact == "epoch") {
        return std::to_string(record.epoch.value()) == value;
    }
    if (fact == "active") {
        return record.active.value() == value;
    }
    if (fact == "users") {
        return record.users.value() == value;
    }
    if (fact == "cooling_down") {
        const bool cooling = record.cooldown_until && now().wall < *record.cooldown_until;
        return (cooling ? "true" : "false") == value;
    }
    if (fact == "refused") {
        return refused_.find(value) != std::string::npos;
    }
    if (fact == "journal" || fact == "journal_lacks") {
        return (journal_.find(value) != std::string::npos) == (fact == "journal");
    }
    must_be(fact == "refused_by" && enum_from<core::Guard>(value).has_value(), fact + ": " + value);
    return std::ranges::any_of(core_.preview_automatic(now()).guards, [&](const auto& answer) {
        return !answer.passed && to_string(answer.guard) == value;
    });
}

std::string Stage::words() const {
    const core::AppRecord& record = core_.record();
    std::string text = "epoch " + std::to_string(record.epoch.value()) + ", active " +
                       record.active.value() + ", users " + record.users.value();
    if (record.operation) {
        text += ", " + std::string{to_string(record.operation->plan.verb)} + " is " +
                std::string{record.operation->doing()} + " (" + record.operation->why + ")";
    }
    for (const core::GuardAnswer& answer : core_.preview_automatic(now()).guards) {
        if (!answer.passed) {
            text += "\n  " + std::string{to_string(answer.guard)} + ": " + answer.text;
        }
    }
    return text + "\n" + journal_;
}

}  // namespace farshore::scenario
