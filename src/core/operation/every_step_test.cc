#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/failover/app_core_test_world.h"
#include "core/plan/templates.h"

// Plans with declared steps in every slot, and a controller that is killed at each commit of their
// journal: before its effects, and after them with their answers lost.
namespace farshore::core {
namespace {

using namespace testing;

enum class Kill { never, before_effects, after_effects };

class EveryStep : public AppCoreTest {
  protected:
    // What a walk came to.
    struct Walk {
        Outcome outcome = Outcome::running;
        int commits = 0;
        bool killed = false;
        std::map<std::string, int> commands;  // by step: how often it was run
        std::string story;
    };

    // A step of that kind in each slot that admits it.
    [[nodiscard]] static std::vector<DeclaredStep> in_every_slot(StepKind kind) {
        std::vector<DeclaredStep> steps;
        for (std::size_t i = 0; i < kSlotNames.size(); ++i) {
            const auto slot = static_cast<Slot>(i);
            if (!templates::admits(slot, kind)) {
                continue;
            }
            DeclaredStep step{.kind = kind, .at = slot, .timeout = 2s};
            if (kind == StepKind::command) {
                step.run = {"/bin/true"};
            }
            if (is_fleet(kind)) {
                step.fleet = {
                    .region = "${to}",
                    .tags = {{"App", "Magento"}},
                    .script = "true",
                    .group = "web",
                    .minimum = 2,
                    .cluster = "shop",
                    .service = "web",
                    .function = "import",
                    .set = {{"AWS_REGION", "${to}"}}
                };
            }
            if (kind == StepKind::parallel) {
                step.steps = {
                    {.kind = StepKind::command, .at = slot, .run = {"/bin/a"}, .timeout = 2s},
                    {.kind = StepKind::wait, .at = slot, .timeout = 1s}
                };
            }
            steps.push_back(std::move(step));
        }
        return steps;
    }

    // One operation to its end, with a kill at that commit.
    Walk walk(Verb verb, StepKind kind, Kill how, int at_commit) {
        walk_ = {};
        answers_.clear();
        how_ = how;
        kill_at_ = at_commit;
        policy_ = policy();
        policy_.steps = in_every_slot(kind);
        core_.emplace(start_of(policy_), now());
        for (int i = 0; i < 10; ++i) {
            turn();
        }
        walk_.commits = 0;
        say(ChangeRequest{
            .id = OperationId{"op-1"},
            .verb = verb,
            .to = kWest,
            .by = "operator:x",
            .reason = "test",
            .accept_loss = 1h
        });
        EXPECT_TRUE(core_->record().operation.has_value());
        for (int i = 0; i < 200 && core_->operation_running(); ++i) {
            turn();
        }
        walk_.outcome = core_->record().operation->outcome;
        return walk_;
    }

  private:
    void turn() {
        at += 250ms;
        std::deque<Event> due;
        due.swap(answers_);
        for (const Event& event : due) {
            say(event);
        }
        for (const Event& event : what_is_seen(true, 0)) {
            say(event);
        }
        say(EpochsRead{reading(core_->record().epoch, core_->record().active)});
        for (const char* host : {"e1", "w1"}) {
            if (!core_->agents().at(HostId{host}).connected) {
                say(AgentConnected{
                    HostId{host}, host[0] == 'e' ? kEast : kWest, core_->record().epoch
                });
            }
        }
        a_person_answers();
        say(Tick{});
    }

    void a_person_answers() {
        const auto& operation = core_->record().operation;
        if (!operation || operation->ended()) {
            return;
        }
        for (std::size_t i = 0; i < operation->runs.size(); ++i) {
            const bool asks = operation->runs[i].life == StepLife::waiting_for_person;
            const bool approval = operation->plan.steps[i].kind == StepKind::approve &&
                                  operation->runs[i].life == StepLife::running;
            const StepAnswered answer{
                .operation = operation->plan.id,
                .step = operation->plan.steps[i].id,
                .answer = asks ? Answer::skip : Answer::approve,
                .by = "operator:eve"
            };
            if ((asks || approval) && say(answer)) {
                return;
            }
        }
    }

    // False: a request, and it was refused.
    bool say(const Event& event) {
        const Effects effects = core_->step(now(), event);
        took(effects);
        return !effects.reply || effects.reply->has_value();
    }

