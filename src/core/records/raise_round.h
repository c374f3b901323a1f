#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/failover/event.h"
#include "core/records/copy_answer.h"
#include "core/records/named_lately.h"

namespace farshore::core {

// One epoch item that is written into the copies of several Regions, each by a conditional write. A
// write that may have landed is read back, never assumed (INV-S2). For a raise the majority is told
// as soon as it stands: a Region that hangs is not waited for.
//
// Questions out, answers in: each copy is asked first(), and each answer says whether that copy is
// to be asked once more. Not thread-safe; `named` outlives it.
class RaiseRound {
  public:
    struct Order {
        std::optional<StepId> step{};  // that waits for what comes of it; nullopt: none does
        EpochItem item;
        std::vector<RegionId> regions;
        bool only_look = false;  // whether it has landed: nothing is written
        Instant started{};       // before the first copy is asked
        UtcTime started_wall{};
    };

    RaiseRound(Order order, NamedLately& named);

    [[nodiscard]] const Order& order() const { return order_; }

    [[nodiscard]] CopyQuestion first() const {
        return order_.only_look ? CopyQuestion::read : CopyQuestion::write;
    }

    // nullopt: that copy is done with.
    [[nodiscard]] std::optional<CopyQuestion> take(
        Instant now, const RegionId& region, const CopyAnswer& answer
    );

    // What came of the step's raise, as soon as it is known: given once.
    [[nodiscard]] std::optional<EpochRaised> news(Instant now);

    // How many copies carry the whole item, with the register and the terms.
    [[nodiscard]] std::size_t in_full() const { return in_full_; }

    // A copy carries a newer epoch, or gives this one to another Region.
    [[nodiscard]] bool met_newer() const { return newer_ > 0; }

    [[nodiscard]] const std::string& detail() const { return detail_; }

  private:
    // `stray`: too far ahead to be an epoch of ours. One copy says nothing by that.
    enum class Landed : std::uint8_t { confirmed, unchanged, newer, stray, unknown };

    struct Copy {
        bool ended = false;
        std::optional<std::string> read_back{};  // what became of the write, in words
    };

    void end(const RegionId& region, Landed landed, Epoch seen, const std::string& words);
    void look(const RegionId& region, const EpochItem& found);

    Order order_;
    NamedLately& named_;
    std::map<RegionId, Copy> copies_;
    std::size_t ended_ = 0;
    std::vector<RegionId> confirmed_;
    std::vector<Epoch> seen_;
    std::size_t unchanged_ = 0;
    std::size_t newer_ = 0;
    std::size_t strays_ = 0;
    std::size_t in_full_ = 0;
    bool other_register_ = false;
    bool told_ = false;
    std::string detail_;
};

}  // namespace farshore::core
