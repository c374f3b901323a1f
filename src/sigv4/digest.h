#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct evp_mac_ctx_st;

namespace farshore::sigv4 {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);

// A keyed HMAC-SHA-256 that can be used again and again without deriving its pads anew.
class Hmac {
  public:
    explicit Hmac(std::span<const std::uint8_t> key);
    ~Hmac();
    Hmac(Hmac&& other) noexcept;
    Hmac& operator=(Hmac&& other) noexcept;
    Hmac(const Hmac&) = delete;
    Hmac& operator=(const Hmac&) = delete;

    [[nodiscard]] Sha256 of(std::string_view bytes);

  private:
    evp_mac_ctx_st* context_;
};

}  // namespace farshore::sigv4
