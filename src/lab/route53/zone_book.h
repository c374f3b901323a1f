#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"
#include "lab/route53/model.h"
#include "lab/route53/record_rules.h"

namespace farshore::lab::route53 {

// Hosted zones and their records, and what of it the DNS servers have already. A change is seen by
// the API at once and by DNS after the propagation time. Pure: time is an argument.
// Errors carry the API's codes.
class ZoneBook {
  public:
    ZoneBook(Duration propagation, std::uint64_t seed) : propagation_(propagation), rng_(seed) {}

    struct Created {
        Zone zone;
        ChangeState change;
    };

    struct Now {
        Instant instant;
        UtcTime wall;
    };

    [[nodiscard]] Result<Created> create(
        std::string name, std::string caller_reference, std::string comment, Now now
    );
    [[nodiscard]] Result<Zone> zone(std::string_view id) const;
    [[nodiscard]] std::vector<Zone> zones() const;  // by id, the order of ListHostedZones
    [[nodiscard]] Result<ChangeState> erase(std::string_view id, Now now);

    [[nodiscard]] Result<ChangeState> change(
        std::string_view id, const std::vector<RecordChange>& changes, std::string comment, Now now
    );
    [[nodiscard]] Result<const Records*> records(std::string_view id) const;
    [[nodiscard]] Result<ChangeState> change_state(std::string_view id, Now now) const;

    // Makes changes whose propagation is over visible to served().
    void settle(Instant now);

    struct Served {
        std::string zone_name;
        std::shared_ptr<const Records> records;
    };

    // The zone nearest above a canonical name, as DNS knows it. nullopt: no zone of ours.
    [[nodiscard]] std::optional<Served> served(std::string_view name) const;

    [[nodiscard]] static std::vector<std::string> name_servers();

  private:
    struct Entry {
        Zone zone;
        std::shared_ptr<const Records> records;
        std::shared_ptr<const Records> served;  // null until the creation has propagated
    };

    struct Change {
        ChangeState state;
        Instant in_sync_at;
        std::string zone_id;
        std::shared_ptr<const Records> records;  // null: the zone is gone
    };

    [[nodiscard]] std::string new_id(char prefix);
    [[nodiscard]] ChangeState note_change(const std::string& zone_id, std::string comment, Now now);

    Duration propagation_;
    Rng rng_;
    std::map<std::string, Entry, std::less<>> zones_;
    std::map<std::string, Entry> leaving_;  // deleted, still served
    std::vector<Change> changes_;           // oldest first, bounded
};

}  // namespace farshore::lab::route53
