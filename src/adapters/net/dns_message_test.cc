#include "adapters/net/dns_message.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace farshore::net::dns {
namespace {

bool same(const Soa& a, const Soa& b) {
    return a.mname == b.mname && a.rname == b.rname && a.serial == b.serial &&
           a.refresh == b.refresh && a.retry == b.retry && a.expire == b.expire &&
           a.minimum == b.minimum;
}

bool same(const std::vector<Record>& a, const std::vector<Record>& b) {
    return std::ranges::equal(a, b, [](const Record& x, const Record& y) {
        if (x.name != y.name || x.type != y.type || x.ttl != y.ttl ||
            x.data.index() != y.data.index()) {
            return false;
        }
        if (const auto* soa = std::get_if<Soa>(&x.data)) {
            return same(*soa, std::get<Soa>(y.data));
        }
        if (const auto* name = std::get_if<std::string>(&x.data)) {
            return *name == std::get<std::string>(y.data);
        }
        if (const auto* texts = std::get_if<std::vector<std::string>>(&x.data)) {
            return *texts == std::get<std::vector<std::string>>(y.data);
        }
        if (const auto* a4 = std::get_if<std::array<std::uint8_t, 4>>(&x.data)) {
            return *a4 == std::get<std::array<std::uint8_t, 4>>(y.data);
        }
        if (const auto* a16 = std::get_if<std::array<std::uint8_t, 16>>(&x.data)) {
            return *a16 == std::get<std::array<std::uint8_t, 16>>(y.data);
        }
        return std::get<std::vector<std::uint8_t>>(x.data) ==
               std::get<std::vector<std::uint8_t>>(y.data);
    });
}

void expect_same(const Message& a, const Message& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.response, b.response);
    EXPECT_EQ(a.authoritative, b.authoritative);
    EXPECT_EQ(a.truncated, b.truncated);
    EXPECT_EQ(a.recursion_desired, b.recursion_desired);
    EXPECT_EQ(a.recursion_available, b.recursion_available);
    EXPECT_EQ(a.opcode, b.opcode);
    EXPECT_EQ(a.rcode, b.rcode);
    EXPECT_EQ(a.edns_udp_size, b.edns_udp_size);
    ASSERT_EQ(a.questions.size(), b.questions.size());
    for (std::size_t i = 0; i < a.questions.size(); ++i) {
        EXPECT_EQ(a.questions[i].name, b.questions[i].name);
        EXPECT_EQ(a.questions[i].type, b.questions[i].type);
        EXPECT_EQ(a.questions[i].klass, b.questions[i].klass);
    }
    EXPECT_TRUE(same(a.answers, b.answers));
    EXPECT_TRUE(same(a.authorities, b.authorities));
}

std::string random_name(Rng& rng) {
    std::string name;
    for (std::uint64_t label = rng.below(4); label > 0; --label) {
        name += name.empty() ? "" : ".";
        // Few letters, so that suffixes meet and are compressed.
        for (std::uint64_t i = 1 + rng.below(3); i > 0; --i) {
            name += static_cast<char>('a' + rng.below(2));
        }
    }
    return name;
}

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes(Rng& rng) {
    std::array<std::uint8_t, N> bytes{};
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(rng.below(256));
    }
    return bytes;
}

Record random_record(Rng& rng) {
    Record record{
        .name = random_name(rng),
        .type = 0,
        .ttl = static_cast<std::uint32_t>(rng.next()),
        .data = {}
    };
    const auto set = [&](Type type, Rdata data) {
        record.type = std::to_underlying(type);
        record.data = std::move(data);
    };
    switch (rng.below(7)) {
        case 0: set(Type::a, random_bytes<4>(rng)); break;
        case 1: set(Type::aaaa, random_bytes<16>(rng)); break;
        case 2: set(Type::cname, random_name(rng)); break;
        case 3: set(Type::ns, random_name(rng)); break;
        case 4: set(Type::txt, std::vector<std::string>{"a b", "", std::string(255, 'x')}); break;
        case 5:
            set(Type::soa,
                Soa{.mname = random_name(rng),
                    .rname = random_name(rng),
                    .serial = static_cast<std::uint32_t>(rng.next())});
            break;
        default: set(static_cast<Type>(99), std::vector<std::uint8_t>{1, 2, 3}); break;
    }
    return record;
}

Message random_message(Rng& rng) {
    Message message;
    message.id = static_cast<std::uint16_t>(rng.below(65536));
    message.response = rng.chance(1, 2);
    message.authoritative = rng.chance(1, 2);
    message.truncated = rng.chance(1, 2);
    message.recursion_desired = rng.chance(1, 2);
    message.recursion_available = rng.chance(1, 2);
    message.opcode = static_cast<std::uint8_t>(rng.below(16));
    message.rcode = static_cast<Rcode>(rng.below(6));
    for (std::uint64_t i = rng.below(3); i > 0; --i) {
        message.questions.push_back(
            {.name = random_name(rng), .type = static_cast<std::uint16_t>(rng.below(300))}
        );
    }
    for (std::uint64_t i = rng.below(6); i > 0; --i) {
        message.answers.push_back(random_record(rng));
    }
    for (std::uint64_t i = rng.below(3); i > 0; --i) {
        message.authorities.push_back(random_record(rng));
    }
    if (rng.chance(1, 2)) {
        message.edns_udp_size = static_cast<std::uint16_t>(rng.below(65536));
    }
    return message;
}

