#pragma once

#include <vector>

#include "core/failover/app_core_test_world.h"
#include "core/recording/replay.h"

namespace farshore::core::testing {

// Stories whose inputs are kept, with what was decided by them.
class TapedStory : public AppCoreTest {
  protected:
    TapedStory() {
        taped = [this](Now now, const AppCore& core, const Event& event, const Effects& effects) {
            tape.push_back(
                {.now = now, .input = event, .decided = deciding.after(now, core, effects)}
            );
        };
    }

    // A controller starts.
    AppCore start(AppCore::Start begun) {
        opening = {.now = now(), .start = begun};
        return AppCore{std::move(begun), now()};
    }

    // All is well, the active Region's tables fail, and the failover goes as far as the new route.
    void fail_over(AppCore& core) {
        settle(core);
        fail_east(core);
        ASSERT_TRUE(core.operation_running());
        failed_over_at = at;
        (void)tell(core, raised(core));
        promote(core);
        ASSERT_EQ(core.record().active, kWest);
    }

    // From here on it is kept as if another file began.
    void go_on_in_another_file(const AppCore& core) {
        opening = continued(opening.start, now(), core);
        deciding.begin_again();
        tape.clear();
        for (Event& event : told_once(core)) {
            tape.push_back({.now = now(), .input = std::move(event), .decided = {}});
        }
    }

    [[nodiscard]] Comparison compare() const {
        Comparison comparison(opening);
        for (const Recorded& recorded : tape) {
            (void)comparison.tell(recorded);
        }
        return comparison;
    }

    Opening opening;
    Deciding deciding;
    std::vector<Recorded> tape;
    Instant failed_over_at{};
};

}  // namespace farshore::core::testing
