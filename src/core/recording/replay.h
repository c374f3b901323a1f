#pragma once

#include <optional>

#include "core/recording/decided.h"
#include "core/recording/input.h"

namespace farshore::core {

// With which words a recording begins: those of a controller's start, or, where a recording is
// continued in another file, those with which a controller would start at that moment.
struct Opening {
    Now now{};
    AppCore::Start start;
    bool continues = false;

    // From when on a continued recording must lead to the recorded decisions: before, evidence has
    // to form again, and leases that were granted earlier have to run out. At once where it begins
    // with a controller.
    [[nodiscard]] Instant judged_from() const;
};

// An input of the core, and what came of it.
struct Recorded {
    Now now{};
    Input input;
    Decided decided;
};

// How a recording goes on in another file, without what no Start holds. Evidence that has formed is
// left out: it forms again (Opening::judged_from). `first`: as the controller started.
[[nodiscard]] Opening continued(const AppCore::Start& first, Now now, const AppCore& core);
// What a continued recording tells first: what else a controller hears only once.
[[nodiscard]] std::vector<Event> told_once(const AppCore& core);

// May be answered with a Reply, and withdrawn afterwards.
[[nodiscard]] bool is_request(const Event& event);

// A core that is told recorded inputs. A value; one owner.
class Replay {
  public:
    explicit Replay(const Opening& opening) : core_(opening.start, opening.now) {}

    [[nodiscard]] Decided tell(Now now, const Input& input);

    [[nodiscard]] const AppCore& core() const { return core_; }

    [[nodiscard]] const Conditions& conditions() const { return deciding_.conditions(); }

  private:
    [[nodiscard]] Effects take(Now now, const Event& event);
    [[nodiscard]] Effects take(Now now, const Resumed& resumed);
    [[nodiscard]] Effects take(Now now, const Stalled& stalled);
    [[nodiscard]] Effects take(Now now, const Withdrawn& withdrawn);
    [[nodiscard]] Effects take(Now now, const LeaseGranted& granted);

    AppCore core_;
    Deciding deciding_;
    std::optional<AppCore::Before> before_;  // the last request
    std::optional<std::string> another_lease_;
};

// Does a recording lead to the decisions that it holds? Tells its inputs to a core, one after the
// other, and remembers the first that differs.
class Comparison {
  public:
    explicit Comparison(const Opening& opening)
        : judged_from_(opening.judged_from()), whole_(!opening.continues), replay_(opening) {}

    struct Difference {
        Now now{};
        Decided recorded;
        Decided replayed;
    };

    // What the core decides by this input now.
    Decided tell(const Recorded& recorded);

    [[nodiscard]] const std::optional<Difference>& difference() const { return difference_; }

    [[nodiscard]] const AppCore& core() const { return replay_.core(); }

    // How many inputs were judged: those that a continued recording begins with are not.
    [[nodiscard]] std::uint64_t judged() const { return judged_; }

  private:
    Instant judged_from_;
    bool whole_;  // no operation runs that began before the recording did
    Replay replay_;
    Conditions recorded_;
    std::uint64_t judged_ = 0;
    std::optional<Difference> difference_;
};

}  // namespace farshore::core
