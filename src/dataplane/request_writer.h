#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

#include "http1/fields.h"
#include "sigv4/clock_skew.h"
#include "sigv4/signer.h"

namespace farshore::dataplane {

// Writes the request that goes to a Region: the application's own headers without those that belong
// to its connection or its signature, framed anew and signed for that Region. One per loop.
class RequestWriter {
  public:
    void set_credentials(sigv4::Credentials credentials) { credentials_ = std::move(credentials); }

    // False: there are no credentials to sign with.
    [[nodiscard]] bool ready() const { return !credentials_.access_key_id.empty(); }

    struct Input {
        const http1::Fields* fields = nullptr;  // as received
        std::string_view body;
        std::string_view payload_hash;  // hex SHA-256 of body
        // The answer will be read here, so it must not come compressed.
        bool plain_answer = false;
    };

    struct Destination {
        std::string_view region;
        std::string_view authority;  // Host header: name, and port unless it is the scheme's own
        std::string_view path = "/";
    };

    [[nodiscard]] std::string write(const Input& input, const Destination& to, UtcTime now);

    // An answer refused our date and had its own. True when that was news: then it may be tried
    // again.
    bool learn_time(UtcTime theirs, UtcTime ours) { return skew_.learn(theirs, ours); }

  private:
    sigv4::Signer signer_;
    sigv4::Credentials credentials_;
    sigv4::ClockSkew skew_;
};

// Does this header belong to the connection or the signature, so that it is not forwarded?
[[nodiscard]] bool stays_here(std::string_view name);
// Does it end at each hop? For answers.
[[nodiscard]] bool is_hop_by_hop(std::string_view name);

}  // namespace farshore::dataplane
