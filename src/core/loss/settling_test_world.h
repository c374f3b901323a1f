#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/loss/settling.h"

namespace farshore::core::settling_test {
using namespace std::chrono_literals;

inline const RegionId kEast{"us-east-1"};
inline const RegionId kWest{"eu-west-1"};
inline const OperationId kFirst{"op-1"};
inline const HostId kWeb1{"web-1"};
inline const HostId kWeb2{"web-2"};

inline LedgerEntry a_write(const std::string& key, std::string hash, Epoch epoch = Epoch{1}) {
    return {
        .table = TableName{"carts"},
        .key = key,
        .op = "PutItem",
        .at = utc_from_ms(1000),
        .epoch = epoch,
        .hash = std::move(hash),
        .acknowledged = true
    };
}

inline Error error_of(ErrorKind kind) {
    return {.kind = kind, .text = "no such table"};
}

// A controller without edges: what Settling wants is kept until the test answers it.
class SettlingTest : public testing::Test {
  protected:
    SettlingTest() { current = an_operation(kFirst, Verb::failover, Epoch{1}); }

    static OperationRecord an_operation(OperationId id, Verb verb, Epoch before) {
        OperationRecord record;
        record.plan.id = std::move(id);
        record.plan.verb = verb;
        record.plan.from = kEast;
        record.plan.to = kWest;
        record.plan.epoch_before = before;
        record.plan.epoch_after = next(before);
        return record;
    }

    void step(LossInput input) {
        const LossMoment moment{
            .now = {now, utc_from_ms(to_ms(now - Instant{}))},
            .operation = current ? &*current : nullptr
        };
        for (LossAction& action : settling.step(moment, std::move(input))) {
            if (auto* open = std::get_if<LossesOpen>(&action)) {
                told_open = open->writes;
            }
            wanted.push_back(std::move(action));
        }
    }

    // Takes the oldest action of that kind.
    template <class Action>
    std::optional<Action> take() {
        const auto found = std::ranges::find_if(wanted, [](const LossAction& each) {
            return std::holds_alternative<Action>(each);
        });
        if (found == wanted.end()) {
            return std::nullopt;
        }
        Action action = std::get<Action>(std::move(*found));
        wanted.erase(found);
        return action;
    }

    void named(
        const HostId& host, std::vector<LedgerEntry> entries, OperationId operation = kFirst
    ) {
        step(HostFenced{
            .operation = std::move(operation),
            .host = host,
            .entries = std::move(entries),
            .number = 7
        });
    }

    // The store takes everything that it is asked for.
    void save_all() {
        while (const auto save = take<SaveLosses>()) {
            step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::saved});
        }
    }

    void read(KeysSeen seen, const RegionId& in) {
        const auto reading = take<ReadKeys>();
        ASSERT_TRUE(reading.has_value());
        EXPECT_EQ(reading->region, in);
        step(KeysRead{.ticket = reading->ticket, .seen = std::move(seen)});
    }

    static KeysSeen found(const std::string& key, std::string digest) {
        KeysSeen seen;
        seen.found[{"carts", key}] = std::move(digest);
        return seen;
    }

    static KeysSeen refused(ErrorKind kind) {
        KeysSeen seen;
        seen.refused["carts"] = error_of(kind);
        return seen;
    }

    void examine() {
        step(ExamineLosses{
            .step = {.operation = kFirst, .number = 3}, .from = kEast, .to = kWest, .budget = 2s
        });
    }

    // One write at risk, examined and saved; the failover has ended.
    void fail_over() {
        named(kWeb1, {a_write("k", "d1")});
        examine();
        read(found("k", "old"), kWest);
        save_all();
        current->outcome = Outcome::done;
        wanted.clear();
    }

    // The next look, with what the Regions answer; the old Region is away when it has none.
    void look(const std::optional<KeysSeen>& old_region, const KeysSeen& target) {
        const std::optional<Instant> due = settling.next_deadline();
        ASSERT_TRUE(due.has_value());
        now = std::max(now, *due);
        LossesDue it;
        it.answering.insert(kWest);
        if (old_region) {
            it.answering.insert(kEast);
        }
        step(it);
        if (old_region) {
            read(*old_region, kEast);
        }
        read(target, kWest);
        save_all();
    }

    Fate fate_of(const std::string& key, const OperationId& operation = kFirst) const {
        return settling.find(operation)->find({"carts", key})->writes().front().fate;
    }

    Settling settling{LossLimits{.unreadable_after = 10min, .undecided_after = 24h}};
    Instant now{std::chrono::hours{1}};
    std::optional<OperationRecord> current;
    std::vector<LossAction> wanted;
    std::optional<std::uint64_t> told_open;
};

}  // namespace farshore::core::settling_test
