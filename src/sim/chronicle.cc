#include "sim/chronicle.h"

#include <algorithm>

#include "sim/controller_site.h"
#include "sim/director.h"
#include "sim/onlooker.h"
#include "sim/store.h"

namespace farshore::sim {

namespace {

std::string words_of(const Fault& fault) {
    return std::string{to_string(fault.kind)} + " " + region_id(fault.at).value() +
           (fault.amount != 0 ? " " + std::to_string(fault.amount) : "");
}

}  // namespace

Chronicle::Chronicle(Scene& scene)
    : scene_(scene),
      violations_(scene.calendar),
      truth_(scene),
      epochs_(scene, violations_),
      intents_{IntentChecks{violations_}, IntentChecks{violations_}},
      automation_(scene, truth_, violations_),
      data_plane_(scene, violations_),
      writes_(scene, violations_),
      losses_(scene, violations_),
      liveness_(scene, automation_, epochs_, violations_),
      replay_(scene, violations_) {}

void Chronicle::begin() {
    begun_at_ = scene_.wall();
    if (scene_.script.tables == 3) {
        saw(Seen::three_regions);
    }
    if (scene_.hosts.size() >= 40) {
        saw(Seen::fifty_hosts);
    }
    intents_[0].store_replaced(scene_.store->durable());
    if (onlooker_ != nullptr) {
        onlooker_->opened(scene_);
    }
}

void Chronicle::fold(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 1099511628211ULL;
    hash_ ^= hash_ >> 29U;
}

void Chronicle::fold(std::string_view text) {
    for (const char c : text) {
        hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
}

void Chronicle::say(const std::string& line) {
    fold(static_cast<std::uint64_t>(scene_.calendar.story().count()));
    fold(line);
    if (tells_) {
        story_.push_back(std::to_string(to_ms(scene_.calendar.story())) + " ms " + line);
    }
}

void Chronicle::host_booted(const Host& host) {
    host_booted_ = scene_.calendar.story();
    epochs_.host_booted(host);
    data_plane_.host_booted(host);
    say(host.id().value() + " starts");
}

void Chronicle::host_ended(const Host& host) {
    say(host.id().value() + " ends");
}

void Chronicle::host_reimaged(const Host& host) {
    epochs_.host_reimaged(host.index());
    say(host.id().value() + " has lost its disk");
}

void Chronicle::host_decided(
    const Host& host, const core::HostDecision& decision, const OrderMark* by
) {
    coverage_.host_decided(decision);
    epochs_.host_decided(host, decision, by);
    data_plane_.host_decided(host, decision, by);
    const bool adopts = decision.action == core::HostAction::adopt ||
                        decision.action == core::HostAction::adopt_users;
    if (decision.before == decision.after && !adopts && !decision.refused()) {
        return;
    }
    std::string line = host.id().value() + " " + std::string{to_string(decision.before)} + " -> " +
                       std::string{to_string(decision.after)} + " on " +
                       std::string{to_string(decision.on)};
    if (adopts) {
        const core::HostRoute& route = *host.machine().route();
        line += ", epoch " + std::to_string(route.epoch.value()) + " active " +
                route.active.value() + " users " + route.users.value();
    }
    say(line);
}

void Chronicle::route_acknowledged(const Host& host, const core::HostRoute& route) {
    epochs_.route_acknowledged(host, route);
}

void Chronicle::sent(const Host& host, const OnWire& write) {
    epochs_.sent(host, write);
}

void Chronicle::landed(const Host& host, const OnWire& write) {
    fold(write.id * 8 + write.to);
    fold(write.epoch.value());
    fold(static_cast<std::uint64_t>(scene_.calendar.story().count()));
    if (scene_.calendar.now() - write.sent_at > 1500ms) {
        coverage_.saw(Seen::late_execution);
    }
    epochs_.landed(host, write);
}

void Chronicle::answered(const Host& host, const Request& request, Epoch epoch, Heard heard) {
    const bool well = heard == Heard::acknowledged;
    fold(request.id * 4 + static_cast<std::uint64_t>(heard));
    if (host.machine().route()) {
        truth_.requested(host.home(), place_of(host.machine().route()->active), well);
    }
    if (well) {
        epochs_.acknowledged(host, epoch);
        data_plane_.acknowledged(host, epoch);
        if (request.key) {
            writes_.acknowledged(*request.key, request.id);
            if (onlooker_ != nullptr) {
                onlooker_->acknowledged(*request.key, request.id, epoch);
            }
        }
    } else if (heard == Heard::failed && request.key) {
        spoiled(host, "cut");
    }
}

void Chronicle::refused(const Host& host) {
    spoiled(host, "refused");
}

void Chronicle::spoiled(const Host& host, const char* how) {
    writes_.spoiled(host, how);
    if (onlooker_ != nullptr) {
        onlooker_->spoiled();
    }
}

void Chronicle::report_taken(const Report& report) {
    truth_.told(scene_.find_host(report.said.from.subject.host)->index());
    automation_.report_taken(report, scene_.store->durable().epoch);
}

void Chronicle::heartbeat_acknowledged(Place region, const Heartbeat& heartbeat) {
    automation_.heartbeat_acknowledged(region, heartbeat);
}

void Chronicle::controller_began(const Controller& controller) {
    say("controller starts, life " + std::to_string(controller.life()));
    if (controller.is_first()) {
        controller_began_ = scene_.calendar.story();
    }
    data_plane_.controller_began();
}

// What a rival with a store of its own decides is judged by what it does: INV-S1 to S4, S8 and S9.
void Chronicle::core_started(const Controller& controller, const core::Opening& opening) {
    if (!controller.is_first()) {
        return;
    }
    automation_.controller_began(scene_.store->durable());
    liveness_.controller_began();
    replay_.core_started(controller.life(), opening);
}

void Chronicle::controller_ended(const Controller& controller) {
    say("controller ends");
    data_plane_.controller_ended();
    replay_.ended(controller.life());
}

void Chronicle::told(const Controller& controller, const core::Event& request) {
    if (controller.is_first()) {
        automation_.told(request, controller.wall());
    }
    if (const auto* answered = std::get_if<core::StepAnswered>(&request)) {
        coverage_.answered(answered->answer);
    }
}

void Chronicle::took(
    const Controller& controller,
    core::Now now,
    const core::AppCore& core,
    const core::Input& input,
    const core::Effects& effects
) {
    if (onlooker_ == nullptr) {
        replay_.told(controller.life(), now, core, input, effects);
    }
}

void Chronicle::asked(const core::ChangeRequest& request) {
    automation_.asked(request);
    say("operator: " + std::string{to_string(request.verb)} + " to " + request.to.value() + " (" +
        request.id.value() + ")");
}

void Chronicle::saved(
    std::size_t store, const core::AppRecord& record, std::span<const core::JournalEntry> journal
) {
    for (const core::JournalEntry& entry : journal) {
        say(entry.doing + " " + std::string{to_string(entry.kind)} + ": " + entry.text);
        fold(static_cast<std::uint64_t>(to_ms(entry.at)));
    }
    fold(record.epoch.value());
    epochs_.saved(store, record);
    intents_[store].saved(record, journal);
    if (store != 0) {
        writes_.saved_beside(record);
    } else {
        automation_.saved(record, scene_.controllers->wall());
        writes_.saved(record);
        liveness_.saved(record);
        if (onlooker_ != nullptr) {
            onlooker_->saved(record);
        }
    }
    if (!record.operation) {
        return;
    }
    const std::string_view doing = record.operation->doing();
    coverage_.journal(journal);
    if (store != 0) {
        const bool promoted =
            record.operation->outcome == core::Outcome::done && record.operation->plan.promotes();
        if (promoted) {
            saw(Seen::promoted_by_a_rival);
        }
        scene_.director->entered(doing);
        return;
    }
    coverage_.steps(*record.operation);
    scene_.director->look_for_questions(*record.operation);
    const bool is_new = record.operation->plan.id != operation_;
    if (is_new) {
        operation_ = record.operation->plan.id;
        ++begun_;
        const core::Plan& plan = record.operation->plan;
        if (plan.automatic && place_of(plan.to) == 2) {
            saw(Seen::failover_to_the_third);
        }
    }
    if (is_new || doing != doing_) {
        doing_ = doing;
        ended_ += record.operation->ended() ? 1 : 0;
        done_ += record.operation->outcome == core::Outcome::done ? 1 : 0;
        scene_.director->entered(doing);
    }
}

void Chronicle::store_replaced(std::size_t store, const core::AppRecord& record, bool lost) {
    say(std::string{store == 0 ? "the store" : "a rival's store"} +
        (lost ? " is lost" : " is an older one"));
    epochs_.store_replaced(store);
    intents_[store].store_replaced(record);
    if (store == 0) {
        writes_.store_replaced(record);
    }
    data_plane_.users_forgotten();
}

void Chronicle::effect(
    std::size_t store, const core::StepId& step, const core::OrderAgents& order
) {
    if (step.operation.value().empty()) {
        intents_[store].standing_route(order.epoch, order.active);
    } else {
        intents_[store].effect(step);
    }
}

void Chronicle::copy_written(
    Place place,
    const std::optional<core::EpochItem>& before,
    const core::EpochItem& written,
    std::optional<std::size_t> by
) {
    epochs_.copy_written(place, before, written, by);
    const bool raises = !before || before->epoch != written.epoch;
    if (raises || before->active != written.active) {
        say("the copy in " + region_id(place).value() + " says epoch " +
            std::to_string(written.epoch.value()) + " active " + written.active.value() +
            (by ? "" : ", by a foreign writer"));
    }
    // What a foreign writer raises, no plan has raised, though it had meant to take that epoch.
    if (raises && by == 0U) {
        automation_.raised(written.epoch, scene_.store->durable());
    }
    // For the first controller, one with a store of its own is a foreign writer.
    if (!by || (by != 0U && raises)) {
        writes_.overtaken(written.epoch);
    }
}

void Chronicle::record_answers(Place region) {
    say("users are led to " + region_id(region).value());
}

void Chronicle::fault_began(const Fault& fault) {
    say("fault: " + words_of(fault));
    coverage_.fault(fault.kind);
    past_.push_back({.fault = &fault, .until = scene_.calendar.story()});
    if (fault.kind == FaultKind::controller_wall_step) {
        automation_.wall_stepped();
    }
}

void Chronicle::fault_ended(const Fault& fault) {
    say("over: " + words_of(fault));
    past_.push_back({.fault = &fault, .until = scene_.calendar.story()});
    if (fault.kind == FaultKind::controller_wall_step) {
        automation_.wall_stepped();
    }
}

void Chronicle::woken_in_vain(const core::AppCore& core) {
    if (!std::exchange(woken_in_vain_, true)) {
        const auto& operation = core.record().operation;
        violations_.add(
            "INV-L1",
            "a deadline has passed and stays" +
                (operation ? " while " + operation->plan.id.value() + " is " +
                                 std::string{operation->doing()}
                           : std::string{}) +
                ": the runtime turns without end"
        );
    }
}

void Chronicle::look() {
    liveness_.look();
    if (onlooker_ != nullptr) {
        onlooker_->looked();
    }
}

void Chronicle::end() {
    replay_.replay();
    writes_.account(epochs_.late_keys());
    losses_.account(epochs_.late_keys());
    if (onlooker_ != nullptr) {
        onlooker_->closed();
    }
}

bool Chronicle::undisturbed_for(Duration length) const {
    return scene_.controllers->is_up() && only_this_since(nullptr, length);
}

bool Chronicle::only_this_since(const Fault* fault, Duration length) const {
    const Duration since = scene_.calendar.story() - length;
    const bool others = std::ranges::any_of(scene_.weather.active(), [&](const Fault* active) {
        return active != fault;
    });
    const bool before = std::ranges::any_of(past_, [&](const Past& past) {
        return past.fault != fault && past.until > since;
    });
    return !others && !before && controller_began_ <= since && host_booted_ <= since;
}

}  // namespace farshore::sim
