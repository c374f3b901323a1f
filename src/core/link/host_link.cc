#include "core/link/host_link.h"

#include <string_view>

namespace farshore::core::link {

namespace {

// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): the same in every build, so that a host
// keeps its moment.
std::uint64_t hash_of(std::string_view name) {
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    for (const char letter : name) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 1'099'511'628'211U;
    }
    return hash;
}

}  // namespace

Duration rest_until_turn(const HostId& host, Instant now, Duration rest) {
    if (rest <= Duration::zero()) {
        return rest;
    }
    const Duration own{
        static_cast<Duration::rep>(hash_of(host.value()) % static_cast<std::uint64_t>(rest.count()))
    };
    const Duration late = (now.time_since_epoch() - own) % rest;
    // A host that comes a little early would have to go through the whole period to be in time.
    const bool is_early = late > rest - rest / 32;
    return is_early ? rest : rest - std::min(late, rest / 4);
}

}  // namespace farshore::core::link