// Twelve bits of response code: four of the header's, eight of the OPT record's (RFC 6891, 6.1.3).
TEST(DnsMessage, AnExtendedResponseCodeIsNoSuccess) {
    Message message;
    message.response = true;
    message.edns_udp_size = 1232;
    std::vector<std::uint8_t> bytes = encode(message);
    ASSERT_EQ(decode(bytes)->rcode, Rcode::no_error);
    bytes[bytes.size() - 6] = 1;  // BADVERS
    EXPECT_EQ(decode(bytes)->rcode, static_cast<Rcode>(16));
}

TEST(DnsMessage, ComesBackAsItWasSent) {
    Rng rng(7);
    for (int round = 0; round < 2000; ++round) {
        const Message message = random_message(rng);
        const Result<Message> back = decode(encode(message));
        ASSERT_TRUE(back) << "round " << round << ": " << back.error().text;
        expect_same(message, *back);
    }
}

TEST(DnsMessage, EveryCutOffMessageIsRefused) {
    Rng rng(8);
    for (int round = 0; round < 200; ++round) {
        const std::vector<std::uint8_t> bytes = encode(random_message(rng));
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_FALSE(decode(std::span(bytes).first(size)))
                << "round " << round << " size " << size;
        }
        std::vector<std::uint8_t> longer = bytes;
        longer.push_back(0);
        EXPECT_FALSE(decode(longer));
    }
}

TEST(DnsMessage, CompressesNames) {
    Message message;
    message.questions.push_back({.name = "magento.example.com", .type = 1});
    message.answers.push_back(
        {.name = "magento.example.com",
         .type = 1,
         .ttl = 5,
         .data = std::array<std::uint8_t, 4>{127, 0, 0, 1}}
    );
    EXPECT_EQ(encode(message).size(), 12U + 21 + 4 + 2 + 10 + 4);
}

TEST(DnsMessage, ReadsNamesInLowerCaseWithoutTrailingDot) {
    Message message;
    message.questions.push_back({.name = "Magento.EXAMPLE.com.", .type = 1});
    EXPECT_EQ(decode(encode(message))->questions.at(0).name, "magento.example.com");
}

TEST(DnsMessage, IsCutToItsQuestionWhenTooLong) {
    Message message;
    message.response = true;
    message.questions.push_back({.name = "a.b", .type = 1});
    for (int i = 0; i < 100; ++i) {
        message.answers.push_back(
            {.name = "a.b", .type = 1, .ttl = 5, .data = std::array<std::uint8_t, 4>{127, 0, 0, 1}}
        );
    }
    const std::vector<std::uint8_t> bytes = encode(message, 512);
    EXPECT_LE(bytes.size(), 512U);
    const Result<Message> cut = decode(bytes);
    ASSERT_TRUE(cut);
    EXPECT_TRUE(cut->truncated);
    EXPECT_TRUE(cut->answers.empty());
    EXPECT_EQ(cut->questions.size(), 1U);
}

std::vector<std::uint8_t> with_question(std::vector<std::uint8_t> name) {
    std::vector<std::uint8_t> bytes{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes.insert(bytes.end(), {0, 1, 0, 1});
    return bytes;
}

TEST(DnsMessage, RefusesNamesThatDoNotEnd) {
    EXPECT_TRUE(decode(with_question({1, 'a', 0})));
    EXPECT_FALSE(decode(with_question({0xC0, 12})));          // points at itself
    EXPECT_FALSE(decode(with_question({1, 'a', 0xC0, 12})));  // a loop
    EXPECT_FALSE(decode(with_question({0xC0, 40})));          // forward
    EXPECT_FALSE(decode(with_question({0x41, 'a', 0})));      // reserved label type
    EXPECT_FALSE(decode(with_question({1, '.', 0})));         // a dot inside a label
    EXPECT_FALSE(decode(with_question({1, 0, 0})));           // NUL inside a label
    EXPECT_FALSE(decode(with_question({63, 'a', 0})));        // beyond the end
    std::vector<std::uint8_t> long_name;
    for (int i = 0; i < 130; ++i) {
        long_name.insert(long_name.end(), {1, 'a'});
    }
    long_name.push_back(0);
    EXPECT_FALSE(decode(with_question(long_name)));
}

TEST(DnsMessage, RefusesDataOfAWrongLength) {
    // An A record of five bytes.
    std::vector<std::uint8_t> bytes{0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
                                    1, 0, 1,    0, 0, 0, 5, 0, 5, 1, 2, 3, 4, 5};
    EXPECT_FALSE(decode(bytes));
    bytes[22] = 4;
    bytes.pop_back();
    EXPECT_TRUE(decode(bytes));
}

TEST(DnsMessage, SurvivesDamage) {
    Rng rng(9);
    int decoded = 0;
    for (int round = 0; round < 5000; ++round) {
        std::vector<std::uint8_t> bytes = encode(random_message(rng));
        for (std::uint64_t i = 1 + rng.below(4); i > 0; --i) {
            bytes[rng.below(bytes.size())] = static_cast<std::uint8_t>(rng.below(256));
        }
        const Result<Message> message = decode(bytes);
        if (message) {
            ++decoded;
            EXPECT_TRUE(decode(encode(*message))) << "round " << round;
        }
    }
    EXPECT_GT(decoded, 100);
}

TEST(DnsMessage, ReadsAddressesStrictly) {
    EXPECT_EQ(to_address({127, 0, 10, 255}), "127.0.10.255");
    EXPECT_EQ(a_from("127.0.10.255"), (std::array<std::uint8_t, 4>{127, 0, 10, 255}));
    for (const char* bad :
         {"",
          "1.2.3",
          "1.2.3.4.5",
          "256.1.1.1",
          "01.2.3.4",
          "1.2.3.4 ",
          "1..2.3",
          "-1.2.3.4",
          "a.b.c.d"}) {
        EXPECT_EQ(a_from(bad), std::nullopt) << bad;
    }
}

}  // namespace
}  // namespace farshore::net::dns
