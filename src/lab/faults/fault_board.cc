#include "lab/faults/fault_board.h"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/json.hpp>

#include "base/text.h"

namespace farshore::lab {

namespace {

constexpr std::size_t kFaultsMax = 100;
constexpr std::size_t kPastMax = 200;
constexpr std::size_t kTouchedKindsMax = 64;

bool beyond_faults(const PartyId& party) {
    return party.role == PartyRole::admin || party.role == PartyRole::outside;
}

// Does this fault cut what goes from one place to the other? Within one place nothing is cut: a
// Region that is cut off goes on talking to itself.
bool cuts(const FaultSpec& spec, const RegionId& from, const RegionId& to) {
    if (from == to) {
        return false;
    }
    if (spec.kind == FaultKind::region) {
        return from == spec.region || to == spec.region;
    }
    if (spec.kind == FaultKind::partition) {
        const bool forth = from == spec.region && to == spec.other;
        const bool back = from == spec.other && to == spec.region;
        return forth || (back && !spec.one_way);
    }
    return false;
}

bool empties_dns(const FaultSpec& spec) {
    return spec.kind == FaultKind::dynamodb && spec.mode == DynamoMode::empty_dns;
}

bool blocks_replication(const FaultSpec& spec, const RegionId& from, const RegionId& to) {
    if (spec.kind == FaultKind::replication) {
        return from == spec.region || to == spec.region;
    }
    return cuts(spec, from, to) || (empties_dns(spec) && from == spec.region);
}

// When a running fault changes what it does by itself.
std::optional<Instant> turn_of(const Fault& fault) {
    return empties_dns(fault.spec) ? std::optional{fault.starts + kEmptyDnsGrace} : std::nullopt;
}

void add_to(DynamoFault& sum, const Fault& fault) {
    sum.by.push_back(fault.id);
    switch (fault.spec.mode) {
        case DynamoMode::empty_dns: {
            const Instant all_since = fault.starts + kEmptyDnsGrace;
            sum.hang_new_since = std::min(sum.hang_new_since.value_or(fault.starts), fault.starts);
            sum.hang_all_since = std::min(sum.hang_all_since.value_or(all_since), all_since);
            return;
        }
        case DynamoMode::refused: sum.refuse = true; return;
        case DynamoMode::timeout: sum.hang = true; return;
        case DynamoMode::reset: sum.reset = true; return;
        case DynamoMode::errors:
            sum.errors_percent = std::max(sum.errors_percent, fault.spec.percent);
            return;
        case DynamoMode::throttle: sum.throttle = true; return;
        case DynamoMode::latency: sum.latency += fault.spec.latency; return;
        case DynamoMode::read_only: sum.read_only = true; return;
    }
}

}  // namespace

Treatment DynamoFault::treatment(Instant connected_at, Instant now) const {
    if (refuse || reset) {
        return Treatment::reset;
    }
    if (hang) {
        return Treatment::hang;
    }
    const bool too_new = hang_new_since && connected_at >= *hang_new_since;
    const bool too_late = hang_all_since && now >= *hang_all_since;
    return too_new || too_late ? Treatment::hang : Treatment::serve;
}

boost::json::object to_json(const Fault& fault) {
    boost::json::object object = to_json(fault.spec);
    object["id"] = fault.id.value();
    if (fault.seed) {
        object["seed"] = *fault.seed;
    }
    object["text"] = to_text(fault.spec);
    object["starts_at"] = to_iso8601(fault.starts_at);
    object["ends_at"] = to_iso8601(fault.ends_at);
    object["state"] = fault.over ? "over" : (fault.running ? "running" : "waiting");
    object["touched"] = fault.touched;
    boost::json::object by;
    for (const auto& [what, count] : fault.touched_by) {
        by[what] = count;
    }
    object["touched_by"] = std::move(by);
    return object;
}

FaultBoard::FaultBoard(World world, const ports::Clock& clock)
    : world_(std::move(world)), clock_(clock) {}

bool FaultBoard::in_force(const Fault& fault, Instant now) const {
    return !fault.over && fault.starts <= now && now < fault.ends;
}

Result<FaultId> FaultBoard::add(FaultSpec spec) {
    if (const Status fits = check(world_, spec); !fits) {
        return std::unexpected(fits.error());
    }
    if (faults_.size() >= kFaultsMax) {
        return fail(
            ErrorKind::exhausted,
            "there are " + std::to_string(kFaultsMax) + " faults already",
            "end some of them first"
        );
    }
    if (spec.kind == FaultKind::random && !spec.seed) {
        spec.seed = std::random_device{}();
    }
    const std::optional<std::uint64_t> seed = spec.seed;
    spec = resolve_random(world_, spec);
    const Instant now = clock_.now();
    const auto until_start = std::chrono::duration_cast<WallClock::duration>(spec.after);
    const auto length = std::chrono::duration_cast<WallClock::duration>(spec.lasts);
    Fault fault;
    fault.id = FaultId{"fault-" + std::to_string(next_number_++)};
    fault.starts_at = clock_.wall() + until_start;
    fault.ends_at = fault.starts_at + length;
    fault.starts = now + spec.after;
    fault.ends = fault.starts + spec.lasts;
    fault.running = spec.after == Duration{};
    fault.spec = std::move(spec);
    fault.seed = seed;
    faults_.push_back(fault);
    tell();
    return fault.id;
}

void FaultBoard::retire(std::size_t index, Instant now) {
    Fault fault = std::move(faults_[index]);
    faults_.erase(faults_.begin() + static_cast<std::ptrdiff_t>(index));
    fault.over = true;
    fault.running = false;
    if (now < fault.ends) {
        fault.ends = now;
        fault.ends_at = clock_.wall();
    }
    past_.push_back(std::move(fault));
    if (past_.size() > kPastMax) {
        past_.erase(past_.begin());
    }
}

Status FaultBoard::end(const FaultId& id) {
    const auto found = std::ranges::find(faults_, id, &Fault::id);
    if (found == faults_.end()) {
        return fail(
            ErrorKind::not_found,
            "no fault " + id.value() + " is running or waiting",
            "list the faults to see their ids"
        );
    }
    retire(static_cast<std::size_t>(found - faults_.begin()), clock_.now());
    tell();
    return {};
}

void FaultBoard::end_all() {
    if (faults_.empty()) {
        return;
    }
    const Instant now = clock_.now();
    while (!faults_.empty()) {
        retire(0, now);
    }
    tell();
}

std::vector<Fault> FaultBoard::faults() const {
    std::vector<Fault> copies = faults_;
    for (Fault& fault : copies) {
        fault.running = in_force(fault, clock_.now());
    }
    return copies;
}

std::optional<Fault> FaultBoard::find(const FaultId& id) const {
    for (const auto* list : {&faults_, &past_}) {
        const auto found = std::ranges::find(*list, id, &Fault::id);
        if (found != list->end()) {
            return *found;
        }
    }
    return std::nullopt;
}

const Fault* FaultBoard::cutting(const PartyId& from, const PartyId& to) const {
    if (beyond_faults(from) || beyond_faults(to)) {
        return nullptr;
    }
    const Instant now = clock_.now();
    for (const Fault& fault : faults_) {
        if (in_force(fault, now) && cuts(fault.spec, from.place, to.place)) {
            return &fault;
        }
    }
    return nullptr;
}

Treatment FaultBoard::treat(const PartyId& from, const PartyId& to) {
    const Fault* fault = cutting(from, to);
    if (fault == nullptr) {
        return Treatment::serve;
    }
    const FaultId id = fault->id;
    touched(id, "calls from " + to_text(from) + " to " + to_text(to));
    return Treatment::hang;
}

Treatment FaultBoard::look(const PartyId& from, const PartyId& to) const {
    return cutting(from, to) == nullptr ? Treatment::serve : Treatment::hang;
}

DynamoFault FaultBoard::dynamodb(const RegionId& region) const {
    DynamoFault sum;
    const Instant now = clock_.now();
    for (const Fault& fault : faults_) {
        if (fault.spec.kind == FaultKind::dynamodb && fault.spec.region == region &&
            in_force(fault, now)) {
            add_to(sum, fault);
        }
    }
    return sum;
}

bool FaultBoard::dns_empty(std::string_view name) {
    const auto region = world_.region_of_name(name);
    if (!region) {
        return false;
    }
    const Instant now = clock_.now();
    for (const Fault& fault : faults_) {
        if (empties_dns(fault.spec) && fault.spec.region == *region && in_force(fault, now)) {
            const FaultId id = fault.id;
            touched(id, "DNS answers for " + std::string{name});
            return true;
        }
    }
    return false;
}

bool FaultBoard::replication_blocked(const RegionId& from, const RegionId& to) const {
    const Instant now = clock_.now();
    return std::ranges::any_of(faults_, [&](const Fault& fault) {
        return in_force(fault, now) && blocks_replication(fault.spec, from, to);
    });
}

std::optional<FaultId> FaultBoard::hosts_down(const RegionId& region) const {
    const Instant now = clock_.now();
    for (const Fault& fault : faults_) {
        if (fault.spec.kind == FaultKind::hosts && fault.spec.region == region &&
            in_force(fault, now)) {
            return fault.id;
        }
    }
    return std::nullopt;
}

void FaultBoard::touched(const FaultId& id, std::string_view what, std::uint64_t count) {
    const auto found = std::ranges::find(faults_, id, &Fault::id);
    if (found == faults_.end()) {
        return;
    }
    found->touched += count;
    const auto entry = found->touched_by.find(std::string{what});
    if (entry != found->touched_by.end()) {
        entry->second += count;
    } else if (found->touched_by.size() < kTouchedKindsMax) {
        found->touched_by.emplace(what, count);
    }
}

void FaultBoard::touched(
    const std::vector<FaultId>& ids, std::string_view what, std::uint64_t count
) {
    for (const FaultId& id : ids) {
        touched(id, what, count);
    }
}

void FaultBoard::touched_replication(
    const RegionId& from, const RegionId& to, std::uint64_t count
) {
    const Instant now = clock_.now();
    for (const Fault& fault : faults_) {
        if (in_force(fault, now) && blocks_replication(fault.spec, from, to)) {
            touched(
                fault.id, "replicated writes from " + from.value() + " to " + to.value(), count
            );
        }
    }
}

std::optional<Instant> FaultBoard::next_deadline() const {
    std::optional<Instant> next;
    const auto consider = [&next](Instant at) {
        next = std::min(next.value_or(at), at);
    };
    for (const Fault& fault : faults_) {
        consider(fault.running ? fault.ends : fault.starts);
        const auto turn = turn_of(fault);
        if (turn && fault.running && (!turned_at_ || *turned_at_ < *turn)) {
            consider(std::min(*turn, fault.ends));
        }
    }
    return next;
}

void FaultBoard::expire() {
    const Instant now = clock_.now();
    bool changed = false;
    for (std::size_t i = 0; i < faults_.size();) {
        Fault& fault = faults_[i];
        const auto turn = turn_of(fault);
        if (turn && *turn <= now && (!turned_at_ || *turned_at_ < *turn)) {
            changed = true;
        }
        if (!fault.running && fault.starts <= now) {
            fault.running = true;
            changed = true;
        }
        if (fault.ends <= now) {
            retire(i, now);
            changed = true;
            continue;
        }
        ++i;
    }
    turned_at_ = now;
    if (changed) {
        tell();
    }
}

FaultBoard::Subscription FaultBoard::subscribe(std::function<void()> on_change) {
    auto callback = std::make_shared<std::function<void()>>(std::move(on_change));
    subscribers_.emplace_back(callback);
    return Subscription{std::move(callback)};
}

void FaultBoard::tell() {
    // A callback may end subscriptions or make new ones: call from a copy that keeps each alive
    // only for its own call.
    const auto subscribers = subscribers_;
    for (const auto& weak : subscribers) {
        if (const auto callback = weak.lock()) {
            (*callback)();
        }
    }
    std::erase_if(subscribers_, [](const auto& weak) { return weak.expired(); });
}

}  // namespace farshore::lab
