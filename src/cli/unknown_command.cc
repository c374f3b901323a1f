#include "cli/unknown_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace farshore::cli {

namespace {

// Two letters are near to any other two letters.
constexpr std::size_t kGuessedLengthMin = 3;
constexpr int kGuessesMax = 2;

// Commands for people; those without a group are for our own processes.
std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands(nullptr)) {
        if (!command->get_group().empty()) {
            names.push_back(command->get_name());
        }
    }
    return names;
}

// Options of outer commands may stand behind inner ones.
bool takes_a_value(const CLI::App* app, const std::string& option) {
    for (; app != nullptr; app = app->get_parent()) {
        if (const CLI::Option* known = app->get_option_no_throw(option)) {
            return known->get_items_expected_min() > 0;
        }
    }
    return false;
}

// Words that are no option's are commands here, and nothing else.
bool takes_commands(const CLI::App& app) {
    return !app.get_subcommands(nullptr).empty() &&
           std::ranges::none_of(app.get_options(), &CLI::Option::get_positional);
}

std::string guesses(const std::string& word, const std::vector<std::string>& commands) {
    std::vector<std::string_view> left{commands.begin(), commands.end()};
    std::string text;
    for (int i = 0; i < kGuessesMax && word.size() >= kGuessedLengthMin; ++i) {
        const auto near = did_you_mean(word, left);
        if (!near) {
            break;
        }
        text += fmt::format("{}`{}`", text.empty() ? "did you mean " : " or ", *near);
        std::erase(left, *near);
    }
    return text.empty() ? text : text + "?";
}

Error unknown(const CLI::App& app, const std::string& word, const std::string& path) {
    const std::vector<std::string> commands = commands_of(app);
    Error error{.kind = ErrorKind::malformed, .text = fmt::format("unknown command `{}`", word)};
    error.remedy = guesses(word, commands);
    if (app.get_parent() != nullptr) {
        error.text += fmt::format(" of `{}`", path);
    }
    if (error.remedy.empty() && app.get_parent() == nullptr) {
        error.remedy = path + " --help";
    } else if (error.remedy.empty()) {
        error.remedy = fmt::format("one of {}", fmt::join(commands, ", "));
    }
    return error;
}

}  // namespace

std::optional<Error> unknown_command(const CLI::App& app, const std::vector<std::string>& words) {
    const CLI::App* at = &app;
    std::string path = app.get_name();
    for (std::size_t i = 0; i < words.size() && takes_commands(*at); ++i) {
        const std::string& word = words[i];
        if (word.starts_with('-')) {
            i += takes_a_value(at, word) ? 1U : 0U;
            continue;
        }
        const auto named =
            at->get_subcommands([&](const CLI::App* command) { return command->check_name(word); });
        if (named.empty()) {
            return unknown(*at, word, path);
        }
        at = named.front();
        path += " " + word;
    }
    return std::nullopt;
}

}  // namespace farshore::cli
