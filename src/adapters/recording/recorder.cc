#include "adapters/recording/recorder.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "wire/recording.h"

namespace farshore::recording {

namespace {

// Lines are gathered for this long, so that they are packed well; what was decided is written at
// once. A controller that is killed takes them with it.
constexpr auto kGatherFor = std::chrono::milliseconds{500};
// And until there are so many bytes.
constexpr std::size_t kGatherBytes = std::size_t{256} << 10U;
// A disk that took nothing is tried again after this time.
constexpr Duration kRetry = std::chrono::seconds{30};

}  // namespace

Recorder::Recorder(Options options, core::Opening opening)
    : options_(std::move(options)),
      gathers_(std::min(kGatherBytes, options_.waiting_bytes_max / 2)),
      first_(opening.start),
      writer_(options_.store_path, options_.limits) {
    const UtcTime begun = opening.now.wall;
    queue_.push_back({.opening = std::move(opening), .until = begun});
    thread_ = std::thread([this] { run(); });
}

Recorder::~Recorder() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    woken_.notify_one();
    thread_.join();
}

// Evidence has to form again behind an opening, so one in the middle of an outage tells less.
bool Recorder::is_calm(const core::AppCore& core) const {
    return !core.operation_running() &&
           std::ranges::none_of(deciding_.conditions(), [](const auto& entry) {
               return core::is_impaired(entry.second);
           });
}

void Recorder::take(
    core::Now now, const core::AppCore& core, const core::Input& input, const core::Effects& effects
) {
    const core::Decided decided = deciding_.after(now, core, effects);
    bool wakes = !effects.journal.empty() || !decided.conditions.empty();
    bool begins_to_lose = false;
    {
        const std::lock_guard lock(mutex_);
        urgent_ = urgent_ || wakes;
        // A thread that is woken for each input costs more than all else that is done here.
        wakes = wakes || queue_.empty();
        const std::size_t before = waiting_;
        if (lost_ && waiting_ <= options_.waiting_bytes_max / 2) {
            lost_ = false;
            // Behind what is missing nothing goes into the old file: this input stands in the
            // opening of the next.
            open_another(now, core);
        } else if (!lost_ && waiting_ >= options_.waiting_bytes_max) {
            begins_to_lose = lost_ = true;
        } else if (!lost_) {
            add(now, input, decided);
            if (another_ == Another::now || (another_ == Another::when_calm && is_calm(core))) {
                open_another(now, core);
            }
        }
        wakes = wakes || (before < gathers_ && waiting_ >= gathers_);
    }
    if (wakes) {
        woken_.notify_one();
    }
    if (begins_to_lose) {
        system::log_warning("recording", "the disk is too slow: what happens is not recorded");
    }
}

void Recorder::add(core::Now now, const core::Input& input, const core::Decided& decided) {
    if (queue_.empty()) {
        queue_.emplace_back();
    }
    Part& part = queue_.back();
    const std::size_t before = part.lines.size();
    lines_.write(part.lines, now, input, decided);
    part.until = now.wall;
    waiting_ += part.lines.size() - before;
}

void Recorder::open_another(core::Now now, const core::AppCore& core) {
    another_ = Another::no;
    deciding_.begin_again();
    lines_ = {};
    queue_.push_back({.opening = core::continued(first_, now, core), .until = now.wall});
    for (core::Event& event : core::told_once(core)) {
        add(now, std::move(event), {});
    }
}

void Recorder::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        woken_.wait(lock, [this] { return ends_ || !queue_.empty(); });
        if (queue_.empty()) {
            return;
        }
        (void)woken_.wait_for(lock, kGatherFor, [this] {
            return ends_ || urgent_ || waiting_ >= gathers_;
        });
        urgent_ = false;
        waiting_ = 0;
        const std::vector<Part> parts = std::exchange(queue_, {});
        lock.unlock();
        write(parts);
        lock.lock();
    }
}

void Recorder::write(const std::vector<Part>& parts) {
    for (const Part& part : parts) {
        if (part.opening) {
            note(begin(*part.opening), part.until);
        }
        if (writer_.is_open()) {
            note(writer_.write(part.lines), part.until);
        }
    }
    const UtcTime now = parts.back().until;
    note(writer_.flush(), now);
    const bool retries =
        failed_at_ &&
        (now < *failed_at_ || now - *failed_at_ >= std::chrono::floor<WallClock::duration>(kRetry));
    const std::lock_guard lock(mutex_);
    if (std::ranges::any_of(queue_, [](const Part& part) { return part.opening.has_value(); })) {
        return;  // another file begins already
    }
    if (retries || writer_.is_overfull()) {
        another_ = Another::now;
    } else if (writer_.is_full(now)) {
        another_ = std::max(another_, Another::when_calm);
    }
}

Status Recorder::begin(const core::Opening& opening) {
    const Status begun = writer_.begin(
        opening.now.wall,
        wire::serialize(wire::RecordingHead{
            .program = options_.program, .configuration = options_.configuration, .opening = opening
        })
    );
    if (begun && std::exchange(failed_at_, std::nullopt)) {
        system::log_info("recording", "what happens is recorded again");
    }
    return begun;
}

// Told once for each time that a disk takes nothing.
void Recorder::note(const Status& status, UtcTime now) {
    if (status) {
        return;
    }
    if (!std::exchange(failed_at_, now)) {
        system::log_warning("recording", status.error().text);
    }
}

}  // namespace farshore::recording
