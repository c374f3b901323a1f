#include "lab/faults/fault_spec.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/rng.h"
#include "base/text.h"

namespace farshore::lab {

namespace {

constexpr Duration kLatencyMax = std::chrono::minutes{1};
constexpr Duration kAfterMax = std::chrono::hours{1};
constexpr int kRandomErrorsPercent = 60;

std::string join(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) {
        text += (text.empty() ? "" : ", ") + std::string{word};
    }
    return text;
}

std::unexpected<Error> unknown_word(
    std::string_view what, std::string_view word, std::span<const std::string_view> candidates
) {
    const auto near = did_you_mean(word, candidates);
    std::string remedy = near ? "did you mean \"" + std::string{*near} + "\"?"
                              : "one of: " + join(candidates);
    return fail(
        ErrorKind::malformed, "unknown " + std::string{what} + " \"" + std::string{word} + "\"",
        std::move(remedy)
    );
}

std::string underscored(std::string_view word) {
    std::string text{word};
    std::ranges::replace(text, '-', '_');
    return text;
}

std::string hyphenated(std::string_view word) {
    std::string text{word};
    std::ranges::replace(text, '_', '-');
    return text;
}

constexpr std::array<std::string_view, 8> kModeWords{
    "empty-dns", "refused", "timeout", "reset", "errors", "throttle", "latency", "read-only"
};

// "errors=30%", "latency=800ms", "empty-dns", "blackhole".
Status read_mode(FaultSpec& spec, std::string_view text) {
    const auto equals = text.find('=');
    const std::string word = underscored(text.substr(0, equals));
    const auto mode = word == "blackhole" ? DynamoMode::timeout : enum_from<DynamoMode>(word);
    if (!mode) {
        return unknown_word("mode", text.substr(0, equals), kModeWords);
    }
    spec.mode = *mode;
    const bool has_value = equals != std::string_view::npos;
    std::string_view value = has_value ? text.substr(equals + 1) : std::string_view{};
    if (spec.mode == DynamoMode::errors) {
        if (value.ends_with('%')) {
            value.remove_suffix(1);
        }
        const char* end = value.data() + value.size();
        const auto [stop, error] = std::from_chars(value.data(), end, spec.percent);
        if (error != std::errc{} || stop != end || spec.percent < 1 || spec.percent > 100) {
            return fail(
                ErrorKind::malformed, "mode errors needs a share from 1% to 100%",
                "write it as errors=30%"
            );
        }
        return {};
    }
    if (spec.mode == DynamoMode::latency) {
        const auto latency = duration_from(value);
        if (!latency || *latency <= Duration{} || *latency > kLatencyMax) {
            return fail(
                ErrorKind::malformed, "mode latency needs a duration up to 1m",
                "write it as latency=800ms"
            );
        }
        spec.latency = *latency;
        return {};
    }
    if (has_value) {
        return fail(
            ErrorKind::malformed, "mode " + hyphenated(to_string(spec.mode)) + " takes no value",
            "leave \"=" + std::string{value} + "\" out"
        );
    }
    return {};
}

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
    const auto [stop, error] = std::from_chars(value.data(), end, spec.seed);
    if (error != std::errc{} || stop != end) {
        return fail(
            ErrorKind::malformed, "--seed \"" + std::string{value} + "\" is not a whole number"
        );
    }
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
        case FaultKind::hosts:
            return option == "--for" || option == "--after";
        case FaultKind::random:
            return option == "--seed" || option == "--within" || option == "--for" ||
                   option == "--after";
    }
    std::unreachable();
}

std::size_t places_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::partition:
            return 2;
        case FaultKind::dynamodb:
        case FaultKind::replication:
        case FaultKind::region:
        case FaultKind::hosts:
            return 1;
        case FaultKind::random:
            return 0;
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

std::vector<std::string_view> places(const World& world) {
    std::vector<std::string_view> words;
    for (const RegionId& region : world.regions) {
        words.push_back(region.value());
    }
    return words;
}

bool is_place(const World& world, const RegionId& place) {
    return world.has(place) || place == world.witness || place == kInternet;
}

