#include "adapters/net/name_cache.h"

#include <algorithm>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include "adapters/net/asio_types.h"

namespace farshore::net {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kNamesMax = 1024;
constexpr Duration kTtlMin = std::chrono::seconds{1};

Task<bool> pass(Duration duration) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Timer timer(executor);
    timer.expires_after(duration);
    auto [error] = co_await timer.async_wait(kAwait);
    co_return !error;
}

Task<Result<DnsAnswer>> within(DnsClient* resolver, std::string name, Duration patience) {
    using boost::asio::experimental::awaitable_operators::operator||;
    std::variant<Result<DnsAnswer>, bool> first =
        co_await (resolver->resolve(name) || pass(patience));
    if (first.index() == 0) {
        co_return std::get<0>(std::move(first));
    }
    co_return fail(ErrorKind::timed_out, "the name lookup of " + name + " took too long");
}

}  // namespace

Task<Result<std::vector<std::string>>> NameCache::lookup(
    DnsClient* resolver, std::string name, bool fresh, Duration patience
) {
    return look_up(state_, resolver, std::move(name), fresh, patience);
}

Task<Result<std::vector<std::string>>> NameCache::look_up(
    std::shared_ptr<State> state,
    DnsClient* resolver,
    std::string name,
    bool fresh,
    Duration patience
) {
    const auto known = state->names.find(name);
    if (!fresh && known != state->names.end() && Steady::now() < known->second.ask_again) {
        co_return known->second.addresses;
    }
    const Result<DnsAnswer> answer = co_await within(resolver, name, patience);
    // Looked up anew: others may have changed the map meanwhile.
    const auto old = state->names.find(name);
    if (answer) {
        if (old == state->names.end() && state->names.size() >= kNamesMax) {
            state->names.clear();
        }
        state->names[name] = {
            .addresses = answer->addresses,
            .ask_again = Steady::now() + std::max(answer->ttl, kTtlMin)
        };
        co_return answer->addresses;
    }
    if (fresh || old == state->names.end()) {
        co_return std::unexpected(answer.error());
    }
    old->second.ask_again = Steady::now() + kTtlMin;
    co_return old->second.addresses;
}

}  // namespace farshore::net
