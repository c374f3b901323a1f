#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "core/records/epoch_items.h"

// One question to one Region's copy of the epoch item, and what came back. Pure values.
namespace farshore::core {

enum class CopyQuestion : std::uint8_t { write, read };

enum class CopyWord : std::uint8_t {
    done,      // it was written, or read
    refused,   // the Region answered that it has not done it
    damaged,   // it was read, and is an item that no controller writes
    not_done,  // nothing has happened, and the Region said nothing
    lost       // no answer: a write may have landed all the same
};

struct CopyAnswer {
    CopyWord word = CopyWord::lost;
    // A read's: the copy, with epoch zero when there is none. A write's: what the copy said before;
    // nullopt: it said nothing that can be read.
    std::optional<EpochItem> item{};
    std::string why{};  // it is not done; for people
};

// What a failed request to a Region means for the copy there.
[[nodiscard]] CopyAnswer failed_write(const Error& error);
[[nodiscard]] CopyAnswer failed_read(const Error& error);

}  // namespace farshore::core