Status check_times(const FaultSpec& spec) {
    if (spec.lasts <= Duration{} || spec.lasts > kFaultLastsMax) {
        return fail(
            ErrorKind::malformed, "a fault lasts more than nothing and at most 24h",
            "give --for a duration such as 2m"
        );
    }
    if (spec.after < Duration{} || spec.after > kAfterMax || spec.within < Duration{} ||
        spec.within > kAfterMax) {
        return fail(ErrorKind::malformed, "a fault starts at most 1h after it was set");
    }
    return {};
}

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
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!words[i].starts_with("--")) {
            named.push_back(words[i]);
            continue;
        }
        const auto equals = words[i].find('=');
        const std::string option = words[i].substr(0, equals);
        if (std::ranges::find(kOptions, option) == kOptions.end()) {
            return unknown_word("option", option, kOptions);
        }
        if (!allowed(*kind, option)) {
            return fail(ErrorKind::malformed, option + " does not belong to a fault of kind " + words[0]);
        }
        if (option == "--one-way" || option == "--pause") {
            spec.one_way = spec.one_way || option == "--one-way";
            continue;
        }
        if (equals == std::string::npos && i + 1 == words.size()) {
            return fail(ErrorKind::malformed, option + " needs a value");
        }
        const std::string value = equals == std::string::npos ? words[++i] : words[i].substr(equals + 1);
        if (const Status read = read_option(spec, option, value); !read) {
            return std::unexpected(read.error());
        }
        mode_given = mode_given || option == "--mode";
    }
    if (named.size() != places_of(*kind)) {
        return fail(
            ErrorKind::malformed,
            words[0] + " takes " + std::to_string(places_of(*kind)) + " Region(s), not " +
                std::to_string(named.size()),
            "Regions of this world: " + join(places(world))
        );
    }
    if (*kind == FaultKind::dynamodb && !mode_given) {
        return fail(ErrorKind::malformed, "dynamodb needs --mode", "one of: " + join(kModeWords));
    }
    spec.region = named.empty() ? RegionId{} : RegionId{named[0]};
    spec.other = named.size() < 2 ? RegionId{} : RegionId{named[1]};
    if (const Status fits = check(world, spec); !fits) {
        return std::unexpected(fits.error());
    }
    return spec;
}

namespace {

// Checked member access with the member's name in the error.
class Fields {
  public:
    explicit Fields(const boost::json::object& object) : object_(object) {}

    [[nodiscard]] Result<std::string> text(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        if (value == nullptr) {
            return std::string{};
        }
        if (!value->is_string()) {
            return fail(ErrorKind::malformed, "\"" + std::string{name} + "\" is not a string");
        }
        return std::string{value->get_string()};
    }

    [[nodiscard]] Result<std::int64_t> whole(std::string_view name, std::int64_t absent) const {
        const auto* value = object_.if_contains(name);
        if (value == nullptr) {
            return absent;
        }
        boost::system::error_code error;
        const auto number = value->to_number<std::int64_t>(error);
        if (error || !(value->is_int64() || value->is_uint64()) || number < 0) {
            return fail(ErrorKind::malformed, "\"" + std::string{name} + "\" is not a whole number");
        }
        return number;
    }

    [[nodiscard]] Status known(std::span<const std::string_view> names) const {
        for (const auto& member : object_) {
            const std::string_view name{member.key()};
            if (std::ranges::find(names, name) == names.end()) {
                return unknown_word("field", name, names);
            }
        }
        return {};
    }

  private:
    const boost::json::object& object_;
};

constexpr std::array<std::string_view, 9> kFields{
    "kind", "region", "other", "one_way", "mode", "seed", "within_ms", "after_ms", "for_ms"
};

Status read_times(FaultSpec& spec, const Fields& fields) {
    constexpr std::int64_t kMsMax = 366LL * 24 * 3600 * 1000;
    struct Time {
        std::string_view name;
        Duration* into;
    };
    const std::array<Time, 3> times{{
        {"for_ms", &spec.lasts}, {"after_ms", &spec.after}, {"within_ms", &spec.within}
    }};
    for (const Time& time : times) {
        const auto ms = fields.whole(time.name, to_ms(*time.into));
        if (!ms) {
            return std::unexpected(ms.error());
        }
        *time.into = std::chrono::milliseconds{std::min(*ms, kMsMax)};
    }
    return {};
}

}  // namespace

Result<FaultSpec> fault_spec_from_json(const World& world, const boost::json::value& document) {
    if (!document.is_object()) {
        return fail(ErrorKind::malformed, "a fault is a JSON object");
    }
    const Fields fields{document.get_object()};
    if (const Status known = fields.known(kFields); !known) {
        return std::unexpected(known.error());
    }
    std::array<std::string, 4> texts;
    constexpr std::array<std::string_view, 4> kTexts{"kind", "region", "other", "mode"};
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
        auto text = fields.text(kTexts[i]);
        if (!text) {
            return std::unexpected(text.error());
        }
        texts[i] = std::move(*text);
    }
    const auto kind = enum_from<FaultKind>(texts[0]);
    if (!kind) {
        return unknown_word("fault", texts[0], kFaultKindNames);
    }
    FaultSpec spec{.kind = *kind, .region = RegionId{texts[1]}, .other = RegionId{texts[2]}};
    if (const auto* one_way = document.get_object().if_contains("one_way")) {
        if (!one_way->is_bool()) {
            return fail(ErrorKind::malformed, "\"one_way\" is not true or false");
        }
        spec.one_way = one_way->get_bool();
    }
    if (*kind == FaultKind::dynamodb) {
        if (const Status mode = read_mode(spec, texts[3]); !mode) {
            return std::unexpected(mode.error());
        }
    } else if (!texts[3].empty()) {
        return fail(ErrorKind::malformed, "\"mode\" belongs to faults of kind dynamodb only");
    }
    const auto seed = fields.whole("seed", 0);
    if (!seed) {
        return std::unexpected(seed.error());
    }
    spec.seed = static_cast<std::uint64_t>(*seed);
    if (const Status times = read_times(spec, fields); !times) {
        return std::unexpected(times.error());
    }
    if (const Status fits = check(world, spec); !fits) {
        return std::unexpected(fits.error());
    }
    return spec;
}

