#include "adapters/host/programs.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "base/text.h"

namespace farshore::host {

namespace {

namespace fs = std::filesystem;

using Sockets = std::map<std::uint64_t, wire::AddressPort>;

constexpr std::string_view kListening = "0A";  // TCP_LISTEN of the kernel's tcp_states.h
constexpr std::size_t kWord = 8;               // hexadecimal digits of 32 bits

template <class Number>
std::optional<Number> number(std::string_view text, int base) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{value}
                                                                    : std::nullopt;
}

// The kernel prints an address as words of 32 bits in the host's byte order.
std::optional<std::string> address_in(std::string_view hex) {
    std::array<std::uint32_t, 4> words{};
    if (hex.size() != kWord && hex.size() != words.size() * kWord) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i * kWord < hex.size(); ++i) {
        const auto word = number<std::uint32_t>(hex.substr(i * kWord, kWord), 16);
        if (!word) {
            return std::nullopt;
        }
        words[i] = *word;
    }
    const bool is_v6 = hex.size() != kWord;
    const bool is_mapped = is_v6 && words[0] == 0 && words[1] == 0 && words[2] == htonl(0xFFFF);
    const void* bytes = is_mapped ? &words[3] : words.data();
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = is_v6 && !is_mapped ? AF_INET6 : AF_INET;
    if (::inet_ntop(family, bytes, text.data(), text.size()) == nullptr) {
        return std::nullopt;
    }
    return std::string{text.data()};
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' ')) {
        if (!word.empty()) {
            words.push_back(word);
        }
    }
    return words;
}

std::string text_of(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

bool is_secret(std::string_view name) {
    return name.contains("SECRET") || name.contains("TOKEN") || name.contains("ACCESS_KEY");
}

std::map<std::string, std::string> environment_in(std::string_view block) {
    std::map<std::string, std::string> out;
    for (const std::string_view entry : split(block, '\0')) {
        const std::size_t equals = entry.find('=');
        const std::string_view name = entry.substr(0, equals);
        if (equals != std::string_view::npos && (name == "HOME" || name.starts_with("AWS_"))) {
            // That a secret is set tells that the program calls AWS.
            out.emplace(name, is_secret(name) ? "set" : entry.substr(equals + 1));
        }
    }
    return out;
}

// nullopt: this user may not look.
std::optional<std::vector<std::uint64_t>> sockets_of(const fs::path& process) {
    std::vector<std::uint64_t> inodes;
    std::error_code error;
    for (fs::directory_iterator each{process / "fd", error}, end; !error && each != end;
         each.increment(error)) {
        std::error_code gone;
        const std::string target = fs::read_symlink(each->path(), gone).string();
        constexpr std::string_view kSocket = "socket:[";
        if (!gone && target.starts_with(kSocket) && target.ends_with(']')) {
            const auto inode = number<std::uint64_t>(
                std::string_view{target}.substr(kSocket.size(), target.size() - kSocket.size() - 1),
                10
            );
            if (inode) {
                inodes.push_back(*inode);
            }
        }
    }
    const bool denied =
        error == std::errc::permission_denied || error == std::errc::operation_not_permitted;
    return denied ? std::nullopt : std::optional{std::move(inodes)};
}

class Looker {
  public:
    explicit Looker(std::string proc) : proc_(std::move(proc)) {}

    ProgramsSeen look() {
        ProgramsSeen seen;
        std::error_code error;
        for (fs::directory_iterator each{proc_, error}, end; !error && each != end;
             each.increment(error)) {
            if (const auto pid = number<int>(each->path().filename().string(), 10)) {
                look_at(*pid, each->path(), seen);
            }
        }
        std::ranges::sort(seen.programs, {}, &Program::pid);
        return seen;
    }

  private:
    void look_at(int pid, const fs::path& process, ProgramsSeen& seen) {
        // A kernel thread has no command line, and neither has what has just ended.
        if (text_of(process / "cmdline").empty()) {
            return;
        }
        Program program{.pid = pid};
        const std::string name = text_of(process / "comm");
        program.name = name.substr(0, name.find('\n'));
        std::error_code ignored;
        program.executable = fs::read_symlink(process / "exe", ignored).filename().string();
        if (const std::size_t mark = program.executable.find(" (deleted)");
            mark != std::string::npos) {
            program.executable.resize(mark);  // replaced since by a newer one
        }
        const auto inodes = sockets_of(process);
        if (!inodes) {
            ++seen.hidden;
            return;
        }
        program.environment = environment_in(text_of(process / "environ"));
        const Sockets& sockets = sockets_in_network_of(process);
        for (const std::uint64_t inode : *inodes) {
            if (const auto found = sockets.find(inode); found != sockets.end()) {
                program.connections.push_back(found->second);
            }
        }
        seen.programs.push_back(std::move(program));
    }

    const Sockets& sockets_in_network_of(const fs::path& process) {
        std::error_code ignored;
        const std::string network = fs::read_symlink(process / "ns" / "net", ignored).string();
        const auto [place, is_new] = networks_.try_emplace(network);
        if (is_new) {
            place->second = connections_in(text_of(process / "net" / "tcp"));
            place->second.merge(connections_in(text_of(process / "net" / "tcp6")));
        }
        return place->second;
    }

    std::string proc_;
    std::map<std::string, Sockets> networks_;
};

}  // namespace

std::map<std::uint64_t, wire::AddressPort> connections_in(std::string_view table) {
    // sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode
    constexpr std::size_t kRemote = 2;
    constexpr std::size_t kState = 3;
    constexpr std::size_t kInode = 9;
    Sockets out;
    for (const std::string_view line : split(table, '\n')) {
        const std::vector<std::string_view> words = words_of(line);
        if (words.size() <= kInode || words[kState] == kListening) {
            continue;
        }
        const std::size_t colon = words[kRemote].find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const auto address = address_in(words[kRemote].substr(0, colon));
        const auto port = number<std::uint16_t>(words[kRemote].substr(colon + 1), 16);
        const auto inode = number<std::uint64_t>(words[kInode], 10);
        if (address && port && inode && *inode != 0) {
            out.emplace(*inode, wire::AddressPort{.address = *address, .port = *port});
        }
    }
    return out;
}

ProgramsSeen look_at_programs(const std::string& proc) {
    return Looker{proc}.look();
}

}  // namespace farshore::host
