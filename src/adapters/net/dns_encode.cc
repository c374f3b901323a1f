#include <algorithm>
#include <map>
#include <utility>

#include "adapters/net/dns_message.h"
#include "base/text.h"

namespace farshore::net::dns {

namespace {

constexpr std::size_t kLabelBytesMax = 63;

class Writer {
  public:
    void u8(std::uint8_t value) { bytes_.push_back(value); }

    void u16(std::uint16_t value) {
        u8(static_cast<std::uint8_t>(value >> 8U));
        u8(static_cast<std::uint8_t>(value & 0xFFU));
    }

    void u32(std::uint32_t value) {
        u16(static_cast<std::uint16_t>(value >> 16U));
        u16(static_cast<std::uint16_t>(value & 0xFFFFU));
    }

    void raw(std::span<const std::uint8_t> bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }

    void characters(std::string_view text) {
        const std::string_view bounded = text.substr(0, 255);
        u8(static_cast<std::uint8_t>(bounded.size()));
        bytes_.insert(bytes_.end(), bounded.begin(), bounded.end());
    }

    void name(std::string_view whole) {
        std::string rest = to_lower(whole);
        while (rest.ends_with('.')) {
            rest.pop_back();
        }
        while (!rest.empty()) {
            const auto known = names_.find(rest);
            if (known != names_.end()) {
                u16(static_cast<std::uint16_t>(0xC000U | known->second));
                return;
            }
            // A pointer has fourteen bits.
            if (bytes_.size() < 0x4000) {
                names_.emplace(rest, static_cast<std::uint16_t>(bytes_.size()));
            }
            const std::size_t dot = rest.find('.');
            const std::string label = rest.substr(0, std::min(dot, kLabelBytesMax));
            u8(static_cast<std::uint8_t>(label.size()));
            bytes_.insert(bytes_.end(), label.begin(), label.end());
            rest = dot == std::string::npos ? std::string{} : rest.substr(dot + 1);
        }
        u8(0);
    }

    // Bytes written since `mark`, as the two bytes before it.
    void set_length(std::size_t mark) {
        const std::size_t length = bytes_.size() - mark;
        bytes_[mark - 2] = static_cast<std::uint8_t>(length >> 8U);
        bytes_[mark - 1] = static_cast<std::uint8_t>(length & 0xFFU);
    }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

    [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(bytes_); }

  private:
    std::vector<std::uint8_t> bytes_;
    std::map<std::string, std::uint16_t> names_;
};

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};

void write_data(Writer& writer, const Rdata& data) {
    std::visit(
        Overloaded{
            [&](const std::array<std::uint8_t, 4>& a) { writer.raw(a); },
            [&](const std::array<std::uint8_t, 16>& aaaa) { writer.raw(aaaa); },
            [&](const std::string& name) { writer.name(name); },
            [&](const std::vector<std::string>& texts) {
                for (const std::string& text : texts) {
                    writer.characters(text);
                }
                if (texts.empty()) {
                    writer.u8(0);  // TXT has at least one string
                }
            },
            [&](const Soa& soa) {
                writer.name(soa.mname);
                writer.name(soa.rname);
                for (const std::uint32_t number :
                     {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum}) {
                    writer.u32(number);
                }
            },
            [&](const std::vector<std::uint8_t>& bytes) {
                writer.raw(bytes);
            }
        },
        data
    );
}

void write_record(Writer& writer, const Record& record) {
    writer.name(record.name);
    writer.u16(record.type);
    writer.u16(1);
    writer.u32(record.ttl);
    writer.u16(0);
    const std::size_t mark = writer.size();
    write_data(writer, record.data);
    writer.set_length(mark);
}

std::uint16_t flags_of(const Message& message, bool truncated) {
    unsigned flags = std::to_underlying(message.rcode) & 0xFU;
    flags |= (message.opcode & 0xFU) << 11U;
    flags |= message.response ? 0x8000U : 0U;
    flags |= message.authoritative ? 0x0400U : 0U;
    flags |= truncated ? 0x0200U : 0U;
    flags |= message.recursion_desired ? 0x0100U : 0U;
    flags |= message.recursion_available ? 0x0080U : 0U;
    return static_cast<std::uint16_t>(flags);
}

std::vector<std::uint8_t> write(const Message& message, bool only_question) {
    Writer writer;
    writer.u16(message.id);
    writer.u16(flags_of(message, message.truncated || only_question));
    writer.u16(static_cast<std::uint16_t>(message.questions.size()));
    writer.u16(static_cast<std::uint16_t>(only_question ? 0 : message.answers.size()));
    writer.u16(static_cast<std::uint16_t>(only_question ? 0 : message.authorities.size()));
    writer.u16(message.edns_udp_size ? 1 : 0);
    for (const Question& question : message.questions) {
        writer.name(question.name);
        writer.u16(question.type);
        writer.u16(question.klass);
    }
    if (!only_question) {
        for (const Record& record : message.answers) {
            write_record(writer, record);
        }
        for (const Record& record : message.authorities) {
            write_record(writer, record);
        }
    }
    if (message.edns_udp_size) {
        writer.u8(0);
        writer.u16(std::to_underlying(Type::opt));
        writer.u16(*message.edns_udp_size);
        writer.u32(static_cast<std::uint32_t>(std::to_underlying(message.rcode) >> 4U) << 24U);
        writer.u16(0);
    }
    return writer.take();
}

}  // namespace

std::vector<std::uint8_t> encode(const Message& message, std::size_t bytes_max) {
    std::vector<std::uint8_t> whole = write(message, false);
    if (whole.size() > bytes_max) {
        whole = write(message, true);
    }
    return whole;
}

std::string to_address(const std::array<std::uint8_t, 4>& a) {
    std::string text;
    for (const std::uint8_t byte : a) {
        text += (text.empty() ? "" : ".") + std::to_string(byte);
    }
    return text;
}

}  // namespace farshore::net::dns
