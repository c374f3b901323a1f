#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/json/object.hpp>

#include "adapters/recording/recording_files.h"
#include "core/recording/replay.h"
#include "wire/recorded_lines.h"

namespace farshore::recording {

// Keeps what the core is told and what it decides, for `farshore replay`, in files beside the store
// (INV-S14). A thread of its own writes them: take() only adds a line to a queue, so a slow or full
// disk never holds a decision up. What could not be written is missing, which is logged; the
// recording then begins anew in another file.
//
// take() belongs to the thread of the core.
class Recorder {
  public:
    struct Options {
        std::string store_path;
        std::string program;                // the version of this program
        boost::json::object configuration;  // as it is shown
        Limits limits;
        std::size_t waiting_bytes_max = 8U << 20U;  // that the disk is behind
    };

    Recorder(Options options, core::Opening opening);
    // What was taken is written.
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    // The core has taken the input.
    void take(
        core::Now now,
        const core::AppCore& core,
        const core::Input& input,
        const core::Effects& effects
    );

  private:
    // A file's lines, or some of them.
    struct Part {
        std::optional<core::Opening> opening;  // with which the file begins
        std::string lines{};
        UtcTime until{};
    };

    // Whether the recording should go on in another file.
    enum class Another : std::uint8_t { no, when_calm, now };

    [[nodiscard]] bool is_calm(const core::AppCore& core) const;
    void add(core::Now now, const core::Input& input, const core::Decided& decided);
    void open_another(core::Now now, const core::AppCore& core);
    void run();
    void write(const std::vector<Part>& parts);
    [[nodiscard]] Status begin(const core::Opening& opening);
    void note(const Status& status, UtcTime now);

    Options options_;
    std::size_t gathers_;  // bytes for one writing
    // The core's thread.
    core::AppCore::Start first_;
    core::Deciding deciding_;
    wire::RecordedWriter lines_;
    bool lost_ = false;  // the queue was full

    // The writer's thread.
    Writer writer_;
    std::optional<UtcTime> failed_at_;

    std::mutex mutex_;
    std::condition_variable woken_;
    std::vector<Part> queue_;  // under mutex_, as the rest
    std::size_t waiting_ = 0;  // bytes of its lines
    Another another_ = Another::no;
    bool urgent_ = false;
    bool ends_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace farshore::recording
