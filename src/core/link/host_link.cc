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

Duration own_rest(const HostId& host, Duration rest) {
    constexpr std::uint64_t kSteps = 1024;
    const auto step = static_cast<Duration::rep>(hash_of(host.value()) % kSteps);
    return rest - rest / 8 * step / static_cast<Duration::rep>(kSteps);
}

}  // namespace farshore::core::link
