#include "core/provision/discovery.h"

#include <algorithm>
#include <array>
#include <utility>

namespace farshore::core {

namespace {

using namespace std::chrono_literals;

constexpr Duration kUsualTtl = 30s;

// Regions whose failures have shown to be independent enough of each other for a third epoch
// record, each partition by itself; the first that holds no table is taken.
constexpr std::array kWitnesses{"us-east-2", "us-west-2", "eu-central-1", "ap-southeast-2"};

void ask(Draft& draft, std::string about, std::string text) {
    draft.questions.push_back({.about = std::move(about), .text = std::move(text)});
}

bool holds(const std::vector<RegionId>& regions, const RegionId& region) {
    return std::ranges::find(regions, region) != regions.end();
}

// A load balancer's alias may have the prefix of its dual-stack name; names end with a dot or not.
std::string_view plain(std::string_view name) {
    constexpr std::string_view kDualStack = "dualstack.";
    if (name.starts_with(kDualStack)) {
        name.remove_prefix(kDualStack.size());
    }
    if (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    return name;
}

// "https://host:1/x" -> "host".
std::string_view host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    url.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 3);
    return url.substr(0, url.find_first_of(":/"));
}

Status choose_regions(const InitWish& wish, const Discovered& found, Draft& draft) {
    std::vector<RegionId> regions;
    for (const FoundTable& table : found.tables) {
        for (const RegionId& region : table.regions) {
            if (!holds(regions, region)) {
                regions.push_back(region);
            }
        }
    }
    const RegionId preferred = !wish.preferred.value().empty() ? wish.preferred
                               : regions.empty()               ? RegionId{}
                                                               : regions.front();
    std::erase(regions, preferred);
    const RegionId standby = !wish.standby.value().empty() ? wish.standby
                             : regions.empty()             ? RegionId{}
                                                           : regions.front();
    if (preferred.value().empty() || standby.value().empty() || preferred == standby) {
        return fail(
            ErrorKind::malformed,
            preferred.value().empty() ? "it is not known which Region is the preferred one"
                                      : "no table has a replica outside of " + preferred.value(),
            preferred.value().empty()
                ? "--preferred REGION and --standby REGION"
                : "--standby REGION; `farshore provision plan` shows how it gets replicas"
        );
    }
    draft.regions = {
        {.id = preferred, .health = {}, .from = {}}, {.id = standby, .health = {}, .from = {}}
    };
    std::erase(regions, standby);
    for (const RegionId& region : regions) {
        draft.notes.push_back(
            "a replica in " + region.value() + " too; an app moves between two Regions: " +
            preferred.value() + " and " + standby.value()
        );
    }
    return {};
}

Status choose_witness(const InitWish& wish, Draft& draft) {
    const auto is_taken = [&](const RegionId& region) {
        return region == draft.regions[0].id || region == draft.regions[1].id;
    };
    if (!wish.witness.value().empty()) {
        if (is_taken(wish.witness)) {
            return fail(
                ErrorKind::malformed,
                wish.witness.value() + " cannot be the witness: it holds the tables",
                "--witness REGION, a third one"
            );
        }
        draft.witness = wish.witness;
        return {};
    }
    const std::string& preferred = draft.regions[0].id.value();
    if (preferred.starts_with("cn-") || preferred.starts_with("us-gov-") ||
        preferred.starts_with("us-iso") || preferred.starts_with("eusc-")) {
        return fail(
            ErrorKind::malformed,
            "it is not known which third Region your account can use beside " + preferred,
            "--witness REGION: it holds the third epoch record, and the controller stands there"
        );
    }
    const auto* const chosen = std::ranges::find_if(kWitnesses, [&](const char* region) {
        return !is_taken(RegionId{region});
    });
    draft.witness = RegionId{*chosen};
    ask(draft,
        "witness",
        "chosen for you: any Region that shares nothing with the other two will do; the controller "
        "stands there, and its loss stops nothing");
    return {};
}

void choose_tables(const InitWish& wish, const Discovered& found, Draft& draft) {
    draft.tables = wish.tables;
    for (const FoundTable& table : found.tables) {
        if (wish.tables.empty()) {
            draft.tables.push_back(table.name);
        }
        for (const DraftRegion& region : draft.regions) {
            if (!holds(table.regions, region.id)) {
                draft.notes.push_back(
                    "table " + table.name.value() + " has no replica in " + region.id.value() +
                    " yet: `farshore provision plan` shows how it gets one"
                );
            }
        }
        if (table.global_version == "2017.11.29") {
            draft.notes.push_back(
                "table " + table.name.value() +
                " is a global table of version 2017.11.29: update it to 2019.11.21 in the console "
                "of DynamoDB first"
            );
        }
        if (table.strong) {
            draft.notes.push_back(
                "table " + table.name.value() +
                " has multi-Region strong consistency: nothing is lost in a failover, writes are "
                "slower, and it has neither TTL nor transactions"
            );
        }
    }
    if (wish.tables.empty()) {
        ask(draft, "tables", "keep those that the application writes to, and no other");
    }
}

// The Region that this record sends users to.
RegionId region_of(const FoundRecord& record, const Discovered& found, const Draft& draft) {
    std::vector<RegionId> regions;
    for (const DraftRegion& region : draft.regions) {
        regions.push_back(region.id);
    }
    for (const std::string& answer : record.answers) {
        for (const FoundBalancer& balancer : found.balancers) {
            if (plain(answer) == plain(balancer.dns_name) && holds(regions, balancer.region)) {
                return balancer.region;
            }
        }
        const RegionId named = region_in_name(answer, regions);
        if (!named.value().empty()) {
            return named;
        }
    }
    const RegionId named = region_in_name(record.set_identifier, regions);
    if (!named.value().empty()) {
        return named;
    }
    return record.role == "primary"     ? regions[0]
           : record.role == "secondary" ? regions[1]
                                        : RegionId{};
}

const FoundCheck* check_of(const std::string& id, const Discovered& found) {
    const auto check = std::ranges::find(found.checks, id, &FoundCheck::id);
    return check == found.checks.end() ? nullptr : &*check;
}

// The endpoint check that says whether the stack serves: itself, or the first of a calculated one.
const FoundCheck* serving_check(const std::string& id, const Discovered& found) {
    const FoundCheck* check = check_of(id, found);
    if (check == nullptr || check->children.empty()) {
        return check;
    }
    for (const std::string& child : check->children) {
        const FoundCheck* one = check_of(child, found);
        if (one != nullptr && !one->inverted && !one->url.empty()) {
            return one;
        }
    }
    return nullptr;
}

void choose_traffic(const InitWish& wish, const Discovered& found, Draft& draft) {
    const std::string zone = wish.zone.empty() ? found.zone : wish.zone;
    if (wish.record.empty() || zone.empty()) {
        ask(draft,
            "traffic",
            wish.record.empty()
                ? "without a record Farshore moves writes and no users: --record NAME"
                : "no hosted zone of this account holds " + wish.record +
                      ": name it with --zone, or leave the users to another means");
        return;
    }
    draft.zone = zone;
    draft.record = wish.record;
    draft.ttl = kUsualTtl;
    for (const FoundRecord& record : found.records) {
        if (record.ttl > 0s) {
            draft.ttl = record.ttl;
        }
    }
    if (found.zone.empty()) {
        return;  // nobody has looked
    }
    const bool fails_over =
        found.records.size() == 2 &&
        std::ranges::all_of(found.records, [](const auto& record) { return !record.role.empty(); });
    if (!fails_over) {
        ask(draft,
            "traffic",
            wish.record + " has " + std::to_string(found.records.size()) +
                " records that were found, and not a primary and a secondary failover record: "
                "without these users do not move");
        return;
    }
    if (!found.records[0].check.empty() && found.records[0].check == found.records[1].check) {
        ask(draft,
            "traffic",
            "one health check, " + found.records[0].check +
                ", stands behind both records: while it fails Route 53 goes on answering with the "
                "primary, so users never move. Give each record a check of its own Region");
    }
}

void choose_health(const InitWish& wish, const Discovered& found, Draft& draft) {
    for (const FoundRecord& record : found.records) {
        const RegionId region = region_of(record, found, draft);
        const auto drafted = std::ranges::find(draft.regions, region, &DraftRegion::id);
        const FoundCheck* check = serving_check(record.check, found);
        if (drafted == draft.regions.end() || check == nullptr || check->url.empty()) {
            continue;
        }
        if (host_of(check->url) == wish.record) {
            ask(draft,
                "regions",
                "health check " + check->id + " asks " + wish.record +
                    " itself, which is whichever Region users are in: it says nothing of one "
                    "Region. Name each Region's own load balancer");
            continue;
        }
        drafted->health = check->url;
        drafted->from = "health check " + check->id + " of " + draft.record;
        if (check->disabled) {
            ask(draft, "regions", "health check " + check->id + " is disabled: it counts as healthy"
            );
        }
    }
    for (DraftRegion& region : draft.regions) {
        if (const auto said = wish.health.find(region.id); said != wish.health.end()) {
            region = {.id = region.id, .health = said->second, .from = {}};
            continue;
        }
        std::vector<const FoundBalancer*> here;
        for (const FoundBalancer& balancer : found.balancers) {
            if (balancer.region == region.id) {
                here.push_back(&balancer);
            }
        }
        if (region.health.empty() && here.size() == 1) {
            region.health = "https://" + here.front()->dns_name + "/healthz";
            region.from = "load balancer " + here.front()->name;
            ask(draft,
                "regions",
                "the health URL of " + region.id.value() +
                    " is made up from its only load balancer: is there such a page, and does the "
                    "certificate have that name?");
        } else if (region.health.empty()) {
            ask(draft,
                "regions",
                "no URL tells whether the stack of " + region.id.value() +
                    " serves: add `health`, a page of its load balancer that reads the session "
                    "table; without it nothing but DynamoDB is watched");
        }
    }
}

}  // namespace

