#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace farshore::controller {

// Item keys name people and sessions: a viewer gets them as a keyed hash. The same key
// of a table has the same hash for as long as the controller runs, so that entries can be told
// apart and counted; the hash's own key is random and never leaves the process, so that a viewer
// cannot find a session's name by hashing guesses. Single-threaded.
class KeyMask {
  public:
    KeyMask();

    // "hidden-" and 32 hex digits.
    [[nodiscard]] std::string hide(std::string_view table, std::string_view text) const;

    // The document of a loss book without its keys, and without the digests of its items, which are
    // made from the keys.
    [[nodiscard]] boost::json::object hidden(boost::json::object losses) const;

  private:
    std::array<std::uint8_t, 32> secret_{};
};

}  // namespace farshore::controller
