#include <algorithm>
#include <charconv>
#include <utility>

#include "adapters/net/dns_message.h"
#include "base/text.h"

namespace farshore::net::dns {

namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kLabelBytesMax = 63;
// A compressed name may jump at most this often; legal names have at most 127 labels.
constexpr int kJumpsMax = 64;
constexpr std::size_t kHeaderBytes = 12;

std::uint16_t number_of(Type type) {
    return std::to_underlying(type);
}

// Each read reports success; after a failure the position no longer matters.
class Reader {
  public:
    explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    [[nodiscard]] bool u8(std::uint8_t& value) {
        if (at_ >= bytes_.size()) {
            return false;
        }
        value = bytes_[at_++];
        return true;
    }

    [[nodiscard]] bool u16(std::uint16_t& value) {
        if (left() < 2) {
            return false;
        }
        value = static_cast<std::uint16_t>((bytes_[at_] << 8U) | bytes_[at_ + 1]);
        at_ += 2;
        return true;
    }

    [[nodiscard]] bool u32(std::uint32_t& value) {
        std::uint16_t high = 0;
        std::uint16_t low = 0;
        if (!u16(high) || !u16(low)) {
            return false;
        }
        value = (static_cast<std::uint32_t>(high) << 16U) | low;
        return true;
    }

    [[nodiscard]] bool take(std::size_t count, std::span<const std::uint8_t>& part) {
        if (left() < count) {
            return false;
        }
        part = bytes_.subspan(at_, count);
        at_ += count;
        return true;
    }

    // Pointers must point before the name they are part of, and further back with each jump: so a
    // name ends whatever the bytes are.
    [[nodiscard]] bool name(std::string& out) {
        out.clear();
        std::size_t at = at_;
        std::size_t lowest = at_;
        std::size_t length = 1;
        int jumps = 0;
        bool jumped = false;
        while (true) {
            if (at >= bytes_.size()) {
                return false;
            }
            const std::uint8_t first = bytes_[at];
            if ((first & 0xC0U) == 0xC0U) {
                if (at + 1 >= bytes_.size() || ++jumps > kJumpsMax) {
                    return false;
                }
                const std::size_t target = ((first & 0x3FU) << 8U) | bytes_[at + 1];
                if (target >= lowest) {
                    return false;
                }
                at_ = jumped ? at_ : at + 2;
                jumped = true;
                lowest = target;
                at = target;
                continue;
            }
            if (first == 0) {
                at_ = jumped ? at_ : at + 1;
                return true;
            }
            length += first + 1U;
            if (first > kLabelBytesMax || at + 1 + first > bytes_.size() ||
                length > kNameBytesMax) {
                return false;
            }
            if (!append_label(out, bytes_.subspan(at + 1, first))) {
                return false;
            }
            at += first + 1U;
        }
    }

    [[nodiscard]] std::size_t at() const { return at_; }

