#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "lab/faults/fault_spec.h"
#include "lab/faults/fault_words.h"

namespace farshore::lab {

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
            return fail(
                ErrorKind::malformed, "\"" + std::string{name} + "\" is not a whole number"
            );
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

    const std::array<Time, 3> times{
        {{"for_ms", &spec.lasts}, {"after_ms", &spec.after}, {"within_ms", &spec.within}}
    };
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
    if (document.get_object().contains("seed")) {
        const auto seed = fields.whole("seed", 0);
        if (!seed) {
            return std::unexpected(seed.error());
        }
        if (*kind != FaultKind::random) {
            return fail(ErrorKind::malformed, "\"seed\" belongs to faults of kind random only");
        }
        spec.seed = static_cast<std::uint64_t>(*seed);
    }
    if (const Status times = read_times(spec, fields); !times) {
        return std::unexpected(times.error());
    }
    if (const Status fits = check(world, spec); !fits) {
        return std::unexpected(fits.error());
    }
    return spec;
}

boost::json::object to_json(const FaultSpec& spec) {
    boost::json::object object;
    object["kind"] = to_string(spec.kind);
    if (spec.kind != FaultKind::random) {
        object["region"] = spec.region.value();
    } else {
        if (spec.seed) {
            object["seed"] = *spec.seed;
        }
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

}  // namespace farshore::lab
