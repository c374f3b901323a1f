#pragma once

#include <list>
#include <string>
#include <string_view>

#include "sigv4/digest.h"
#include "sigv4/signer.h"

namespace farshore::sigv4 {

// The derived signing keys last used: deriving one costs four HMACs, using one costs a single one.
// Use on one thread.
class SigningKeys {
  public:
    // Hex signature. `amz_date` is "20261123T130509Z".
    [[nodiscard]] std::string signature(
        std::string_view canonical_request,
        std::string_view amz_date,
        std::string_view secret,
        const Scope& scope
    );

  private:
    struct Derived {
        std::string secret;
        std::string date;
        std::string region;
        std::string service;
        Hmac key;
    };

    Hmac& key_for(std::string_view secret, std::string_view date, const Scope& scope);

    std::list<Derived> derived_;  // most recently used first
};

}  // namespace farshore::sigv4
