#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/failover/guard_answer.h"

#include "sim/likely_weather.h"
#include "sim/onlooker.h"

// What one likely world showed of a policy. Times are counted from the beginning of the weather.
namespace farshore::sim {

// How the world judges that automation began a change.
enum class Judgement : std::uint8_t {
    right,     // users were not served, and would not have been for longer than the promised rto
    blip,      // users were not served, and would have been again within the rto
    arguable,  // some users were not served: for people to say
    unwanted,  // users were served
};
inline constexpr std::array<std::string_view, 4> kJudgementNames{
    "right", "blip", "arguable", "unwanted"
};

constexpr const auto& names_of(Judgement) {
    return kJudgementNames;
}

struct Change {
    bool automatic = false;
    Judgement judgement = Judgement::unwanted;  // of an automatic one
    core::Outcome outcome = core::Outcome::running;
    bool needed_person = false;  // it asked one, or left one to look
    Duration decided{};
    std::optional<Duration> fenced;       // nothing writes under the older epoch any more
    std::optional<Duration> first_write;  // acknowledged in the new Region
    std::optional<Duration> ended;
    // Acknowledged, and not in the new Region when the fence was proven.
    std::uint64_t at_risk = 0;
    Duration at_risk_span{};  // from the first of their acknowledgements to the last
    // From one shopper's acknowledgement to the next one's, while the change ran.
    Duration longest_pause{};
    std::uint64_t spoiled = 0;  // requests that were refused or failed, while it ran
};

struct Facts {
    LikelyWeather weather{};
    bool wanted = false;  // a failover by itself
    std::vector<Change> changes;
    std::optional<core::Guard>
        held_by;                 // wanted, and none began: what refused for the longest time
    bool no_controller = false;  // ... there was none for the longest time
    std::uint64_t lost = 0;      // acknowledged, and in no Region in the end
    std::uint64_t late = 0;      // at risk at a fence, and there in the end

    [[nodiscard]] int fired() const;
};

// Watches one world of the weather; `rto`: what the operator promises. To be used once.
class Witness final : public Onlooker {
  public:
    Witness(LikelyWeather weather, const Script& script, Duration rto);

    void opened(const Scene& scene) override { scene_ = &scene; }

    void acknowledged(std::size_t key, WriteId id, Epoch epoch) override;
    void spoiled() override;
    void saved(const core::AppRecord& record) override;
    void looked() override;
    void closed() override;
    [[nodiscard]] bool has_seen_enough() const override;

    [[nodiscard]] const Facts& facts() const { return facts_; }

  private:
    struct Acknowledged {
        WriteId id = 0;
        Epoch epoch;
        Duration at{};  // of the story
        bool at_risk = false;
    };

    [[nodiscard]] Duration story() const;

    [[nodiscard]] Duration since() const { return story() - spell_.from; }

    [[nodiscard]] Judgement judge(const core::Plan& plan) const;
    [[nodiscard]] Change* running();
    void fence(const core::Plan& plan, Change& change);
    [[nodiscard]] bool is_held_for_good() const;

    Spell spell_;
    Duration rto_;
    Facts facts_;
    const Scene* scene_ = nullptr;
    OperationId operation_;
    Epoch promised_;  // the epoch that the newest change puts in force
    Duration last_acknowledged_{};
    std::map<std::size_t, std::vector<Acknowledged>> writes_;  // by key, in order
    std::map<core::Guard, int> refused_;                       // how many seconds
    std::vector<core::Guard> refuse_now_;
    int same_for_ = 0;  // for how many seconds they have been these
    int no_controller_ = 0;
};

}  // namespace farshore::sim
