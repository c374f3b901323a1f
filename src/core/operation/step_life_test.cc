#include "core/operation/step_life.h"

#include <array>
#include <string_view>

#include <gtest/gtest.h>

#include "core/operation/record.h"

// The life of a step, taken along each row of its table.
namespace farshore::core {
namespace {

using enum StepLife;
using Lives = std::array<StepLife, kLifeEventNames.size()>;

constexpr StepLife asks = waiting_for_person;

// One line for each life, one column for each event.
// clang-format off
constexpr std::array<Lives, kStepLifeNames.size()> kNext{{
    //               begins     succeeds   fails      is_unknown asks       is_skipped is_undone rewinds
    /* pending   */ {running,   pending,   pending,   pending,   pending,   skipped,   pending,  pending},
    /* running   */ {running,   succeeded, failed,    unknown,   asks,      skipped,   undoing,  pending},
    /* waiting   */ {running,   succeeded, failed,    unknown,   asks,      skipped,   undoing,  pending},
    /* undoing   */ {running,   undoing,   failed,    undoing,   undoing,   undoing,   undoing,  pending},
    /* succeeded */ {succeeded, succeeded, succeeded, succeeded, succeeded, succeeded, undoing,  pending},
    /* skipped   */ {skipped,   skipped,   skipped,   skipped,   skipped,   skipped,   skipped,  skipped},
    /* failed    */ {failed,    failed,    failed,    failed,    failed,    failed,    undoing,  pending},
    /* unknown   */ {unknown,   unknown,   unknown,   unknown,   unknown,   unknown,   unknown,  pending},
}};
// clang-format on

TEST(StepLife, EachRowLeadsWhereItShould) {
    std::size_t taken = 0;
    for (std::size_t life = 0; life < kNext.size(); ++life) {
        for (std::size_t event = 0; event < kLifeEventNames.size(); ++event) {
            const std::string row =
                std::string{kStepLifeNames[life]} + " on " + std::string{kLifeEventNames[event]};
            OperationRecord record;
            record.runs = {StepRun{.life = static_cast<StepLife>(life)}};
            record.live(UtcTime{}, 0, static_cast<LifeEvent>(event));
            const StepRun& run = record.runs.front();
            EXPECT_EQ(to_string(run.life), to_string(kNext[life][event])) << row;
            EXPECT_EQ(run.why, life_table::kRows[taken].why) << row;
            EXPECT_EQ(run.ended_at.has_value(), has_ended(run.life)) << row;
            ++taken;
        }
    }
    EXPECT_EQ(taken, life_table::kRows.size());
}

}  // namespace
}  // namespace farshore::core
