#include <set>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "wire/document_samples.h"
#include "wire/recorded_lines.h"
#include "wire/recording.h"
#include "wire/recording_fields.h"

namespace farshore::wire {
namespace {

using namespace std::chrono_literals;

// One with a value in each field of the alternative at `Index`.
template <class Variant, std::size_t Index>
Variant alternative() {
    return samples::document<std::variant_alternative_t<Index, Variant>>();
}

template <std::size_t... Index>
std::vector<core::Input> all_inputs(std::index_sequence<Index...>) {
    return {
        core::Input{alternative<core::Event, Index>()}...,
        core::Input{alternative<core::Input, 1>()},
        core::Input{alternative<core::Input, 2>()},
        core::Input{alternative<core::Input, 3>()},
        core::Input{alternative<core::Input, 4>()}
    };
}

const std::vector<core::Input> kInputs =
    all_inputs(std::make_index_sequence<std::variant_size_v<core::Event>>());

core::Recorded recorded(core::Input input) {
    return {
        .now = samples::document<core::Now>(),
        .input = std::move(input),
        .decided = samples::document<core::Decided>()
    };
}

// The lines of a file that holds these inputs, as they are written.
class Lines {
  public:
    std::string write(core::Input input, const core::Decided& decided = {}) {
        std::string line;
        writer_.write(line, now, std::move(input), decided);
        EXPECT_TRUE(line.ends_with('\n'));
        line.pop_back();
        EXPECT_FALSE(line.contains('\n')) << "a line is one line";
        return line;
    }

    // The input of the line that is written, read behind all others.
    core::Input both(core::Input input, const core::Decided& decided = {}) {
        const auto back = reader.read(write(std::move(input), decided));
        EXPECT_TRUE(back) << (back ? "" : back.error().text);
        EXPECT_EQ(back->now.at, now.at);
        EXPECT_EQ(back->now.wall, now.wall);
        return back->input;
    }

    core::Now now = samples::document<core::Now>();
    RecordedReader reader;

