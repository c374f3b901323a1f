#include "adapters/recording/recording_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <zlib.h>

#include "base/text.h"

namespace farshore::recording {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kInfix = ".recording-";
constexpr std::string_view kSuffix = ".jsonl.gz";
constexpr std::size_t kDigits = 13;  // of milliseconds since 1970, until the year 2286
// A file is an eighth of all that may be kept, or four of them where no moment was convenient to
// end it; when one begins, half of it is free.
constexpr std::uint64_t kFilesInAll = 8;
constexpr std::uint64_t kOverfull = 4;
// Lines are alike: a higher level packs them little better and takes three times as long.
constexpr const char* kMode = "wb3";

std::optional<std::int64_t> began_at(std::string_view name, std::string_view store) {
    if (name.size() != store.size() + kInfix.size() + kDigits + kSuffix.size() ||
        !name.starts_with(store) || !name.substr(store.size()).starts_with(kInfix) ||
        !name.ends_with(kSuffix)) {
        return std::nullopt;
    }
    std::int64_t ms = 0;
    for (const char digit : name.substr(store.size() + kInfix.size(), kDigits)) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        ms = ms * 10 + (digit - '0');
    }
    return ms;
}

struct Kept {
    std::string path;
    std::int64_t began_ms = 0;
    std::uint64_t bytes = 0;
};

// Oldest first.
std::vector<Kept> kept_beside(const std::string& store_path) {
    const fs::path store(store_path);
    const fs::path directory = store.has_parent_path() ? store.parent_path() : fs::path(".");
    std::vector<Kept> kept;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        const auto began = began_at(at->path().filename().string(), store.filename().string());
        if (began) {
            std::error_code unread;
            const std::uintmax_t bytes = at->file_size(unread);
            kept.push_back({at->path().string(), *began, unread ? 0 : bytes});
        }
    }
    std::ranges::sort(kept, {}, &Kept::began_ms);
    return kept;
}

std::string name_of(const std::string& store_path, std::int64_t began_ms) {
    std::string digits = std::to_string(began_ms);
    digits.insert(0, kDigits - std::min(kDigits, digits.size()), '0');
    return store_path + std::string{kInfix} + digits + std::string{kSuffix};
}

Error could_not(const std::string& path, std::string_view what, int number) {
    const bool full = number == ENOSPC || number == EDQUOT;
    return {
        .kind = full ? ErrorKind::exhausted : ErrorKind::unavailable,
        .text = "cannot " + std::string{what} + " " + path + ": " +
                std::error_code(number, std::generic_category()).message()
    };
}

}  // namespace

struct Writer::File {
    std::string path;
    gzFile packed = nullptr;
    UtcTime began{};
};

std::vector<std::string> files_beside(const std::string& store_path) {
    std::vector<std::string> files;
    for (Kept& kept : kept_beside(store_path)) {
        files.push_back(std::move(kept.path));
    }
    return files;
}

Writer::Writer(std::string store_path, Limits limits)
    : store_path_(std::move(store_path)), limits_(limits) {}

Writer::~Writer() {
    end();
}

void Writer::end() {
    if (file_) {
        (void)gzclose_w(file_->packed);
        file_.reset();
    }
}

// A recording is worth less than the store, which stands on the same disk.
Status Writer::has_room() const {
    const fs::path store(store_path_);
    std::error_code error;
    const fs::space_info space =
        fs::space(store.has_parent_path() ? store.parent_path() : fs::path("."), error);
    if (!error && space.available < limits_.room_left_bytes) {
        return fail(
            ErrorKind::exhausted,
            "only " + std::to_string(space.available >> 20U) +
                " MiB are left for the store: nothing is recorded"
        );
    }
    return {};
}

void Writer::remove_old(UtcTime now) const {
    std::vector<Kept> kept = kept_beside(store_path_);
    std::uint64_t bytes = 0;
    for (const Kept& file : kept) {
        bytes += file.bytes;
    }
    const std::int64_t oldest_ms = to_ms(now) - to_ms(limits_.keep_for);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        // A file holds what happened until the next one began.
        const std::int64_t ended_ms = i + 1 < kept.size() ? kept[i + 1].began_ms : to_ms(now);
        if (ended_ms >= oldest_ms && bytes <= limits_.bytes_max / 2 && has_room()) {
            return;
        }
        std::error_code error;
        (void)fs::remove(kept[i].path, error);
        bytes -= kept[i].bytes;
    }
}