RegionId region_in_name(std::string_view name, const std::vector<RegionId>& regions) {
    const auto is_part = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    for (const RegionId& region : regions) {
        const std::string& word = region.value();
        for (std::size_t at = name.find(word); at != std::string_view::npos;
             at = name.find(word, at + 1)) {
            const std::size_t end = at + word.size();
            const bool whole =
                (at == 0 || !is_part(name[at - 1])) && (end == name.size() || !is_part(name[end]));
            if (whole) {
                return region;
            }
        }
    }
    return {};
}

Result<Draft> draft_of(const InitWish& wish, const Discovered& found) {
    if (wish.tables.empty() && found.tables.empty()) {
        return fail(
            ErrorKind::malformed,
            "no table is known",
            "--tables NAME..., those that the application writes to"
        );
    }
    Draft draft;
    draft.app = wish.app;
    ask(draft,
        "objectives",
        "what you promise: how long a failover may take, and how many seconds of writes it may "
        "cost; reports measure against both");
    Status chosen = choose_regions(wish, found, draft);
    if (chosen) {
        chosen = choose_witness(wish, draft);
    }
    if (!chosen) {
        return std::unexpected(chosen.error());
    }
    choose_tables(wish, found, draft);
    choose_traffic(wish, found, draft);
    choose_health(wish, found, draft);
    ask(draft,
        "controller",
        "an address that every host reaches, its name in the certificate, and the files that "
        "`farshore init ca NAME` and `farshore init token --role operator` write");
    for (const FoundBalancer& balancer : found.balancers) {
        draft.notes.push_back(
            "load balancer " + balancer.name + " in " + balancer.region.value() + ": " +
            balancer.dns_name
        );
    }
    for (const FoundThing& thing : found.things) {
        draft.notes.push_back(thing.kind + " " + thing.name + " in " + thing.region.value());
    }
    for (const NotRead& missing : found.not_read) {
        draft.notes.push_back(
            "not read: " + missing.what +
            (missing.region.value().empty() ? "" : " of " + missing.region.value()) + ": " +
            missing.why
        );
    }
    return draft;
}

}  // namespace farshore::core
