#include "core/failover/joining.h"

#include <algorithm>

namespace farshore::core {

namespace {

constexpr std::size_t kHostNameBytesMax = 128;

}  // namespace

bool is_host_name(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= kHostNameBytesMax && std::ranges::all_of(name, plain) &&
           name.front() != '.' && name.front() != '-';
}

// When the next star is reached, the one before it is never tried again, so the time is bounded.
bool matches(std::string_view pattern, std::string_view name) {
    std::size_t at = 0;
    std::size_t p = 0;
    std::optional<std::size_t> star;
    std::size_t star_at = 0;
    while (at < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_at = at;
        } else if (p < pattern.size() && pattern[p] == name[at]) {
            ++p;
            ++at;
        } else if (star) {
            p = *star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::optional<JoinRefusal> why_not_join(
    const JoinRequest& request, const JoinSituation& situation
) {
    if (!is_host_name(request.host.value())) {
        return JoinRefusal::name_malformed;
    }
    if (!matches(request.hosts, request.host.value())) {
        return JoinRefusal::name_not_allowed;
    }
    const bool elsewhere =
        request.proven_region != RegionId{} && request.proven_region != request.region;
    if (elsewhere || !situation.region_is_known) {
        return JoinRefusal::other_region;
    }
    if (!situation.register_names) {
        return JoinRefusal::not_listed;
    }
    if (situation.held && situation.held->same) {
        return std::nullopt;
    }
    if (situation.held) {
        const bool same_identity = request.proves_itself && situation.held->proves_itself &&
                                   !situation.held->configured && situation.held->by == request.by;
        if (!same_identity) {
            return JoinRefusal::name_taken;
        }
    }
    if (situation.lives) {
        return JoinRefusal::host_lives;
    }
    if (situation.hosts >= situation.hosts_max || situation.waiting >= situation.waiting_max) {
        return JoinRefusal::too_many;
    }
    return std::nullopt;
}

std::string in_words(
    JoinRefusal refusal, const JoinRequest& request, const JoinSituation& situation
) {
    const std::string& host = request.host.value();
    switch (refusal) {
        case JoinRefusal::name_malformed:
            return "the host's name has other characters than letters, digits, '.', '_' and '-', "
                   "or more than 128 of them";
        case JoinRefusal::name_not_allowed:
            return request.by + " is good for hosts named " + request.hosts + ", not for " + host;
        case JoinRefusal::other_region:
            return request.proven_region == RegionId{} || !situation.region_is_known
                       ? request.region.value() + " is none of the app's Regions"
                       : request.by + " is good for hosts in " + request.proven_region.value() +
                             ", not in " + request.region.value();
        case JoinRefusal::not_listed:
            return host + " is not in the configured register: add it to `agents`";
        case JoinRefusal::name_taken:
            return host + " has a credential already (" +
                   (situation.held ? situation.held->by : std::string{}) +
                   "): `farshore agents revoke " + host +
                   "` ends it, if it was lost; otherwise give this host another name";
        case JoinRefusal::host_lives:
            return "a host of the name " + host + " is connected: two hosts must not share a name";
        case JoinRefusal::too_many:
            return std::to_string(situation.hosts) + " hosts are registered and " +
                   std::to_string(situation.waiting) +
                   " have joined without saying hello: forget those that are gone";
    }
    return {};
}

}  // namespace farshore::core
