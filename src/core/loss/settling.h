#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/loss/loss_limits.h"
#include "core/loss/settling_words.h"

namespace farshore::core {

// The moment of a step, and the operation that runs or ran last; null: none is known.
struct LossMoment {
    Now now;
    const OperationRecord* operation = nullptr;
};

// The operation that ended this epoch: writes under it belong into its loss book.
[[nodiscard]] bool ends_epoch(const OperationRecord& operation, Epoch epoch);

// At a start: is the book of that operation taken up again? One that is not settled is, and that of
// the newest operation, whose hosts may still tell of writes. `newest`: null when there is none.
[[nodiscard]] bool is_taken_up(
    const OperationRecord* newest, const OperationId& operation, bool settled
);

// Decides what becomes of writes at risk: which book a host's word belongs into, what is read
// before the target's promotion, when both Regions are looked at afterwards, what their answers
// mean, when a write is given up, and what has to be durable before anything is told. A book stays
// open until each of its writes has its fate, whatever operations follow. Pure: no clock, no I/O;
// one owner.
//
// Bad news is told at once, good news when it is durable.
class Settling {
  public:
    explicit Settling(LossLimits limits) : limits_(limits) {}

    // The actions are to be started in their order, before the next step.
    [[nodiscard]] std::vector<LossAction> step(const LossMoment& moment, LossInput input);

    // When step(LossesDue) has something to do; nullopt: nothing is open.
    [[nodiscard]] std::optional<Instant> next_deadline() const;

    // Null: it is not open; what the store has is all.
    [[nodiscard]] const LossBook* find(const OperationId& operation) const;

    // Writes without a fate, by operation.
    [[nodiscard]] std::map<OperationId, std::uint64_t> open_writes() const;

  private:
    using At = LossBook::At;

    struct Refused {
        Instant since;
        RegionId region;
        std::string why;
    };

    struct Open {
        RegionId from;
        RegionId to;
        Epoch epoch_before;  // the epoch that its writes were made under
        LossBook book;
        Instant opened_at{};
        bool examined = false;
        bool looking = false;
        Instant look_at{};  // earliest
        std::optional<Instant> both_answered_at;
        // Tables whose keys a Region refuses to read though both answer.
        std::map<std::string, Refused> refused;
        At next;  // the first key of the next look: no key stands in the way of others
        std::set<At> unsaved;
        bool book_unsaved = false;  // what it says as a whole
        std::optional<Instant> save_at;
        std::size_t on_their_way = 0;  // commits that the store has not answered
        std::uint64_t told = 0;        // open writes, as the app's core knows them

        [[nodiscard]] bool is_saved() const {
            return unsaved.empty() && !book_unsaved && on_their_way == 0;
        }
    };

    // What a reading is for.
    struct Reading {
        OperationId operation;
        std::vector<At> keys;
        std::optional<ExamineLosses> examines;  // nullopt: it belongs to a look
        std::optional<KeysSeen> old_region;     // of a look: what the first reading saw
        bool of_old_region = false;
    };

    struct Saving {
        OperationId operation;
        std::set<At> keys;
    };

    // Done when these books are saved, or the store refuses, and these epochs' books are found.
    struct Waiting {
        LossAction then;
        std::set<OperationId> books;
        std::set<Epoch> searches;
    };

    // A late host's writes, until the book of their epoch is found.
    struct Searched {
        HostId host;
        std::vector<LedgerEntry> entries;
        std::uint64_t told = 0;  // by the list that they are from, as LossBook::note_told() has it
    };

    // settling.cc
    void on(HostFenced input);
    void on(const ExamineLosses& input);
    void on(KeysRead input);
    void on(const LossesSaved& input);
    void on(KeptBook input);
    void on(BookSearched input);
    void on(LossDecision input);
    void on(const LossesDue& input);
    [[nodiscard]] Open* find_open(const OperationId& operation);
    Open& open(const Plan& plan);
    [[nodiscard]] bool is_current(const OperationId& operation) const;
    void changed(Open& open, const At& at);
    void book_changed(Open& open);
    void save(const OperationId& operation, Open& open);
    void saved(const OperationId& operation);
    void wait(Waiting waiting);
    void tell();
    void close_settled();

    // settling_intake.cc
    [[nodiscard]] std::optional<OperationId> book_for(Epoch epoch);
    void take_list(HostFenced input, std::uint64_t told);
    void take(const Searched& named, const OperationId& operation);
    void without_book(const Searched& named);
    void take_proven(const HostId& host, const std::vector<LedgerEntry>& proven);

    // settling_looks.cc
    void end_without_losses(const OperationId& operation, Open& open);
    void examined(const ExamineLosses& asked, std::size_t keys, const KeysSeen& seen);
    [[nodiscard]] std::size_t examine_refused(Open& open, const KeysSeen& target);
    void look(const OperationId& operation, Open& open, bool old_region_answers);
    void judge(Open& open, Reading& reading, KeysSeen target);
    [[nodiscard]] static std::vector<At> keys_of_look(Open& open);
    void settle_refused(Open& open, KeysSeen& old_region, KeysSeen& target);
    void note_looks(
        const OperationId& operation, Open& open, const KeysSeen& old_region, const KeysSeen& target
    );
    void note_refused(
        const OperationId& operation, Open& open, const RegionId& region, const KeysSeen& seen
    );
    [[nodiscard]] std::optional<std::string> why_give_up(const Open& open, const std::string& table)
        const;

    LossLimits limits_;
    std::map<OperationId, Open> open_;
    std::map<std::uint64_t, Reading> readings_;
    std::map<std::uint64_t, Saving> savings_;
    std::map<Epoch, std::vector<Searched>> searches_;
    std::vector<Waiting> waiting_;
    std::uint64_t tickets_ = 0;
    std::optional<Instant> turned_at_;  // the last LossesDue
    bool ended_ = false;                // another controller decides
    // Of the step that runs.
    LossMoment moment_;
    std::vector<LossAction> actions_;
};

}  // namespace farshore::core
