#include "controller/challenges.h"

#include <charconv>

#include <openssl/crypto.h>

#include "base/assert.h"
#include "base/text.h"

#include "sigv4/digest.h"

namespace farshore::controller {

namespace {

constexpr std::size_t kSignatureHex = 64;

}  // namespace

std::string Challenges::signature(std::string_view text) const {
    sigv4::Hmac hmac({reinterpret_cast<const std::uint8_t*>(key_.data()), key_.size()});
    return to_hex(hmac.of(text));
}

// RANDOM.END.SIGNATURE
std::string Challenges::issue(std::string_view random, Instant now) const {
    const std::string text =
        to_hex({reinterpret_cast<const std::uint8_t*>(random.data()), random.size()}) + "." +
        std::to_string((now + kValidFor).time_since_epoch().count());
    return text + "." + signature(text);
}

void Challenges::forget_until(Instant now) {
    while (!used_.empty() && used_.begin()->first.first < now) {
        const auto from = used_from_.find(used_.begin()->second);
        if (--from->second == 0) {
            used_from_.erase(from);
        }
        used_.erase(used_.begin());
    }
}

Challenges::Answer Challenges::take(
    std::string_view challenge, const std::string& from, Instant now
) {
    const std::size_t dot = challenge.rfind('.');
    if (dot == std::string_view::npos || challenge.size() - dot - 1 != kSignatureHex) {
        return Answer::unknown;
    }
    const std::string_view text = challenge.substr(0, dot);
    const std::string wanted = signature(text);
    if (CRYPTO_memcmp(wanted.data(), challenge.data() + dot + 1, kSignatureHex) != 0) {
        return Answer::unknown;
    }
    const std::string_view end_text = text.substr(text.rfind('.') + 1);
    std::int64_t end_ns = 0;
    const auto [stop, error] =
        std::from_chars(end_text.data(), end_text.data() + end_text.size(), end_ns);
    FARSHORE_ASSERT(
        error == std::errc{} && stop == end_text.data() + end_text.size(),
        "a challenge that we have signed is one that we have made"
    );
    const Instant end{Duration{end_ns}};
    forget_until(now);
    if (now >= end) {
        return Answer::expired;
    }
    if (used_.contains({end, std::string{challenge}})) {
        return Answer::used;
    }
    const auto shown = used_from_.find(from);
    if (used_.size() >= limits_.used_max ||
        (shown != used_from_.end() && shown->second >= limits_.used_from_one_max)) {
        return Answer::too_many;
    }
    used_.emplace(std::pair{end, std::string{challenge}}, from);
    ++used_from_[from];
    return Answer::good;
}

}  // namespace farshore::controller
