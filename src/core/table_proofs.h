#pragma once

#include <array>
#include <cstddef>

// What every state machine's table promises, whatever it is about: checked as the program is
// compiled, on rows with `from`, `on`, `to` and `why`. Each check takes its rows as an argument, so
// that a test can show that it finds a table that breaks it.
namespace farshore::core::table_proofs {

template <class Enum>
constexpr std::size_t index_of(Enum value) {
    return static_cast<std::size_t>(value);
}

template <std::size_t kStates, std::size_t kEvents, class Rows>
consteval bool every_cell_has_one_row(const Rows& rows) {
    std::array<int, kStates * kEvents> count{};
    for (const auto& row : rows) {
        ++count[index_of(row.from) * kEvents + index_of(row.on)];
    }
    for (const int n : count) {
        if (n != 1) {
            return false;
        }
    }
    return true;
}

template <class Rows>
consteval bool every_row_says_why(const Rows& rows) {
    for (const auto& row : rows) {
        if (row.why.empty()) {
            return false;
        }
    }
    return true;
}

// From any of the beginnings.
template <std::size_t kStates, class Rows, class Beginnings>
consteval bool every_state_is_reachable(const Rows& rows, const Beginnings& beginnings) {
    std::array<bool, kStates> reached{};
    for (const auto state : beginnings) {
        reached[index_of(state)] = true;
    }
    for (std::size_t round = 0; round < kStates; ++round) {
        for (const auto& row : rows) {
            if (reached[index_of(row.from)]) {
                reached[index_of(row.to)] = true;
            }
        }
    }
    for (const bool state : reached) {
        if (!state) {
            return false;
        }
    }
    return true;
}

}  // namespace farshore::core::table_proofs
