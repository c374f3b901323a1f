#include <filesystem>
#include <fstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "adapters/recording/recorder.h"
#include "adapters/recording/recording_files.h"
#include "core/recording/other_policy.h"
#include "wire/recorded_lines.h"
#include "wire/recording.h"

#include "recording/taped_story.h"

namespace farshore::recording {
namespace {

using namespace core::testing;
namespace fs = std::filesystem;

// A recorder with files in a directory of its own.
class RecordingTest : public TapedStory {
  protected:
    RecordingTest() {
        std::string pattern = testing::TempDir() + "recording-XXXXXX";
        directory = ::mkdtemp(pattern.data());
        store = directory + "/farshore.db";
    }

    ~RecordingTest() override { fs::remove_all(directory); }

    [[nodiscard]] Recorder::Options options() const {
        return {
            .store_path = store,
            .program = "1.2.3",
            .configuration = {{"app", "shop"}},
            .limits = {.bytes_max = 16U << 20U, .keep_for = 24h, .room_left_bytes = 0}
        };
    }

    // What the core of the story is told goes to the recorder, too.
    void tape_to(Recorder& recorder) {
        taped = [&recorder, keep = taped](
                    core::Now now,
                    const core::AppCore& core,
                    const core::Event& event,
                    const core::Effects& effects
                ) {
            if (keep) {
                keep(now, core, event, effects);
            }
            recorder.take(now, core, event, effects);
        };
    }

    struct Read {
        Found found;
        std::optional<wire::RecordingHead> head;
        std::vector<core::Recorded> inputs;
    };

    [[nodiscard]] static Read read(const std::string& path) {
        Read read;
        wire::RecordedReader lines;
        const auto found = read_lines(path, [&](std::string_view line) -> Status {
            if (!read.head) {
                auto head = wire::parse_recording_head(line);
                if (!head) {
                    return std::unexpected(head.error());
                }
                read.head = std::move(*head);
                return {};
            }
            auto recorded = lines.read(line);
            if (!recorded) {
                return std::unexpected(recorded.error());
            }
            read.inputs.push_back(std::move(*recorded));
            return {};
        });
        EXPECT_TRUE(found) << (found ? "" : found.error().text);
        read.found = found.value_or(Found{});
        return read;
    }

    [[nodiscard]] core::Comparison compared(const Read& part) const {
        core::Opening begun = part.head->opening;
        core::apply({.policy = policy()}, begun.start);
        core::Comparison comparison(std::move(begun));
        for (const core::Recorded& input : part.inputs) {
            (void)comparison.tell(input);
        }
        return comparison;
    }

    // A failover, recorded whole.
    void record_a_failover() {
        core::AppCore core = start(start_of(policy()));
        Recorder recorder(options(), opening);
        tape_to(recorder);
        fail_over(core);
    }

    [[nodiscard]] std::string only_file() const {
        const std::vector<std::string> files = files_beside(store);
        EXPECT_EQ(files.size(), 1U);
        return files.empty() ? std::string{} : files.front();
    }

    // Its lines as they are, without the packing.
    static std::vector<std::string> lines_of(const std::string& path) {
        std::vector<std::string> lines;
        (void)read_lines(path, [&](std::string_view line) -> Status {
            lines.emplace_back(line);
            return {};
        });
        return lines;
    }

    [[nodiscard]] std::string plain_file(const std::vector<std::string>& lines) const {
        const std::string path = directory + "/plain.jsonl";
        std::ofstream out(path);
        for (const std::string& line : lines) {
            out << line << "\n";
        }
        return path;
    }

