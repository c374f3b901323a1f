#include "sim/store.h"

#include <algorithm>
#include <utility>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr std::size_t kOlderKept = 40;

}  // namespace

Store::Store(Scene& scene) : scene_(scene), dice_(scene.calendar, scene.script.seed, 401) {
    record_.app = AppId{"shop"};
    record_.epoch = Epoch{1};
    record_.active = region_id(0);
    record_.users = region_id(0);
}

void Store::doom(const Fault& fault) {
    if (fault.kind == FaultKind::store_stale || fault.kind == FaultKind::store_lost) {
        at_next_start_ = fault.kind;
        scene_.controllers->kill();
    } else {
        doom_ = Doom{.kind = fault.kind, .saves_left = std::max(1, fault.amount)};
    }
}

void Store::commit(ports::Commit commit, ports::Ticket ticket) {
    Controller* controller = scene_.controllers->controller();
    if (controller == nullptr || controller->is_silenced()) {
        return;  // the dead are not answered
    }
    if (scene_.weather.is(FaultKind::store_full, kWitness)) {
        ticket(
            {.end = ports::CommitEnd::refused,
             .why = {.kind = ErrorKind::exhausted, .text = "the disk is full"}}
        );
        return;
    }
    scene_.quiet->disturb();
    ++saves_;
    const bool dies = doom_ && --doom_->saves_left == 0;
    const bool torn = dies && doom_->kind == FaultKind::dies_in_save;
    if (dies) {
        if (doom_->kind != FaultKind::dies_after_effects) {
            controller->silence();
        }
        doom_.reset();
        // Not from inside its own call.
        scene_.calendar.in(Duration{}, [this] { scene_.controllers->kill(); });
    }
    const int slow = scene_.weather.amount(FaultKind::store_slow, kWitness);
    // A slow file keeps the controller's thread; a slow store on a network does not.
    if (slow > 0 && !dies && dice_.chance(1, 2)) {
        answer_late(std::move(commit), std::move(ticket), std::chrono::milliseconds{slow});
        return;
    }
    if (slow > 0) {
        controller->be_busy(std::chrono::milliseconds{slow});
    }
    if (!torn || dice_.chance(1, 2)) {
        write(commit);
    }
    ticket({});
}

// It is durable at the beginning of that time or at its end; what is on its way when another life
// of the controller leads is refused.
void Store::answer_late(ports::Commit commit, ports::Ticket ticket, Duration after) {
    const bool kept = dice_.chance(1, 2);
    if (kept) {
        write(commit);
    }
    const std::weak_ptr<Controller> asker = scene_.controllers->controller()->shared_from_this();
    scene_.calendar.in(
        after,
        [this, kept, asker, commit = std::move(commit), ticket = std::move(ticket)] {
            const std::shared_ptr<Controller> life = asker.lock();
            if (!life || life.get() != scene_.controllers->controller() || life->is_silenced()) {
                return;
            }
            if (!kept) {
                write(commit);
            }
            life->enter([ticket] { ticket({}); });
        }
    );
}

void Store::write(const ports::Commit& commit) {
    if (!scene_.planted(Plant::effect_before_intent)) {
        keep(*commit.state, commit.journal);
        return;
    }
    // The planted bug: the disk has it a little later than it says.
    scene_.calendar.in(30ms, [this, commit] { keep(*commit.state, commit.journal); });
}

void Store::keep(const core::AppRecord& record, std::span<const core::JournalEntry> journal) {
    older_.push_back(record_);
    if (older_.size() > kOlderKept) {
        older_.pop_front();
    }
    record_ = record;
    empty_ = false;
    scene_.chronicle->saved(record, journal);
}

bool Store::begin(const core::AppRecord& record) {
    if (scene_.weather.is(FaultKind::store_full, kWitness)) {
        return false;
    }
    keep(record, {});
    return true;
}

std::optional<core::AppRecord> Store::load() {
    const std::optional<FaultKind> fault = std::exchange(at_next_start_, std::nullopt);
    if (fault == FaultKind::store_stale && !older_.empty()) {
        // A backup, from a few saves to many ago.
        const std::uint64_t back = 1 + dice_.below(older_.size());
        record_ = older_[older_.size() - back];
        older_.clear();
        scene_.chronicle->store_replaced(record_, false);
    } else if (fault == FaultKind::store_lost) {
        empty_ = true;
        older_.clear();
        hosts_.clear();
        ++register_id_;
        books_.clear();
        scene_.chronicle->store_replaced(core::AppRecord{}, true);
    }
    if (empty_) {
        return std::nullopt;
    }
    core::AppRecord record = record_;
    if (scene_.planted(Plant::pause_forgotten)) {
        record.pause.reset();
        record.cooldown_until.reset();
    }
    if (scene_.planted(Plant::running_plan_forgotten)) {
        record.operation.reset();
    }
    return record;
}

bool Store::enroll(const HostId& host, const RegionId& region, const Configuration& configuration) {
    const auto known = hosts_.find(host);
    if (known != hosts_.end() && known->second == region) {
        return true;
    }
    static_cast<void>(configuration);  // a closed register of this world names every host
    if (scene_.weather.is(FaultKind::store_full, kWitness)) {
        return false;
    }
    hosts_[host] = region;
    return true;
}

}  // namespace farshore::sim
