#pragma once

#include <compare>
#include <functional>
#include <utility>

namespace farshore {

// A value that cannot be mistaken for another of the same representation: no implicit way in, and
// no way back except value(). Ordered and hashable as the representation is.
template <class Tag, class Rep>
class Strong {
  public:
    using value_type = Rep;

    constexpr Strong() = default;

    constexpr explicit Strong(Rep value) : value_(std::move(value)) {}

    [[nodiscard]] constexpr const Rep& value() const { return value_; }

    friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
    friend constexpr bool operator==(const Strong&, const Strong&) = default;

  private:
    Rep value_{};
};

}  // namespace farshore

template <class Tag, class Rep>
struct std::hash<farshore::Strong<Tag, Rep>> {
    std::size_t operator()(const farshore::Strong<Tag, Rep>& strong) const noexcept {
        return std::hash<Rep>{}(strong.value());
    }
};
