#include "base/text_file.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace farshore {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r\n";

std::unexpected<Error> wrong(
    ErrorKind kind,
    const TextFile& file,
    const std::string& path,
    std::string_view what,
    std::string_view remedy
) {
    return fail(
        kind, std::string{file.what} + " " + path + " " + std::string{what}, std::string{remedy}
    );
}

std::unexpected<Error> not_opened(const TextFile& file, const std::string& path, int number) {
    if (number == ENOENT || number == ENOTDIR) {
        return wrong(ErrorKind::not_found, file, path, "does not exist", file.remedy);
    }
    const bool refused = number == EACCES || number == EPERM;
    return wrong(
        refused ? ErrorKind::denied : ErrorKind::unavailable,
        file,
        path,
        "cannot be read: " + std::generic_category().message(number),
        refused ? "give the user of this program the right to read it, and to enter the "
                  "directories above"
                : "see what the system says about that file"
    );
}

bool is_passed_on(const std::string& path) {
    return path == "/dev/stdin" || path.starts_with("/dev/fd/");
}

Status check_kind(const TextFile& file, const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::none || status.type() == fs::file_type::not_found) {
        return not_opened(file, path, error ? error.value() : ENOENT);
    }
    switch (status.type()) {
        case fs::file_type::directory:
            return wrong(
                ErrorKind::malformed,
                file,
                path,
                "is a directory, not a file",
                "name the file in it"
            );
        case fs::file_type::fifo:
            return is_passed_on(path) ? Status{}
                                      : wrong(
                                            ErrorKind::malformed,
                                            file,
                                            path,
                                            "is a pipe, not a file",
                                            "write what comes out of it into a file, and name that"
                                        );
        case fs::file_type::socket:
        case fs::file_type::block:
        case fs::file_type::character:
            return wrong(
                ErrorKind::malformed,
                file,
                path,
                "is a socket or a device, not a file",
                "name the file that is meant"
            );
        case fs::file_type::none:
        case fs::file_type::not_found:
        case fs::file_type::regular:
        case fs::file_type::symlink:
        case fs::file_type::unknown: return {};
    }
    return {};
}

Status check_text(const TextFile& file, const std::string& path, std::string_view text) {
    if (text.size() > file.bytes_max) {
        return wrong(
            ErrorKind::malformed,
            file,
            path,
            "is longer than " + std::to_string(file.bytes_max / 1024) + " KiB",
            "this is another file by mistake: check its name"
        );
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        return wrong(ErrorKind::malformed, file, path, "is UTF-16", "save it as UTF-8");
    }
    const std::size_t zero = text.find('\0');
    if (zero != std::string_view::npos) {
        return wrong(
            ErrorKind::malformed,
            file,
            path,
            "is binary: its byte " + std::to_string(zero + 1) + " is zero",
            "this is another file by mistake, or damaged: check its name"
        );
    }
    if (!file.may_be_empty && text.find_first_not_of(kBlanks) == std::string_view::npos) {
        return wrong(ErrorKind::malformed, file, path, "is empty", file.remedy);
    }
    return {};
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, const TextFile& file) {
    if (Status kind = check_kind(file, path); !kind) {
        return std::unexpected(std::move(kind.error()));
    }
    errno = 0;
    std::ifstream in{path, std::ios::binary};
    if (!in) {
        return not_opened(file, path, errno);
    }
    std::string text(file.bytes_max + kUtf8Mark.size() + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) {
        return not_opened(file, path, errno);
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.starts_with(kUtf8Mark)) {
        if (!file.may_begin_with_mark) {
            return wrong(
                ErrorKind::malformed,
                file,
                path,
                "begins with a byte order mark, behind which not every program sees the first line",
                "save it as UTF-8 without a byte order mark"
            );
        }
        text.erase(0, kUtf8Mark.size());
    }
    if (Status good = check_text(file, path, text); !good) {
        return std::unexpected(std::move(good.error()));
    }
    return text;
}

Result<std::string> read_word_file(const std::string& path, const TextFile& file) {
    Result<std::string> text = read_text_file(path, file);
    if (!text) {
        return text;
    }
    const std::size_t first = std::min(text->find_first_not_of(kBlanks), text->size());
    const std::size_t last = text->find_last_not_of(kBlanks);
    std::string word = text->substr(first, last + 1 - first);
    const bool plain = std::ranges::all_of(word, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!plain) {
        return wrong(
            ErrorKind::malformed,
            file,
            path,
            "does not hold one word: there are blanks, several lines or other characters in it",
            file.remedy
        );
    }
    return word;
}

}  // namespace farshore
