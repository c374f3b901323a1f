#include "sim/chronicle.h"

#include <algorithm>

#include "sim/controller_site.h"
#include "sim/director.h"
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
      intents_(violations_),
      automation_(scene, truth_, violations_),
      data_plane_(scene, violations_),
      writes_(scene, violations_),
      liveness_(scene, automation_, epochs_, violations_),
      replay_(scene, violations_) {}

void Chronicle::begin() {
    begun_at_ = scene_.wall();
    intents_.store_replaced(scene_.store->durable());
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

void Chronicle::host_stored(const Host&) {}

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
        }
    } else if (heard == Heard::failed && request.key) {
        writes_.spoiled(host, "cut");
    }
}

void Chronicle::refused(const Host& host) {
    writes_.spoiled(host, "refused");
}

void Chronicle::report_taken(const Report& report) {
    truth_.told(report.host);
    automation_.report_taken(report, scene_.store->durable().epoch);
}

void Chronicle::heartbeat_acknowledged(Place region, const Heartbeat& heartbeat) {
    automation_.heartbeat_acknowledged(region, heartbeat);
}

void Chronicle::controller_began(const Controller& controller) {
    say("controller starts, life " + std::to_string(controller.life()));
    controller_began_ = scene_.calendar.story();
    data_plane_.controller_began();
}

void Chronicle::core_started(
    const core::AppCore& core,
    std::vector<core::Observer> observers,
    const core::Hysteresis& hysteresis
) {
    automation_.controller_began(scene_.store->durable());
    liveness_.controller_began();
    replay_.core_started(core, std::move(observers), hysteresis);
}

void Chronicle::controller_ended() {
    say("controller ends");
    data_plane_.controller_ended();
    replay_.replay();
}

void Chronicle::told(const Controller& controller, const core::Event& event) {
    automation_.told(event, controller.wall());
    replay_.told(controller.now(), controller.core(), event);
}

void Chronicle::asked(const core::ChangeRequest& request) {
    automation_.asked(request);
    say("operator: " + std::string{to_string(request.verb)} + " to " + request.to.value() + " (" +
        request.id.value() + ")");
}

void Chronicle::saved(const core::AppRecord& record, std::span<const core::JournalEntry> journal) {
    for (const core::JournalEntry& entry : journal) {
        say(entry.doing + " " + std::string{to_string(entry.kind)} + ": " + entry.text);
        fold(static_cast<std::uint64_t>(to_ms(entry.at)));
    }
    fold(record.epoch.value());
    epochs_.saved(record);
    intents_.saved(record, journal);
    automation_.saved(record, scene_.controllers->wall());
    writes_.saved(record);
    liveness_.saved(record);
    if (!record.operation) {
        return;
    }
    const std::string_view doing = record.operation->doing();
    coverage_.journal(journal);
    const bool is_new = record.operation->plan.id != operation_;
    if (is_new) {
        operation_ = record.operation->plan.id;
        ++begun_;
    }
    if (is_new || doing != doing_) {
        doing_ = doing;
        ended_ += record.operation->ended() ? 1 : 0;
        done_ += record.operation->outcome == core::Outcome::done ? 1 : 0;
        scene_.director->entered(doing);
    }
}

void Chronicle::store_replaced(const core::AppRecord& record, bool lost) {
    say(lost ? "the store is lost" : "the store is an older one");
    epochs_.store_replaced();
    intents_.store_replaced(record);
    writes_.store_replaced(record);
    data_plane_.users_forgotten();
}

void Chronicle::effect(const core::StepId& step, const core::OrderAgents& order) {
    if (step.operation.value().empty()) {
        intents_.standing_route(order.epoch, order.active);
    } else {
        intents_.effect(step);
    }
}

void Chronicle::copy_written(
    Place place,
    const std::optional<core::EpochItem>& before,
    const core::EpochItem& written,
    bool by_us
) {
    epochs_.copy_written(place, before, written, by_us);
    if (!before || before->epoch != written.epoch || before->active != written.active) {
        say("the copy in " + region_id(place).value() + " says epoch " +
            std::to_string(written.epoch.value()) + " active " + written.active.value() +
            (by_us ? "" : ", by a foreign writer"));
    }
    if (by_us && (!before || before->epoch != written.epoch)) {
        automation_.raised(written.epoch, scene_.store->durable());
    }
    if (!by_us) {
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
}

void Chronicle::end() {
    replay_.replay();
    writes_.account(epochs_.late_keys());
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
