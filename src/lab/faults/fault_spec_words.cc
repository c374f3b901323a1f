#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include "base/text.h"
#include "lab/faults/fault_spec.h"
#include "lab/faults/fault_words.h"

namespace farshore::lab {

namespace {

Status read_duration(Duration& into, std::string_view option, std::string_view value) {
    const auto duration = duration_from(value);
    if (!duration) {
        return fail(
            ErrorKind::malformed,
            std::string{option} + " \"" + std::string{value} + "\" is not a duration",
            "write a number and a unit: 30s, 5m"
        );
    }
    into = *duration;
    return {};
}

Status read_seed(FaultSpec& spec, std::string_view value) {
    const char* end = value.data() + value.size();
    // JSON's whole numbers end there.
    constexpr std::uint64_t kSeedMax = std::numeric_limits<std::int64_t>::max();
    std::uint64_t seed = 0;
    const auto [stop, error] = std::from_chars(value.data(), end, seed);
    if (error != std::errc{} || stop != end || seed > kSeedMax) {
        return fail(
            ErrorKind::malformed, "--seed \"" + std::string{value} + "\" is not a whole number"
        );
    }
    spec.seed = seed;
    return {};
}

constexpr std::array<std::string_view, 7> kOptions{
    "--mode", "--one-way", "--pause", "--seed", "--within", "--for", "--after"
};

bool allowed(FaultKind kind, std::string_view option) {
    switch (kind) {
        case FaultKind::dynamodb:
            return option == "--mode" || option == "--for" || option == "--after";
        case FaultKind::partition:
            return option == "--one-way" || option == "--for" || option == "--after";
        case FaultKind::replication:
            return option == "--pause" || option == "--for" || option == "--after";
        case FaultKind::region:
        case FaultKind::hosts: return option == "--for" || option == "--after";
        case FaultKind::random:
            return option == "--seed" || option == "--within" || option == "--for" ||
                   option == "--after";
    }
    std::unreachable();
}

std::size_t places_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::partition: return 2;
        case FaultKind::dynamodb:
        case FaultKind::replication:
        case FaultKind::region:
        case FaultKind::hosts: return 1;
        case FaultKind::random: return 0;
    }
    std::unreachable();
}

Status read_option(FaultSpec& spec, std::string_view option, std::string_view value) {
    if (option == "--mode") {
        return read_mode(spec, value);
    }
    if (option == "--seed") {
        return read_seed(spec, value);
    }
    if (option == "--within") {
        return read_duration(spec.within, option, value);
    }
    if (option == "--for") {
        return read_duration(spec.lasts, option, value);
    }
    return read_duration(spec.after, option, value);
}

// One option of the fault; `i` moves on when its value is a word of its own.
Status take_option(FaultSpec& spec, std::span<const std::string> words, std::size_t& i) {
    const auto equals = words[i].find('=');
    const std::string option = words[i].substr(0, equals);
    if (std::ranges::find(kOptions, option) == kOptions.end()) {
        return unknown_word("option", option, kOptions);
    }
    if (!allowed(spec.kind, option)) {
        return fail(
            ErrorKind::malformed, option + " does not belong to a fault of kind " + words[0]
        );
    }
    if (option == "--one-way" || option == "--pause") {
        spec.one_way = spec.one_way || option == "--one-way";
        return {};
    }
    if (equals == std::string::npos && i + 1 == words.size()) {
        return fail(ErrorKind::malformed, option + " needs a value");
    }
    const std::string value =
        equals == std::string::npos ? words[++i] : words[i].substr(equals + 1);
    return read_option(spec, option, value);
}

// All that is wrong with the words, as one error.
struct Wrong {
    std::optional<Error> all;

    void add(const Status& status) {
        if (status) {
            return;
        }
        if (!all) {
            all = status.error();
            return;
        }
        all->text += "; " + status.error().text;
        all->remedy += (all->remedy.empty() ? "" : "; ") + status.error().remedy;
    }
};

}  // namespace

Result<FaultSpec> fault_spec_from_words(const World& world, std::span<const std::string> words) {
    if (words.empty()) {
        return fail(
            ErrorKind::malformed, "a fault needs a kind", "one of: " + join(kFaultKindNames)
        );
    }
    const auto kind = enum_from<FaultKind>(words[0]);
    if (!kind) {
        return unknown_word("fault", words[0], kFaultKindNames);
    }
    FaultSpec spec{.kind = *kind};
    std::vector<std::string> named;
    bool mode_given = false;
    Wrong wrong;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!words[i].starts_with("--")) {
            named.push_back(words[i]);
            continue;
        }
        mode_given = mode_given || words[i].starts_with("--mode");
        wrong.add(take_option(spec, words, i));
    }
    // Behind an unknown option, its value looks like a place.
    if (!wrong.all && named.size() != places_of(*kind)) {
        wrong.add(fail(
            ErrorKind::malformed,
            words[0] + " takes " + std::to_string(places_of(*kind)) + " Region(s), not " +
                std::to_string(named.size()),
            "Regions of this world: " + join(region_words(world))
        ));
    }
    if (*kind == FaultKind::dynamodb && !mode_given) {
        wrong.add(fail(ErrorKind::malformed, "dynamodb needs --mode", "one of: " + join(kModeWords))
        );
    }
    if (wrong.all) {
        return std::unexpected(std::move(*wrong.all));
    }
    spec.region = named.empty() ? RegionId{} : RegionId{named[0]};
    spec.other = named.size() < 2 ? RegionId{} : RegionId{named[1]};
    if (const Status fits = check(world, spec); !fits) {
        return std::unexpected(fits.error());
    }
    return spec;
}

}  // namespace farshore::lab
