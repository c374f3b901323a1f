#include "agent/secrets.h"

#include <array>
#include <cerrno>
#include <grp.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "adapters/aws/credentials.h"
#include "adapters/host/durable_file.h"
#include "adapters/system/log.h"
#include "base/assert.h"
#include "base/text_file.h"

namespace farshore::agent {

namespace {

constexpr std::string_view kMadeByUs = "# Made by farshore-agent";  // a file of keys begins with it

// Five bits each; of the letters and digits that access key ids have.
std::string random_letters(std::size_t count) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string out(count, '\0');
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    FARSHORE_ASSERT(
        got == static_cast<ssize_t>(count), "the kernel gives a few random bytes at once"
    );
    for (char& c : out) {
        c = kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
    }
    return out;
}

Status give_to_group(const std::string& path, const std::string& name) {
    group entry{};
    group* found = nullptr;
    std::array<char, 16384> room{};
    if (::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 ||
        found == nullptr) {
        return fail(
            ErrorKind::malformed,
            "client_keys: there is no group `" + name + "`",
            "name the group of the applications that may use this host's endpoint, see: getent "
            "group"
        );
    }
    if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0 ||
        ::chmod(path.c_str(), 0640) != 0) {
        return fail(
            ErrorKind::denied,
            fmt::format(
                "client_keys: cannot give {} to the group {}: {}",
                path,
                name,
                std::generic_category().message(errno)
            ),
            "make the agent's user a member of that group"
        );
    }
    return {};
}

// A file that the agent has made. Where the system does not let it change the mode, it works on.
void close_to_others(const std::string& path, mode_t had) {
    const auto text = read_text_file(path, {.what = "the client key file", .remedy = {}});
    const bool ours = text && text->starts_with(kMadeByUs);
    if (ours && (had & 0077U) != 0 && ::chmod(path.c_str(), 0600) == 0) {
        system::log_warning(
            "main",
            "the client keys were open to others, and are no longer",
            {{"file", path},
             {"mode", fmt::format("{:04o}", had)},
             {"remedy",
              "`client_keys: { group: NAME }` lets a group read them; remove the file and start "
              "the agent again to have other keys made"}}
        );
    }
}

}  // namespace

Result<std::string> read_token(const std::string& path) {
    if (path.empty()) {
        return std::string{};
    }
    return read_word_file(
        path,
        {.what = "the token file",
         .remedy = "ask the operator for this app's agent token, and write it alone into the file"}
    );
}

Result<std::vector<ClientKey>> read_client_keys(const std::string& path) {
    std::vector<ClientKey> keys;
    const Result<std::string> text = read_text_file(
        path,
        {.what = "the client key file",
         .remedy = "write [NAME], aws_access_key_id and aws_secret_access_key into it, or remove "
                   "`client_keys`: then the agent makes one"}
    );
    if (!text) {
        return std::unexpected(text.error());
    }
    for (const std::string& name : aws::profile_names(*text)) {
        const auto values = aws::find_profile(*text, name);
        Result<sigv4::Credentials> key =
            aws::credentials_from(values.value_or(aws::ProfileValues{}));
        if (!key) {
            return std::unexpected(in_context(fmt::format("{} profile {}", path, name), key.error())
            );
        }
        keys.push_back({.profile = name, .credentials = std::move(*key)});
    }
    if (keys.empty()) {
        return fail(
            ErrorKind::malformed,
            "client key file " + path + " holds no profile",
            "an empty list would check nothing"
        );
    }
    return keys;
}

std::string client_keys_path(const config::AgentConfig& config) {
    return config.client_keys.file.empty() ? config.state_directory + "/client-keys"
                                           : config.client_keys.file;
}

Status make_client_keys(const config::AgentConfig& config) {
    const std::string path = client_keys_path(config);
    struct stat there{};
    if (::stat(path.c_str(), &there) != 0) {
        const std::string text = fmt::format(
            "{}: what this host's applications sign their requests to it with.\n"
            "# `farshore-agent env` prints what their SDKs need. Remove it to have another made.\n"
            "[default]\naws_access_key_id = FSLK{}\naws_secret_access_key = {}\n",
            kMadeByUs,
            random_letters(16),
            random_letters(40)
        );
        if (Status made = host::replace_file(path, text, host::Durability::on_disk, 0600); !made) {
            return std::unexpected(in_context("client_keys", made.error()));
        }
    } else if (config.client_keys.group.empty()) {
        close_to_others(path, there.st_mode & 0777U);
    }
    return config.client_keys.group.empty() ? Status{}
                                            : give_to_group(path, config.client_keys.group);
}

std::string who_else_has(const std::string& path) {
    struct stat file{};
    if (::stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) {
        return {};
    }
    const bool all_read = (file.st_mode & S_IROTH) != 0;
    const bool all_write = (file.st_mode & S_IWOTH) != 0;
    const bool group_writes = (file.st_mode & S_IWGRP) != 0;
    if (!all_read && !all_write && !group_writes) {
        return {};
    }
    return fmt::format(
        "mode {:04o}: {} can {} it",
        file.st_mode & 0777U,
        all_read || all_write ? "every user of this host" : "its group",
        all_read && all_write ? "read and write"
        : all_read            ? "read"
                              : "write"
    );
}

void warn_of_open_file(std::string_view what, const std::string& path) {
    if (const std::string who = who_else_has(path); !who.empty()) {
        system::log_warning(
            "main",
            std::string{what} + " can be used by others",
            {{"file", path},
             {"why", who},
             {"remedy", "chmod 0600, or 0640 with the group of those who need it"}}
        );
    }
}

}  // namespace farshore::agent