    // The commit, the kill, the effects.
    void took(const Effects& effects) {
        for (const JournalEntry& entry : effects.journal) {
            walk_.story += entry.doing + ": " + entry.text + "\n";
        }
        walk_.commits += effects.save ? 1 : 0;
        const bool dies = how_ != Kill::never && !walk_.killed && walk_.commits == kill_at_ &&
                          core_->operation_running();
        if (!dies || how_ == Kill::after_effects) {
            for (const Action& action : effects.actions) {
                std::visit([this](const auto& wanted) { perform(wanted); }, action);
            }
        }
        if (dies) {
            walk_.killed = true;
            answers_.clear();
            AppCore::Start start = start_of(policy_);
            start.record = core_->record();
            start.epochs = reading(start.record.epoch, start.record.active);
            core_.emplace(std::move(start), now());
            took(core_->resume(now()));
        }
    }

    void perform(const RaiseEpoch& wanted) {
        answers_.emplace_back(EpochRaised{
            .step = wanted.step,
            .started = now().at,
            .started_wall = now().wall,
            .majority = true,
            .highest_seen = wanted.epoch
        });
    }

    void perform(const FindHosts& wanted) {
        answers_.emplace_back(HostsFound{.step = wanted.step, .complete = true, .hosts = {}});
    }

    void perform(const OrderAgents& wanted) {
        for (const HostId& host : wanted.hosts) {
            answers_.emplace_back(AgentAcked{
                .step = wanted.step,
                .host = host,
                .type = wanted.type,
                .epoch = wanted.epoch,
                .done = true
            });
        }
    }

    void perform(const ExamineLosses& wanted) {
        answers_.emplace_back(LossesExamined{.step = wanted.step, .complete = true, .detail = {}});
    }

    void perform(const ServeUsers& wanted) {
        answers_.emplace_back(TrafficServed{.step = wanted.step, .done = true, .detail = {}});
    }

    void perform(const VerifyFunction& wanted) {
        answers_.emplace_back(FunctionVerified{.step = wanted.step, .passed = true, .detail = {}});
    }

    void perform(const RunCommand& wanted) {
        ++walk_.commands[wanted.name];
        answers_.emplace_back(CommandEnded{.step = wanted.step, .output = {}});
    }

    void perform(const StopCommand&) {}

    void perform(const MoveFleet& wanted) {
        answers_.emplace_back(CommandEnded{.step = wanted.step, .output = {}});
    }

    void perform(const LeaveFleet&) {}

    void perform(const Announce&) {}

    std::optional<AppCore> core_;
    Policy policy_;
    std::deque<Event> answers_;
    Walk walk_;
    Kill how_ = Kill::never;
    int kill_at_ = 0;
};

TEST_F(EveryStep, AControllerThatIsKilledAtAnyCommitGoesOnToTheEnd) {
    int kills = 0;
    for (const Verb verb : {Verb::switchover, Verb::failover}) {
        for (const StepKind kind :
             {StepKind::approve,
              StepKind::command,
              StepKind::ssm,
              StepKind::asg,
              StepKind::ecs,
              StepKind::lambda,
              StepKind::wait,
              StepKind::parallel}) {
            const Walk whole = walk(verb, kind, Kill::never, 0);
            ASSERT_EQ(whole.outcome, Outcome::done) << to_string(kind) << "\n" << whole.story;
            for (const Kill how : {Kill::before_effects, Kill::after_effects}) {
                for (int commit = 1; commit <= whole.commits; ++commit) {
                    const Walk killed = walk(verb, kind, how, commit);
                    kills += killed.killed ? 1 : 0;
                    ASSERT_EQ(killed.outcome, Outcome::done)
                        << to_string(verb) << " with " << to_string(kind) << ", killed "
                        << (how == Kill::before_effects ? "before" : "after")
                        << " the effects of commit " << commit << "\n"
                        << killed.story;
                    for (const auto& [step, times] : killed.commands) {
                        // An attempt is done again as a whole, and what stands in it with it.
                        const int most = step.starts_with("with_hold") ? 2 : 1;
                        ASSERT_LE(times, most) << step << " was run again blindly\n"
                                               << killed.story;
                    }
                }
            }
        }
    }
    EXPECT_GT(kills, 300);
    std::printf("kills at commits: %d\n", kills);
}

}  // namespace
}  // namespace farshore::core
