#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/failover/event.h"
#include "core/records/copy_answer.h"
#include "core/records/named_lately.h"

namespace farshore::core {

// One reading of all copies of the epoch item: each is asked once. The core is told as soon as a
// majority agrees on all that matters, so a Region that hangs is not waited for; what later copies
// say is told when all have ended. Not thread-safe; `named` outlives it.
class Survey {
  public:
    struct Begun {
        Instant at{};  // before the first copy is asked
        UtcTime wall{};
        std::size_t copies = 0;
    };

    Survey(Begun begun, NamedLately& named);

    // What the core is to be told now.
    [[nodiscard]] std::optional<EpochsRead> take(
        Instant now, const RegionId& region, const CopyAnswer& answer
    );

    [[nodiscard]] bool is_whole() const { return ended_ == reading_.asked; }

    [[nodiscard]] const EpochReading& reading() const { return reading_; }

    // Those that answered, with or without an item.
    [[nodiscard]] const std::vector<std::pair<RegionId, EpochItem>>& copies() const {
        return copies_;
    }

  private:
    void add(const RegionId& region, const EpochItem& copy);

    NamedLately& named_;
    EpochReading reading_;
    std::vector<std::pair<RegionId, EpochItem>> copies_;
    std::size_t ended_ = 0;
    std::size_t told_ = 0;  // copies that the core has been told of
};

}  // namespace farshore::core
