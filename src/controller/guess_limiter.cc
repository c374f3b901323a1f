#include "controller/guess_limiter.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

#include "base/text.h"

namespace farshore::controller {

Duration GuessLimiter::wrong(std::string_view address, Instant now) {
    ++guesses_;
    const std::string name = guessing_address(address);
    const auto known = by_name_.find(name);
    if (known == by_name_.end()) {
        if (recent_.size() >= limits_.addresses_max) {
            by_name_.erase(recent_.back().name);
            recent_.pop_back();
        }
        recent_.push_front({.name = name, .guesses = 0, .last = now, .until = now});
        by_name_.emplace(name, recent_.begin());
    } else {
        recent_.splice(recent_.begin(), recent_, known->second);
    }
    Address& here = recent_.front();
    if (now - here.last > limits_.forgiven_after) {
        here.guesses = 0;
    }
    here.last = now;
    ++here.guesses;
    if (here.guesses <= limits_.free) {
        return Duration::zero();
    }
    const std::size_t doublings = std::min<std::size_t>(here.guesses - limits_.free - 1, 20);
    const Duration pause =
        std::min(limits_.pause_first * (std::int64_t{1} << doublings), limits_.pause_max);
    here.until = now + pause;
    return pause;
}

Duration GuessLimiter::left(std::string_view address, Instant now) const {
    const auto known = by_name_.find(guessing_address(address));
    return known == by_name_.end() ? Duration::zero()
                                   : std::max(known->second->until - now, Duration::zero());
}

std::string guessing_address(std::string_view peer) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(std::string{peer}, error);
    if (error || address.is_v4()) {
        return std::string{peer};
    }
    const boost::asio::ip::address_v6 six = address.to_v6();
    if (six.is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, six).to_string();
    }
    const auto bytes = six.to_bytes();
    return to_hex({bytes.data(), 8}) + "/64";
}

}  // namespace farshore::controller