    std::string directory;
    std::string store;
};

TEST_F(RecordingTest, WhatWasTakenIsReadAgainAndLeadsToTheSameDecisions) {
    record_a_failover();
    const Read back = read(only_file());
    EXPECT_EQ(back.found.end, End::whole);
    EXPECT_EQ(back.head->program, "1.2.3");
    EXPECT_EQ(back.head->configuration, (boost::json::object{{"app", "shop"}}));
    ASSERT_EQ(back.inputs.size(), tape.size());
    for (std::size_t i = 0; i < tape.size(); ++i) {
        ASSERT_EQ(wire::serialize(back.inputs[i]), wire::serialize(tape[i])) << i;
    }
    const core::Comparison comparison = compared(back);
    EXPECT_FALSE(comparison.difference());
    EXPECT_EQ(comparison.core().record().active, kWest);
}

TEST_F(RecordingTest, OnlyItsOwnerMayReadIt) {
    record_a_failover();
    EXPECT_EQ(
        fs::status(only_file()).permissions(), fs::perms::owner_read | fs::perms::owner_write
    );
}

TEST_F(RecordingTest, OfAFileThatWasCutTheWholeLinesAreUsed) {
    record_a_failover();
    const std::string file = only_file();
    const std::size_t all = read(file).inputs.size();
    fs::resize_file(file, fs::file_size(file) / 2);
    const Read cut = read(file);
    EXPECT_EQ(cut.found.end, End::cut) << cut.found.why;
    EXPECT_LT(cut.inputs.size(), all);
    ASSERT_TRUE(cut.head);
    // The same of one that a person has unpacked.
    const std::string plain = plain_file({"{\"a\":1}", "{\"a\":2}", "{\"a\":3}"});
    fs::resize_file(plain, fs::file_size(plain) - 3);
    EXPECT_EQ(lines_of(plain).size(), 2U);
}

TEST_F(RecordingTest, OfADamagedFileTheLinesBeforeAreUsedAndThePlaceIsSaid) {
    record_a_failover();
    std::vector<std::string> lines = lines_of(only_file());
    ASSERT_GT(lines.size(), 20U);
    lines[10] = R"({"at_ns":1,"wall_ms":2,"observation":{"observer":7}})";
    const Read damaged = read(plain_file(lines));
    EXPECT_EQ(damaged.found.end, End::damaged);
    EXPECT_EQ(damaged.inputs.size(), 9U);
    EXPECT_EQ(damaged.found.lines, 10U);
    EXPECT_TRUE(damaged.found.why.contains("line 11: ")) << damaged.found.why;
    EXPECT_TRUE(damaged.found.why.contains("observation.observer: not a string"));
    lines[10] = R"({"at_ns":1,"wall_ms":2,"word_of_tomorrow":{}})";
    EXPECT_TRUE(read(plain_file(lines)).found.why.contains("no input that this program knows"));
}

TEST_F(RecordingTest, BytesThatWereChangedInAPackedFileAreFoundOut) {
    record_a_failover();
    const std::string file = only_file();
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(fs::file_size(file) / 2));
    bytes.write("\0\xff\0\xff\0\xff\0\xff", 8);
    bytes.close();
    EXPECT_EQ(read(file).found.end, End::damaged);
}

TEST_F(RecordingTest, AFullFileIsFollowedByOneThatIsCompleteByItself) {
    core::AppCore core = start(start_of(policy()));
    Recorder::Options small = options();
    small.limits.keep_for = 8min;  // a file each minute
    {
        Recorder recorder(small, opening);
        taped = nullptr;
        tape_to(recorder);
        connect(core);
        // Its writer says that a file is full when it has written it.
        while (files_beside(store).size() < 2) {
            (void)round(core, true, 0);
            (void)tell(core, report_of("e1"));
            (void)tell(core, report_of("w1"));
        }
        for (int i = 0; i < 100; ++i) {
            (void)round(core, true, 0);
        }
        fail_east(core);
        ASSERT_TRUE(core.operation_running());
    }
    // The disk may have been so far behind that a third one was begun.
    const std::vector<std::string> files = files_beside(store);
    std::uint64_t judged = 0;
    for (std::size_t i = 1; i < files.size(); ++i) {
        const Read part = read(files[i]);
        ASSERT_TRUE(part.head);
        EXPECT_TRUE(part.head->opening.continues);
        const core::Comparison comparison = compared(part);
        EXPECT_FALSE(comparison.difference());
        judged += comparison.judged();
        EXPECT_EQ(comparison.core().operation_running(), i + 1 == files.size());
    }
    EXPECT_GT(judged, 0U);
}

TEST_F(RecordingTest, AFileIsFullByItsAgeOrByItsSize) {
    Writer writer(store, {.bytes_max = 8'000, .keep_for = 80s});
    ASSERT_TRUE(writer.begin(now().wall, "{}"));
    EXPECT_FALSE(writer.is_full(now().wall + std::chrono::seconds{9}));
    EXPECT_TRUE(writer.is_full(now().wall + std::chrono::seconds{10}));
    for (int i = 0; !writer.is_full(now().wall); ++i) {
        ASSERT_FALSE(writer.is_overfull());
        ASSERT_TRUE(writer.write(std::to_string(i * 7'919) + "\n"));
        ASSERT_TRUE(writer.flush());
        ASSERT_LT(i, 10'000);
    }
    EXPECT_GE(fs::file_size(files_beside(store).back()), 1'000U);
}

TEST_F(RecordingTest, TheOldestFilesGoWhenTheRoomOrTheTimeIsUsedUp) {
    const UtcTime began = now().wall;
    Writer writer(store, {.bytes_max = 1U << 20U, .keep_for = 1h});
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(writer.begin(began + i * std::chrono::minutes{10}, "{}"));
    }
    EXPECT_EQ(files_beside(store).size(), 5U);
    // What began an hour and ten minutes ago ended an hour ago.
    ASSERT_TRUE(writer.begin(began + std::chrono::minutes{71}, "{}"));
    EXPECT_EQ(files_beside(store).size(), 5U);
    const std::string other = directory + "/farshore.db.recording-0000000000001.jsonl";
    std::ofstream(other) << "not a file of a recording";
    Writer tight(store, {.bytes_max = 2, .keep_for = 1h});
    ASSERT_TRUE(tight.begin(began + std::chrono::minutes{72}, "{}"));
    EXPECT_LE(files_beside(store).size(), 2U);
    EXPECT_TRUE(fs::exists(other)) << "only its own files are touched";
}

TEST_F(RecordingTest, AWallClockThatWasSetBackKeepsTheFilesInOrder) {
    Writer writer(store, {.bytes_max = 1U << 20U, .keep_for = 1h});
    ASSERT_TRUE(writer.begin(now().wall, R"({"n":1})"));
    ASSERT_TRUE(writer.begin(now().wall - std::chrono::minutes{5}, R"({"n":2})"));
    ASSERT_TRUE(writer.flush());
    const std::vector<std::string> files = files_beside(store);
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(lines_of(files[1]), std::vector<std::string>{R"({"n":2})"});
}

TEST_F(RecordingTest, ADiskWithoutRoomForTheStoreTakesNoRecordingAndStopsNothing) {
    core::AppCore core = start(start_of(policy()));
    Recorder::Options full = options();
    full.limits.room_left_bytes = std::uint64_t{1} << 62U;
    {
        Recorder recorder(full, opening);
        tape_to(recorder);
        fail_over(core);
    }
    EXPECT_EQ(core.record().active, kWest);
    EXPECT_TRUE(files_beside(store).empty());
}

TEST_F(RecordingTest, WhatTheDiskIsTooSlowForIsMissingAndTheRestBeginsAnew) {
    core::AppCore core = start(start_of(policy()));
    Recorder::Options slow = options();
    slow.waiting_bytes_max = 0;  // no queue is short enough
    {
        Recorder recorder(slow, opening);
        tape_to(recorder);
        settle(core);
    }
    std::size_t kept = 0;
    for (const std::string& file : files_beside(store)) {
        const Read part = read(file);
        ASSERT_TRUE(part.head);
        EXPECT_FALSE(compared(part).difference()) << "what is missing stands between two files";
        kept += part.inputs.size();
    }
    EXPECT_LT(kept, tape.size());
}

}  // namespace
}  // namespace farshore::recording
