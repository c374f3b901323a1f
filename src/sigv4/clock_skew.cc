#include "sigv4/clock_skew.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace farshore::sigv4 {

namespace {

// Below it the two clocks agree well enough: SigV4 accepts five minutes.
constexpr WallClock::duration kWorthLearning = std::chrono::minutes{4};

constexpr std::array<std::string_view, 5> kDateCodes{
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
};
constexpr std::array<std::string_view, 8> kSignerCodes{
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
};
constexpr std::array<std::string_view, 12> kMonths{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

}  // namespace

std::optional<UtcTime> time_from_http_date(std::string_view text) {
    if (text.size() != 29 || !text.ends_with(" GMT")) {
        return std::nullopt;
    }
    const auto month = std::ranges::find(kMonths, text.substr(8, 3));
    if (month == kMonths.end()) {
        return std::nullopt;
    }
    const auto number = month - kMonths.begin() + 1;
    std::string iso{text.substr(12, 4)};
    iso.append(number < 10 ? "-0" : "-")
        .append(std::to_string(number))
        .append("-")
        .append(text.substr(5, 2));
    iso.append("T").append(text.substr(17, 8)).append("Z");
    return from_iso8601(iso);
}

bool refuses_the_date(std::string_view code) {
    return std::ranges::find(kDateCodes, code) != kDateCodes.end();
}

bool refuses_the_signer(std::string_view code) {
    return refuses_the_date(code) || std::ranges::find(kSignerCodes, code) != kSignerCodes.end();
}

bool ClockSkew::learn(UtcTime service_time, UtcTime ours) {
    const WallClock::duration measured = service_time - ours;
    const WallClock::duration change = measured > skew_ ? measured - skew_ : skew_ - measured;
    if (change < kWorthLearning) {
        return false;
    }
    skew_ = measured;
    return true;
}

}  // namespace farshore::sigv4