  private:
    RecordedWriter writer_;
};

std::string in_full(const core::Input& input) {
    return serialize(recorded(input));
}

TEST(RecordingLines, EachInputIsReadAsItWasWritten) {
    std::set<std::string_view> names;
    Lines lines;
    for (const core::Input& input : kInputs) {
        EXPECT_TRUE(names.insert(name_of(input)).second) << "two of one name: " << name_of(input);
        for (const core::Decided& decided : {samples::document<core::Decided>(), core::Decided{}}) {
            for (int i = 0; i < 2; ++i) {  // names are spelled the first time only
                const core::Input back = lines.both(input, decided);
                EXPECT_EQ(back.index(), input.index()) << name_of(input);
                EXPECT_EQ(in_full(back), in_full(input));
            }
        }
    }
}

TEST(RecordingLines, ValuesThatAreEmptyAreReadAsSuch) {
    Lines lines;
    const std::vector<core::Input> empty{
        core::Event{core::Observation{.observer = ObserverId{"c"}, .why = {}}},
        core::Event{
            core::AgentReported{.host = HostId{"h"}, .ledger_whole = false, .says_unknown = false}
        },
        core::Event{core::AgentReported{
            .host = HostId{"h"},
            .last_acknowledged_ago = Duration{},
            .newest_unknown_ago = Duration{},
            .oldest_unproven = Duration{1}
        }},
        core::Event{core::AgentsAcked{}},
        core::Event{
            core::AgentsAcked{{core::AgentAcked{.step = {}, .host = HostId{"h"}, .detail = "x"}}}
        },
    };
    for (const core::Input& input : empty) {
        EXPECT_EQ(in_full(lines.both(input)), in_full(input));
    }
}

TEST(RecordingLines, AnInputOfWhichThereAreManyIsPacked) {
    Lines lines;
    lines.now = {.at = Instant{1000ns}, .wall = utc_from_ms(7)};
    const core::Observation seen{
        .observer = ObserverId{"agents"},
        .source = HostId{"web-1"},
        .region = RegionId{"r"},
        .component = core::Component::dynamodb,
        .path = core::Path::fresh,
        .ok = 3,
        .why = {}
    };
    EXPECT_EQ(
        lines.write(core::Event{seen}),
        R"(["observation",1000,7,"agents","web-1","r","dynamodb","fresh",3])"
    );
    lines.now.at += 250us;
    EXPECT_EQ(lines.write(core::Event{seen}), "[1,250000,0,2,3,4,5,6,3]");
    lines.now.at += 1ms;
    lines.now.wall += 1ms;
    EXPECT_EQ(
        lines.write(core::LeaseGranted{.host = HostId{"web-1"}, .epoch = Epoch{2}, .length = 3s}),
        R"(["lease_granted",1000000,1,3,2,3000000000])"
    );
}

TEST(RecordingLines, BehindALineWithNamesTimeIsCountedFromThere) {
    Lines lines;
    (void)lines.both(core::Event{samples::document<core::HeartbeatArrived>()});
    lines.now.at -= 5ms;
    lines.now.wall += 1h;
    const core::Input input{samples::document<core::LeaseGranted>()};
    EXPECT_EQ(in_full(lines.both(input)), in_full(input));
}

TEST(RecordingLines, NamesBehindTheLastThatIsRememberedAreSpelledEachTime) {
    Lines lines;
    const auto granted = [](std::size_t host) {
        return core::LeaseGranted{
            .host = HostId{"h" + std::to_string(host)}, .epoch = Epoch{1}, .length = 1s
        };
    };
    for (std::size_t i = 0; i < kRecordedNamesMax + 10; ++i) {
        (void)lines.both(granted(i));
    }
    for (const std::size_t i : {std::size_t{0}, kRecordedNamesMax - 2, kRecordedNamesMax + 5}) {
        const core::Input input{granted(i)};
        EXPECT_EQ(in_full(lines.both(input)), in_full(input)) << i;
    }
    EXPECT_FALSE(lines.write(granted(0)).contains("h0"));
    EXPECT_TRUE(lines.write(granted(kRecordedNamesMax)).contains("\"h30000\""));
}

TEST(RecordingLines, APackedLineThatNoControllerWroteIsRefusedWithItsPlace) {
    const auto why = [](std::string_view line) {
        RecordedReader reader;
        const auto read = reader.read(line);
        return read ? std::string{"taken"} : read.error().text;
    };
    EXPECT_TRUE(why("[]").contains("neither an object nor a packed line"));
    EXPECT_TRUE(why("7").contains("neither an object nor a packed line"));
    EXPECT_TRUE(why(R"([1,1,1,"h",1,1])").contains("no input that this program knows"));
    EXPECT_TRUE(why(R"(["tick",1,1])").contains("no input that this program knows"));
    EXPECT_TRUE(why(R"(["lease_granted",1,1,9,1,1])").contains("lease_granted.host: not a string"));
    EXPECT_TRUE(why(R"(["lease_granted","x",1,"h",1,1])").contains("at_ns"));
    EXPECT_TRUE(why(R"(["lease_granted",1,1,"h"])").contains("lease_granted.length_ns: missing"));
    EXPECT_TRUE(why(R"(["agents_acked",1,1,[0,7]])").contains("agents_acked.acks[0]: not an object")
    );
    EXPECT_TRUE(why(R"(["agents_acked",1,1,7])").contains("agents_acked.acks: not"));
}

TEST(RecordingLines, MomentsAreKeptToTheNanosecond) {
    core::HeartbeatArrived beat = samples::document<core::HeartbeatArrived>();
    beat.written = Instant{Duration{1'234'567'890'123'456'789}};
    beat.lag = Duration{-7};
    Lines lines;
    const core::Input back = lines.both(core::Event{beat});
    const auto& read = std::get<core::HeartbeatArrived>(std::get<core::Event>(back));
    EXPECT_EQ(read.written, beat.written);
    EXPECT_EQ(read.lag, beat.lag);
}

TEST(RecordingLines, WhatAnObserverSeesOfItselfHasNoRegion) {
    core::Observation seen = samples::document<core::Observation>();
    seen.region = {};
    seen.component = core::Component::control;
    const core::Input back = Lines{}.both(core::Event{seen});
    EXPECT_EQ(std::get<core::Observation>(std::get<core::Event>(back)).region, RegionId{});
}

TEST(RecordingLines, TextThatIsNoUtf8SpoilsNoLine) {
    core::Observation seen = samples::document<core::Observation>();
    seen.why = "bad \xff byte";
    for (const core::Decided& decided : {samples::document<core::Decided>(), core::Decided{}}) {
        const core::Input back = Lines{}.both(core::Event{seen}, decided);
        EXPECT_EQ(std::get<core::Observation>(std::get<core::Event>(back)).why, "bad ? byte");
    }
}

TEST(RecordingLines, AHeadIsReadAsItWasWritten) {
    RecordingHead head = samples::document<RecordingHead>();
    head.configuration = {{"app", "shop"}};
    const std::string line = serialize(head);
    const auto back = parse_recording_head(line);
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(serialize(*back), line);
    EXPECT_EQ(back->configuration, head.configuration);
    ASSERT_TRUE(back->opening.start.record.operation);
}

TEST(RecordingLines, AHeadOfALaterFormIsRefused) {
    boost::json::object later = to_json(samples::document<RecordingHead>());
    later["farshore_recording"] = kRecordingVersion + 1;
    const auto read = parse_recording_head(boost::json::serialize(later));
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().text.contains("written by a newer farshored")) << read.error().text;
}

}  // namespace
}  // namespace farshore::wire
