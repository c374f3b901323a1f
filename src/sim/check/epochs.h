#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/check/violations.h"
#include "sim/host.h"
#include "sim/scene.h"

namespace farshore::sim {

// INV-S1, S2, S4 and S9, as the resources see it: the tables, the copies of the record, the hosts.
class EpochChecks {
  public:
    EpochChecks(const Scene& scene, Violations& violations)
        : scene_(scene), violations_(violations) {}

    // A write leaves its host, lands in a Region, is passed on as acknowledged.
    void sent(const Host& host, const OnWire& write);
    void landed(const Host& host, const OnWire& write);
    void acknowledged(const Host& host, Epoch epoch);

    void saved(std::size_t store, const core::AppRecord& record);

    // The store is another one now: what it says may be older.
    void store_replaced(std::size_t store) {
        saved_epoch_[store] = Epoch{};
        effects_.clear();  // it may resume a step that it has forgotten the end of
    }

    void copy_written(
        Place place,
        const std::optional<core::EpochItem>& before,
        const core::EpochItem& written,
        std::optional<std::size_t> by
    );
    void host_booted(const Host& host);
    void host_decided(const Host& host, const core::HostDecision& decision, const OrderMark* by);
    void route_acknowledged(const Host& host, const core::HostRoute& route);

    void host_reimaged(std::size_t host) { acknowledged_.erase(host); }

    // Items of writes that landed under an older epoch than one that had landed before, and may
    // have won over newer ones by that. Not those that a planned change had to wait for.
    [[nodiscard]] const std::set<std::size_t>& late_keys() const { return late_keys_; }

    [[nodiscard]] std::uint64_t late_landings() const { return late_landings_; }

    // When the first write landed under the epoch; nullopt: none has.
    [[nodiscard]] std::optional<Instant> first_landing(Epoch epoch) const;

  private:
    void deadline(Epoch epoch, bool excused);
    [[nodiscard]] bool woke_before(const Host& host, Epoch epoch, Instant sent) const;
    [[nodiscard]] bool had_to_be_waited_for(const Host& host, const OnWire& write) const;
    [[nodiscard]] bool majority_carries(const core::EpochItem& item) const;
    void mean(std::map<Epoch, RegionId>& meanings, Epoch epoch, const RegionId& active);
    void took_effect(const Host& host, const OrderMark& by, const std::string& what);

    const Scene& scene_;
    Violations& violations_;

    // The newest epoch whose predecessors no host may write under any more, and since when.
    Epoch closed_below_;
    Instant closed_at_{};
    bool operators_word_ = false;  // an operator accepted unfenced hosts
    Epoch newest_landed_;
    Instant newest_landed_at_{};
    std::map<Epoch, Place> region_of_;
    std::map<Epoch, Instant> first_landings_;
    std::set<std::size_t> late_keys_;
    std::set<Epoch> planned_;  // by a change that waits for writes of unknown outcome
    std::uint64_t late_landings_ = 0;

    std::array<Epoch, 2> saved_epoch_;    // by store
    std::map<Epoch, RegionId> followed_;  // what an epoch means to hosts and the store
    // ... as a store's controllers wrote it into the copies. Without a majority it means nothing.
    std::array<std::map<Epoch, RegionId>, 2> raised_;
    std::map<std::size_t, Epoch> acknowledged_;  // routes, by host
    std::map<std::size_t, core::HostRoute> routes_;
    std::set<std::pair<Place, Epoch>> copies_raised_;
    std::set<std::tuple<std::size_t, std::uint64_t, std::string, std::uint64_t, core::OrderType>>
        effects_;
    std::map<std::size_t, bool> rival_changed_;  // by host: its last order that had an effect
};

}  // namespace farshore::sim
