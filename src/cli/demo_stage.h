#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "ports/clock.h"

#include "drill/report.h"

namespace farshore::cli {

// Where a story is told: lines as things happen, and on a terminal a live clock below them. Keeps
// the lines as marks of the report.
class Stage {
  public:
    explicit Stage(const ports::Clock& clock);
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    // Times are shown relative to this moment from now on.
    void set_origin(UtcTime origin) { origin_ = origin; }

    [[nodiscard]] std::optional<UtcTime> origin() const { return origin_; }

    void say(std::string_view what, std::string text);  // now
    void say_at(UtcTime at, std::string_view what, std::string text);

    // What is said until release() is printed by then, in the order in which it happened.
    void hold() { holding_ = true; }

    void release();
    void headline(std::string_view text);  // not a mark
    // What the live line says beside the clock; nothing happens where there is no terminal.
    void live(std::string text);
    void clear_live();

    [[nodiscard]] const std::vector<drill::Mark>& marks() const { return marks_; }

  private:
    [[nodiscard]] std::string when(UtcTime at) const;
    void print(const std::string& line);
    void print(const drill::Mark& mark);

    const ports::Clock& clock_;
    bool terminal_ = false;
    bool live_shown_ = false;
    bool holding_ = false;
    std::size_t printed_ = 0;  // so many marks
    std::optional<UtcTime> origin_;
    std::vector<drill::Mark> marks_;
};

// Ctrl-C and SIGTERM end a story in order: nothing of it keeps running. A second one ends at once.
class Interrupts {
  public:
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    [[nodiscard]] static bool asked();
};

}  // namespace farshore::cli
