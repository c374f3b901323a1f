#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <boost/json.hpp>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/verb.h"
#include "wire/document_forms.h"

// What the command asks the API for.
namespace farshore::wire {

struct JsonObject {
    template <std::same_as<boost::json::object>>
    [[nodiscard]] boost::json::object read(ObjectReader& in, std::string_view name, Field need)
        const {
        const boost::json::object* object = in.object(name, need);
        return object == nullptr ? boost::json::object{} : *object;
    }

    [[nodiscard]] boost::json::value write(const boost::json::object& object) const {
        return object;
    }
};

// Some of the levers, by their words.
struct LeverList : List<Word> {
    template <std::same_as<std::vector<core::Lever>> Levers>
    [[nodiscard]] Levers read(ObjectReader& in, std::string_view name, Field need) const {
        JsonTrouble trouble;
        ObjectReader aside(in.whole(), "", trouble);
        Levers levers = List<Word>::read<Levers>(aside, name, need);
        if (trouble.any()) {
            in.wrong(name, "not a list of repoint and shift");
        }
        return levers;
    }
};

// A name that a command gives to its request: one that is repeated begins nothing twice. 8 to 64 of
// a-z, 0-9 and -.
[[nodiscard]] bool is_request_id(std::string_view id);

// For a switchover, a failover or a failback; `verb` is said where a plan is asked for.
struct ChangeBody {
    std::string verb;
    std::optional<RegionId> to;
    std::string request_id;  // empty: it has none
    std::string reason;
    std::string confirm;                  // the app's name
    std::optional<Duration> accept_loss;  // up to so much
    std::vector<core::Lever> levers;      // empty: those that fit
    bool accept_unfenced = false;
    bool accept_unknown = false;
    // What the operator looked at.
    std::optional<RegionId> expect_active;
    std::optional<Epoch> expect_epoch;
    std::string expect_plan;  // its fingerprint

    friend bool operator==(const ChangeBody&, const ChangeBody&) = default;
};

template <>
inline constexpr auto kFields<ChangeBody> = std::tuple{
    sparse("verb", &ChangeBody::verb, Text{64}),
    sparse("request_id", &ChangeBody::request_id, Text{64}),
    sparse("to", &ChangeBody::to, Id{}),
    sparse("reason", &ChangeBody::reason, Text{1'024}),
    sparse(
        "accept_loss_ms",
        &ChangeBody::accept_loss,
        Ms{.min = 0, .max = std::numeric_limits<std::int32_t>::max()}
    ),
    sparse("levers", &ChangeBody::levers, LeverList{{core::kLeverNames.size(), Word{}}}),
    sparse("accept_unfenced", &ChangeBody::accept_unfenced, Flag{}),
    sparse("accept_unknown", &ChangeBody::accept_unknown, Flag{}),
    sparse("expect_active", &ChangeBody::expect_active, Id{}),
    sparse("expect_epoch", &ChangeBody::expect_epoch, EpochNumber{}),
    sparse("expect_plan", &ChangeBody::expect_plan, Text{64}),
    sparse("confirm", &ChangeBody::confirm, Text{1'024})
};

struct PauseBody {
    Duration length{};
    std::string reason;

    friend bool operator==(const PauseBody&, const PauseBody&) = default;
};

// A pause that is forgotten must end.
template <>
inline constexpr auto kFields<PauseBody> = std::tuple{
    required("for_ms", &PauseBody::length, Ms{.min = 1, .max = 30LL * 24 * 3'600 * 1'000}),
    sparse("reason", &PauseBody::reason, Text{1'024})
};

// To a step that asks, and of requests that name nothing but a reason.
struct AnswerBody {
    std::string step;  // its id; empty: the one that asks
    std::string reason;

    friend bool operator==(const AnswerBody&, const AnswerBody&) = default;
};

template <>
inline constexpr auto kFields<AnswerBody> = std::tuple{
    sparse("step", &AnswerBody::step, Text{256}), sparse("reason", &AnswerBody::reason, Text{1'024})
};

// An operator decides what became of writes: of one key, or of all without a fate.
struct SettleRequest {
    std::string fate;
    std::string reason;
    std::string confirm;  // the operation's id
    bool all_open = false;
    std::optional<boost::json::object> key;  // its attribute map
    std::optional<std::string> table;

    friend bool operator==(const SettleRequest&, const SettleRequest&) = default;
};

template <>
inline constexpr auto kFields<SettleRequest> = std::tuple{
    required("fate", &SettleRequest::fate, Text{64}),
    required("reason", &SettleRequest::reason, Text{1'024}),
    required("confirm", &SettleRequest::confirm, Text{1'024}),
    sparse("all_open", &SettleRequest::all_open, Flag{}),
    sparse("key", &SettleRequest::key, JsonObject{}),
    sparse("table", &SettleRequest::table, Text{255})
};

struct JoinTokenRequest {
    std::string name;
    std::string hosts = "*";  // pattern of their names
    std::uint64_t uses = 1;
    Duration valid_for = std::chrono::hours{1};
    RegionId region;  // empty: any

    friend bool operator==(const JoinTokenRequest&, const JoinTokenRequest&) = default;
};

template <>
inline constexpr auto kFields<JoinTokenRequest> = std::tuple{
    required("name", &JoinTokenRequest::name, Text{128}),
    optional("hosts", &JoinTokenRequest::hosts, Otherwise{Text{256}, "*"}),
    optional("uses", &JoinTokenRequest::uses, Otherwise{Count{10'000}, 1U}),
    optional(
        "for_ms",
        &JoinTokenRequest::valid_for,
        Otherwise{Ms{.min = 1, .max = 30LL * 24 * 3'600 * 1'000}, std::chrono::hours{1}}
    ),
    sparse("region", &JoinTokenRequest::region, Id{})
};

}  // namespace farshore::wire
