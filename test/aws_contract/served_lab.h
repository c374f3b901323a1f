#pragma once

#include <memory>
#include <string>

#include "sigv4/signer.h"

namespace farshore::contract {

// The lab's DynamoDB and Route 53, served from a thread of their own as long as the object lives.
class ServedLab {
  public:
    ServedLab();
    ~ServedLab();
    ServedLab(const ServedLab&) = delete;
    ServedLab& operator=(const ServedLab&) = delete;

    // Empty: it serves.
    [[nodiscard]] const std::string& error() const;
    [[nodiscard]] std::string dynamodb(const std::string& region) const;
    [[nodiscard]] std::string route53() const;
    [[nodiscard]] static sigv4::Credentials credentials();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace farshore::contract
