#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// The files of a recording (docs/recordings.md): gzip, or plain text where a person has unpacked
// one; each is complete by itself and begins with a head. They stand beside the controller's store,
// named after it and the moment at which they begin. Blocking.
namespace farshore::recording {

struct Limits {
    std::uint64_t bytes_max = 0;        // of all files together
    Duration keep_for{};                // older ones are removed
    std::uint64_t room_left_bytes = 0;  // that the store's disk keeps: nothing is written below it
};

// The files beside that store, oldest first. None when the directory cannot be read.
[[nodiscard]] std::vector<std::string> files_beside(const std::string& store_path);

// Writes one file after the other, and removes those that the limits leave no room for. One owner,
// one thread.
class Writer {
  public:
    Writer(std::string store_path, Limits limits);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // Ends the file before, and begins one. `head`: its first line, without the end. Errors:
    // exhausted (no room), unavailable.
    [[nodiscard]] Status begin(UtcTime now, std::string_view head);
    // Whole lines. Errors: those of begin(); the file has ended then.
    [[nodiscard]] Status write(std::string_view lines);
    // What was written reaches the system, so that it can be read and outlives this process.
    [[nodiscard]] Status flush();

    [[nodiscard]] bool is_open() const { return file_ != nullptr; }

    // Another file should begin when that is convenient, or at once.
    [[nodiscard]] bool is_full(UtcTime now) const;
    [[nodiscard]] bool is_overfull() const;

  private:
    [[nodiscard]] Status has_room() const;
    [[nodiscard]] Status failed(std::string_view what);
    void remove_old(UtcTime now) const;
    void end();

    struct File;
    std::string store_path_;
    Limits limits_;
    std::unique_ptr<File> file_;
};

// How a file was found to end.
enum class End {
    whole,
    cut,      // behind a whole line, or within one: it is being written, or its writer was killed
    damaged,  // a line is no line of a recording, or the file cannot be unpacked from there on
};

struct Found {
    End end = End::whole;
    std::uint64_t lines = 0;  // that were taken
    std::string why;          // in words, unless it is whole
};

// Gives each whole line to `take`, in the order in which they stand there, until one is refused:
// from there on the file is damaged. Errors, before the first line: not_found, denied, malformed.
[[nodiscard]] Result<Found> read_lines(
    const std::string& path, const std::function<Status(std::string_view)>& take
);

}  // namespace farshore::recording
