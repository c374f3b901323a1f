#include "lab/route53/zone_book.h"

#include <algorithm>
#include <utility>

#include "lab/route53/api_error.h"
#include "lab/route53/domain_name.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kZonesMax = 500;
constexpr std::size_t kChangesKept = 10'000;
constexpr std::size_t kIdLength = 13;

std::shared_ptr<const Records> first_records(const Zone& zone) {
    const auto servers = ZoneBook::name_servers();
    const RecordSet ns{.name = zone.name, .type = "NS", .ttl = 172800, .values = servers};
    const RecordSet soa{
        .name = zone.name,
        .type = "SOA",
        .ttl = 900,
        .values = {servers[0] + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}
    };
    return std::make_shared<const Records>(Records{{key_of(ns), ns}, {key_of(soa), soa}});
}

std::unexpected<Error> no_such_zone(std::string_view id) {
    return api_error("NoSuchHostedZone", "No hosted zone found with ID: " + std::string{id});
}

}  // namespace

std::vector<std::string> ZoneBook::name_servers() {
    return {
        "ns-1.awsdns.lab.farshore.",
        "ns-2.awsdns.lab.farshore.",
        "ns-3.awsdns.lab.farshore.",
        "ns-4.awsdns.lab.farshore."
    };
}

std::string ZoneBook::new_id(char prefix) {
    constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string id(1, prefix);
    for (std::size_t i = 0; i < kIdLength; ++i) {
        id += kLetters[rng_.below(kLetters.size())];
    }
    return id;
}

ChangeState ZoneBook::note_change(const std::string& zone_id, std::string comment, Now now) {
    const auto entry = zones_.find(zone_id);
    changes_.push_back(
        {.state =
             {.id = new_id('C'),
              .in_sync = false,
              .submitted_at = now.wall,
              .comment = std::move(comment)},
         .in_sync_at = now.instant + propagation_,
         .zone_id = zone_id,
         .records = entry == zones_.end() ? nullptr : entry->second.records}
    );
    ChangeState state = changes_.back().state;
    if (changes_.size() > kChangesKept) {
        changes_.erase(changes_.begin());
    }
    settle(now.instant);
    state.in_sync = false;  // Route 53 never answers a change with INSYNC
    return state;
}

Result<ZoneBook::Created> ZoneBook::create(
    std::string name, std::string caller_reference, std::string comment, Now now
) {
    auto canonical = canonical_name(name);
    if (!canonical) {
        return api_error("InvalidDomainName", "The domain name " + name + " is not valid");
    }
    if (caller_reference.empty() || caller_reference.size() > 128) {
        return api_error("InvalidInput", "CallerReference must have 1 to 128 characters");
    }
    for (const auto& [id, entry] : zones_) {
        if (entry.zone.caller_reference == caller_reference) {
            return api_error(
                "HostedZoneAlreadyExists",
                "A hosted zone has already been created with the specified caller reference."
            );
        }
        if (entry.zone.name == *canonical) {
            // Route 53 allows two zones of one name on different name servers; with one DNS server
            // only one of them could ever answer.
            return api_error(
                "ConflictingDomainExists",
                "The lab serves one hosted zone of the name " + *canonical
            );
        }
    }
    if (zones_.size() >= kZonesMax) {
        return api_error("TooManyHostedZones", "The limit is 500 hosted zones");
    }
    Zone zone{
        .id = new_id('Z'),
        .name = std::move(*canonical),
        .caller_reference = std::move(caller_reference),
        .comment = std::move(comment),
        .record_count = 2
    };
    const std::string id = zone.id;
    zones_[id] = {.zone = zone, .records = first_records(zone), .served = nullptr};
    return Created{.zone = std::move(zone), .change = note_change(id, {}, now)};
}

Result<Zone> ZoneBook::zone(std::string_view id) const {
    const auto found = zones_.find(id);
    if (found == zones_.end()) {
        return no_such_zone(id);
    }
    return found->second.zone;
}

std::vector<Zone> ZoneBook::zones() const {
    std::vector<Zone> all;
    for (const auto& [id, entry] : zones_) {
        all.push_back(entry.zone);
    }
    return all;
}

Result<ChangeState> ZoneBook::erase(std::string_view id, Now now) {
    const auto found = zones_.find(id);
    if (found == zones_.end()) {
        return no_such_zone(id);
    }
    if (found->second.records->size() > 2) {
        return api_error(
            "HostedZoneNotEmpty",
            "The specified hosted zone contains non-required resource record sets and so cannot be "
            "deleted."
        );
    }
    const std::string zone_id{id};
    leaving_[zone_id] = std::move(found->second);
    zones_.erase(found);
    return note_change(zone_id, {}, now);
}

Result<ChangeState> ZoneBook::change(
    std::string_view id, const std::vector<RecordChange>& changes, std::string comment, Now now
) {
    const auto found = zones_.find(id);
    if (found == zones_.end()) {
        return no_such_zone(id);
    }
    Entry& entry = found->second;
    for (const RecordChange& change : changes) {
        if (change.record.alias && change.record.alias->zone != entry.zone.id) {
            return api_error(
                "InvalidChangeBatch",
                "[The lab serves aliases of records in the same hosted zone only, not of zone " +
                    change.record.alias->zone + "]"
            );
        }
    }
    auto after = apply(entry.zone, *entry.records, changes);
    if (!after) {
        return std::unexpected(after.error());
    }
    entry.zone.record_count = static_cast<std::int64_t>(after->size());
    entry.records = std::make_shared<const Records>(std::move(*after));
    return note_change(entry.zone.id, std::move(comment), now);
}

Result<const Records*> ZoneBook::records(std::string_view id) const {
    const auto found = zones_.find(id);
    if (found == zones_.end()) {
        return no_such_zone(id);
    }
    return found->second.records.get();
}

Result<ChangeState> ZoneBook::change_state(std::string_view id, Now now) const {
    const auto found =
        std::ranges::find(changes_, id, [](const Change& change) { return change.state.id; });
    if (found == changes_.end()) {
        return api_error("NoSuchChange", "Could not find resource with ID: " + std::string{id});
    }
    ChangeState state = found->state;
    state.in_sync = state.in_sync || found->in_sync_at <= now.instant;
    return state;
}

void ZoneBook::settle(Instant now) {
    for (Change& change : changes_) {
        if (change.state.in_sync || now < change.in_sync_at) {
            continue;
        }
        change.state.in_sync = true;
        if (change.records == nullptr) {
            leaving_.erase(change.zone_id);
        } else if (const auto zone = zones_.find(change.zone_id); zone != zones_.end()) {
            zone->second.served = change.records;
        } else if (const auto left = leaving_.find(change.zone_id); left != leaving_.end()) {
            left->second.served = change.records;
        }
        change.records = nullptr;  // the served copy is enough
    }
}

std::optional<ZoneBook::Served> ZoneBook::served(std::string_view name) const {
    const Entry* nearest = nullptr;
    const auto consider = [&](const Entry& entry) {
        if (entry.served != nullptr && is_within(name, entry.zone.name) &&
            (nearest == nullptr || entry.zone.name.size() > nearest->zone.name.size())) {
            nearest = &entry;
        }
    };
    for (const auto& [id, entry] : zones_) {
        consider(entry);
    }
    for (const auto& [id, entry] : leaving_) {
        consider(entry);
    }
    if (nearest == nullptr) {
        return std::nullopt;
    }
    return Served{.zone_name = nearest->zone.name, .records = nearest->served};
}

}  // namespace farshore::lab::route53
