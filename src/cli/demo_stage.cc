#include "cli/demo_stage.h"

#include <csignal>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/output.h"

namespace farshore::cli {

namespace {

volatile std::sig_atomic_t g_asked = 0;  // NOLINT: a signal handler has nothing else to write to

void note_signal(int /*signal*/) {
    g_asked = 1;
}

}  // namespace

Stage::Stage(const ports::Clock& clock) : clock_(clock), terminal_(stdout_is_terminal()) {}

Stage::~Stage() {
    clear_live();
}

std::string Stage::when(UtcTime at) const {
    if (!origin_) {
        return clock_text(to_ms(at));
    }
    return fmt::format(
        "{} {:>+7.2f}s",
        clock_text(to_ms(at)),
        static_cast<double>((at - *origin_).count()) / 1000.0
    );
}

void Stage::print(const std::string& line) {
    clear_live();
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

void Stage::say(std::string_view what, std::string text) {
    say_at(clock_.wall(), what, std::move(text));
}

void Stage::say_at(UtcTime at, std::string_view what, std::string text) {
    marks_.push_back({.at = at, .what = std::string{what}, .text = std::move(text)});
    if (!holding_) {
        release();
    }
}

void Stage::print(const drill::Mark& mark) {
    const std::string head = fmt::format("{}  {:<10} ", when(mark.at), mark.what);
    print(folded_for_people(head + mark.text, head.size()));
}

void Stage::release() {
    holding_ = false;
    std::multimap<UtcTime, const drill::Mark*> news;  // equal times stay in the order they came
    for (; printed_ < marks_.size(); ++printed_) {
        news.emplace(marks_[printed_].at, &marks_[printed_]);
    }
    for (const auto& [at, mark] : news) {
        print(*mark);
    }
}

void Stage::headline(std::string_view text) {
    print(bold(folded_for_people(text, 0)));
}

void Stage::live(std::string text) {
    if (!terminal_) {
        return;
    }
    // A line that wraps cannot be erased.
    const std::string line =
        fmt::format("{}  {}", when(clock_.wall()), text).substr(0, line_width().value_or(80) - 1);
    fmt::print("\r\x1b[K{}", colours_wanted() ? fmt::format("\x1b[2m{}\x1b[0m", line) : line);
    std::fflush(stdout);
    live_shown_ = true;
}

void Stage::clear_live() {
    if (live_shown_) {
        fmt::print("\r\x1b[K");
        live_shown_ = false;
    }
}

Interrupts::Interrupts() {
    struct sigaction action{};
    action.sa_handler = note_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

Interrupts::~Interrupts() {
    (void)std::signal(SIGINT, SIG_DFL);
    (void)std::signal(SIGTERM, SIG_DFL);
}

bool Interrupts::asked() {
    return g_asked != 0;
}

}  // namespace farshore::cli