    [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

  private:
    // Dots and control characters inside a label would make two names look alike as text.
    static bool append_label(std::string& out, std::span<const std::uint8_t> label) {
        if (!out.empty()) {
            out.push_back('.');
        }
        for (const std::uint8_t byte : label) {
            if (byte <= 0x20 || byte >= 0x7F || byte == '.') {
                return false;
            }
            out.push_back(
                byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : static_cast<char>(byte)
            );
        }
        return true;
    }

    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
};

bool read_texts(std::span<const std::uint8_t> bytes, std::vector<std::string>& texts) {
    Reader reader(bytes);
    while (reader.left() > 0) {
        std::uint8_t size = 0;
        std::span<const std::uint8_t> text;
        if (!reader.u8(size) || !reader.take(size, text)) {
            return false;
        }
        texts.emplace_back(text.begin(), text.end());
    }
    return !texts.empty();
}

bool read_soa(Reader& reader, Soa& soa) {
    return reader.name(soa.mname) && reader.name(soa.rname) && reader.u32(soa.serial) &&
           reader.u32(soa.refresh) && reader.u32(soa.retry) && reader.u32(soa.expire) &&
           reader.u32(soa.minimum);
}

// Names inside data may point back into the message, so `reader` reads on from where it is.
bool read_data(Reader& reader, std::uint16_t type, std::size_t length, Rdata& data) {
    if (type == number_of(Type::cname) || type == number_of(Type::ns)) {
        return reader.name(data.emplace<std::string>());
    }
    if (type == number_of(Type::soa)) {
        return read_soa(reader, data.emplace<Soa>());
    }
    std::span<const std::uint8_t> bytes;
    if (!reader.take(length, bytes)) {
        return false;
    }
    if (type == number_of(Type::a)) {
        auto& a = data.emplace<std::array<std::uint8_t, 4>>();
        std::ranges::copy(bytes.first(std::min(bytes.size(), a.size())), a.begin());
        return length == a.size();
    }
    if (type == number_of(Type::aaaa)) {
        auto& aaaa = data.emplace<std::array<std::uint8_t, 16>>();
        std::ranges::copy(bytes.first(std::min(bytes.size(), aaaa.size())), aaaa.begin());
        return length == aaaa.size();
    }
    if (type == number_of(Type::txt)) {
        return read_texts(bytes, data.emplace<std::vector<std::string>>());
    }
    data.emplace<std::vector<std::uint8_t>>(bytes.begin(), bytes.end());
    return true;
}

bool read_record(Reader& reader, Record& record, std::uint16_t& klass) {
    std::uint16_t length = 0;
    if (!reader.name(record.name) || !reader.u16(record.type) || !reader.u16(klass) ||
        !reader.u32(record.ttl) || !reader.u16(length) || length > reader.left()) {
        return false;
    }
    const std::size_t end = reader.at() + length;
    return read_data(reader, record.type, length, record.data) && reader.at() == end;
}

void read_flags(std::uint16_t flags, Message& message) {
    message.response = (flags & 0x8000U) != 0;
    message.opcode = static_cast<std::uint8_t>((flags >> 11U) & 0xFU);
    message.authoritative = (flags & 0x0400U) != 0;
    message.truncated = (flags & 0x0200U) != 0;
    message.recursion_desired = (flags & 0x0100U) != 0;
    message.recursion_available = (flags & 0x0080U) != 0;
    message.rcode = static_cast<Rcode>(flags & 0xFU);
}

bool read_records(Reader& reader, std::uint16_t count, std::vector<Record>& records) {
    for (std::uint16_t i = 0; i < count; ++i) {
        Record record;
        std::uint16_t klass = 0;
        if (!read_record(reader, record, klass)) {
            return false;
        }
        // Records of classes other than IN (Internet) are left out: Farshore uses none of them.
        if (klass == 1) {
            records.push_back(std::move(record));
        }
    }
    return true;
}

bool read_additional(Reader& reader, std::uint16_t count, Message& message) {
    for (std::uint16_t i = 0; i < count; ++i) {
        Record record;
        std::uint16_t klass = 0;
        if (!read_record(reader, record, klass)) {
            return false;
        }
        if (record.type == number_of(Type::opt)) {
            if (message.edns_udp_size || !record.name.empty()) {
                return false;  // RFC 6891: at most one, owned by the root
            }
            message.edns_udp_size = klass;
            const unsigned extended = (record.ttl >> 24U) << 4U;
            message.rcode = static_cast<Rcode>(std::to_underlying(message.rcode) | extended);
        }
    }
    return true;
}

}  // namespace

Result<Message> decode(std::span<const std::uint8_t> bytes) {
    Message message;
    Reader reader(bytes);
    std::uint16_t flags = 0;
    std::uint16_t questions = 0;
    std::uint16_t answers = 0;
    std::uint16_t authorities = 0;
    std::uint16_t additional = 0;
    if (bytes.size() < kHeaderBytes || !reader.u16(message.id) || !reader.u16(flags) ||
        !reader.u16(questions) || !reader.u16(answers) || !reader.u16(authorities) ||
        !reader.u16(additional)) {
        return fail(ErrorKind::malformed, "a DNS message is shorter than its header");
    }
    read_flags(flags, message);
    for (std::uint16_t i = 0; i < questions; ++i) {
        Question question;
        if (!reader.name(question.name) || !reader.u16(question.type) ||
            !reader.u16(question.klass)) {
            return fail(ErrorKind::malformed, "a DNS question is cut off or has a bad name");
        }
        message.questions.push_back(std::move(question));
    }
    if (!read_records(reader, answers, message.answers) ||
        !read_records(reader, authorities, message.authorities) ||
        !read_additional(reader, additional, message)) {
        return fail(
            ErrorKind::malformed,
            "a DNS record is cut off, has a bad name or data of a wrong length"
        );
    }
    if (reader.left() != 0) {
        return fail(ErrorKind::malformed, "a DNS message has bytes after its end");
    }
    return message;
}

std::optional<std::array<std::uint8_t, 4>> a_from(std::string_view address) {
    const std::vector<std::string_view> parts = split(address, '.');
    std::array<std::uint8_t, 4> a{};
    if (parts.size() != a.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        const std::string_view part = parts[i];
        // Leading zeros mean octal to some programs.
        if (part.empty() || part.size() > 3 || (part.size() > 1 && part.front() == '0')) {
            return std::nullopt;
        }
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), a[i]);
        if (error != std::errc{} || end != part.data() + part.size()) {
            return std::nullopt;
        }
    }
    return a;
}

}  // namespace farshore::net::dns