namespace {

std::string mode_text(const FaultSpec& spec) {
    std::string text = hyphenated(to_string(spec.mode));
    if (spec.mode == DynamoMode::errors) {
        text += "=" + std::to_string(spec.percent) + "%";
    } else if (spec.mode == DynamoMode::latency) {
        text += "=" + std::to_string(to_ms(spec.latency)) + "ms";
    }
    return text;
}

}  // namespace

boost::json::object to_json(const FaultSpec& spec) {
    boost::json::object object;
    object["kind"] = to_string(spec.kind);
    if (spec.kind != FaultKind::random) {
        object["region"] = spec.region.value();
    } else {
        object["seed"] = spec.seed;
        object["within_ms"] = to_ms(spec.within);
    }
    if (spec.kind == FaultKind::partition) {
        object["other"] = spec.other.value();
        object["one_way"] = spec.one_way;
    }
    if (spec.kind == FaultKind::dynamodb) {
        object["mode"] = mode_text(spec);
    }
    object["after_ms"] = to_ms(spec.after);
    object["for_ms"] = to_ms(spec.lasts);
    return object;
}

std::string to_text(const FaultSpec& spec) {
    std::string text{to_string(spec.kind)};
    switch (spec.kind) {
        case FaultKind::dynamodb:
            return text + " " + spec.region.value() + " --mode " + mode_text(spec);
        case FaultKind::partition:
            return text + " " + spec.region.value() + " " + spec.other.value() +
                   (spec.one_way ? " --one-way" : "");
        case FaultKind::replication:
            return text + " " + spec.region.value() + " --pause";
        case FaultKind::region:
        case FaultKind::hosts:
            return text + " " + spec.region.value();
        case FaultKind::random:
            return text + " --seed " + std::to_string(spec.seed);
    }
    std::unreachable();
}

FaultSpec resolve_random(const World& world, FaultSpec spec) {
    if (spec.kind != FaultKind::random || world.regions.empty()) {
        return spec;
    }
    Rng rng{spec.seed};
    FaultSpec drawn{.lasts = spec.lasts};
    drawn.region = world.regions[rng.below(world.regions.size())];
    drawn.kind = static_cast<FaultKind>(rng.below(kFaultKindNames.size() - 1));  // random is the last
    if (drawn.kind == FaultKind::partition) {
        // With a single Region, the rest of the world is the internet.
        drawn.other = kInternet;
        if (world.regions.size() > 1) {
            const auto at = std::ranges::find(world.regions, drawn.region) - world.regions.begin();
            const std::size_t step = 1 + rng.below(world.regions.size() - 1);
            drawn.other =
                world.regions[(static_cast<std::size_t>(at) + step) % world.regions.size()];
        }
        drawn.one_way = rng.chance(1, 4);
    }
    if (drawn.kind == FaultKind::dynamodb) {
        drawn.mode = static_cast<DynamoMode>(rng.below(kDynamoModeNames.size()));
        drawn.percent = drawn.mode == DynamoMode::errors ? kRandomErrorsPercent : 0;
        drawn.latency =
            drawn.mode == DynamoMode::latency ? Duration{std::chrono::milliseconds{800}} : Duration{};
    }
    const auto within = static_cast<std::uint64_t>(to_ms(spec.within));
    drawn.after = spec.after + std::chrono::milliseconds{rng.below(within + 1)};
    return drawn;
}

Status check(const World& world, const FaultSpec& spec) {
    if (const Status times = check_times(spec); !times) {
        return times;
    }
    if (spec.kind == FaultKind::random) {
        return {};
    }
    const auto regions = places(world);
    if (spec.kind != FaultKind::partition) {
        if (world.has(spec.region)) {
            return {};
        }
        return unknown_word("Region", spec.region.value(), regions);
    }
    for (const RegionId& place : {spec.region, spec.other}) {
        if (!is_place(world, place)) {
            auto words = regions;
            words.push_back(kInternet.value());
            return unknown_word("Region", place.value(), words);
        }
    }
    if (spec.region == spec.other) {
        return fail(
            ErrorKind::malformed, "a partition needs two different places",
            "a Region cannot be cut from itself"
        );
    }
    return {};
}

}  // namespace farshore::lab