Status Writer::begin(UtcTime now, std::string_view head) {
    end();
    remove_old(now);
    if (Status room = has_room(); !room) {
        return room;
    }
    const std::vector<Kept> kept = kept_beside(store_path_);
    // The wall clock may have been set back.
    const std::int64_t after = kept.empty() ? 0 : kept.back().began_ms + 1;
    auto file = std::make_unique<File>();
    file->path = name_of(store_path_, std::max(to_ms(now), after));
    file->began = now;
    const int descriptor = ::open(
        file->path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR
    );
    if (descriptor < 0) {
        return std::unexpected(could_not(file->path, "create", errno));
    }
    file->packed = gzdopen(descriptor, kMode);
    if (file->packed == nullptr) {
        (void)::close(descriptor);
        return fail(ErrorKind::exhausted, "no memory to pack " + file->path);
    }
    file_ = std::move(file);
    return write(std::string{head} + "\n");
}

Status Writer::failed(std::string_view what) {
    int number = Z_OK;
    (void)gzerror(file_->packed, &number);
    Error error = could_not(file_->path, what, number == Z_ERRNO ? errno : EIO);
    end();
    return std::unexpected(std::move(error));
}

Status Writer::write(std::string_view lines) {
    if (!file_) {
        return fail(ErrorKind::unavailable, "no recording has begun");
    }
    const auto bytes = static_cast<unsigned>(lines.size());
    const bool written =
        lines.empty() || gzwrite(file_->packed, lines.data(), bytes) == static_cast<int>(bytes);
    return written ? Status{} : failed("write to");
}

Status Writer::flush() {
    if (!file_) {
        return {};
    }
    if (gzflush(file_->packed, Z_SYNC_FLUSH) != Z_OK) {
        return failed("write to");
    }
    if (Status room = has_room(); !room) {
        end();
        return room;
    }
    return {};
}

bool Writer::is_full(UtcTime now) const {
    if (!file_) {
        return false;
    }
    const auto bytes = static_cast<std::uint64_t>(std::max<z_off_t>(0, gzoffset(file_->packed)));
    return bytes >= limits_.bytes_max / kFilesInAll ||
           to_ms(now) - to_ms(file_->began) >=
               to_ms(limits_.keep_for) / static_cast<std::int64_t>(kFilesInAll);
}

bool Writer::is_overfull() const {
    return file_ && static_cast<std::uint64_t>(std::max<z_off_t>(0, gzoffset(file_->packed))) >=
                        limits_.bytes_max / kFilesInAll * kOverfull;
}

Result<Found> read_lines(
    const std::string& path, const std::function<Status(std::string_view)>& take
) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        return fail(ErrorKind::malformed, path + " is a directory", "name the files in it");
    }
    const gzFile packed = gzopen(path.c_str(), "rbe");
    if (packed == nullptr) {
        const int number = errno == 0 ? ENOMEM : errno;
        const ErrorKind kind = number == ENOENT   ? ErrorKind::not_found
                               : number == EACCES ? ErrorKind::denied
                                                  : ErrorKind::malformed;
        return fail(
            kind,
            "cannot read " + path + ": " +
                std::error_code(number, std::generic_category()).message(),
            "recordings stand beside the controller's store, as " + std::string{"STORE"} +
                std::string{kInfix} + "*" + std::string{kSuffix}
        );
    }
    Found found;
    std::string text;
    std::array<char, 1U << 16U> buffer{};
    int got = 0;
    while (found.end == End::whole &&
           (got = gzread(packed, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
        std::size_t begin = 0;
        for (std::size_t at = text.find('\n'); at != std::string::npos && found.end == End::whole;
             at = text.find('\n', begin)) {
            if (const Status taken = take(std::string_view{text}.substr(begin, at - begin));
                !taken) {
                found.end = End::damaged;
                found.why = "line " + std::to_string(found.lines + 1) + ": " + taken.error().text;
            } else {
                ++found.lines;
                begin = at + 1;
            }
        }
        text.erase(0, begin);
    }
    int number = Z_OK;
    const std::string why = gzerror(packed, &number);
    const int closed = gzclose_r(packed);
    if (found.end != End::whole) {
        return found;
    }
    if (number == Z_BUF_ERROR || closed == Z_BUF_ERROR || (got == 0 && !text.empty())) {
        found.end = End::cut;
        found.why =
            "it ends behind line " + std::to_string(found.lines) + ", and has no end of its own";
    } else if (got < 0) {
        found.end = End::damaged;
        found.why = "it cannot be unpacked behind line " + std::to_string(found.lines) + ": " + why;
    }
    return found;
}

}  // namespace farshore::recording
