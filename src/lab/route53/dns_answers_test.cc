#include "lab/route53/dns_answers.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "lab/route53/rdata.h"

namespace farshore::lab::route53 {
namespace {

using net::dns::Message;
using net::dns::Rcode;

class DnsAnswersTest : public testing::Test {
  protected:
    DnsAnswersTest() {
        zone = book.create("example.com", "ref", "", now)->zone.id;
        const auto check = checks.create(
            "c",
            {.type = CheckType::tcp, .ip_address = "127.0.0.1", .port = 80, .failure_threshold = 1}
        );
        check_id = check->id;
        put(
            {.name = "shop.example.com.",
             .type = "A",
             .set_identifier = "one",
             .failover = FailoverRole::primary,
             .ttl = 5,
             .values = {"127.0.0.1"},
             .health_check = check_id}
        );
        put(
            {.name = "shop.example.com.",
             .type = "A",
             .set_identifier = "two",
             .failover = FailoverRole::secondary,
             .ttl = 7,
             .values = {"127.0.0.2"}}
        );
        put(simple("www.example.com.", "CNAME", {"shop.example.com"}));
        put(simple("\\052.wild.example.com.", "A", {"127.0.0.3"}));
        put(simple("deep.below.example.com.", "TXT", {"\"a b\" \"c\""}));
        put(simple("out.example.com.", "CNAME", {"elsewhere.example.net"}));
        put(simple("loop.example.com.", "CNAME", {"loop.example.com"}));
        put(simple("mail.example.com.", "MX", {"10 mx.example.com"}));
        put(
            {.name = "example.com.",
             .type = "A",
             .alias =
                 AliasTarget{.zone = zone, .name = "shop.example.com.", .evaluate_health = true}}
        );
        book.settle(now.instant);
    }

    static RecordSet simple(std::string name, std::string type, std::vector<std::string> values) {
        return {
            .name = std::move(name), .type = std::move(type), .ttl = 30, .values = std::move(values)
        };
    }

    void put(RecordSet record) {
        const auto done = book.change(zone, {{ChangeAction::create, std::move(record)}}, "", now);
        ASSERT_TRUE(done) << done.error().text;
    }

    Message ask(std::string name, const std::string& type = "A") {
        Message query;
        query.id = 77;
        query.questions.push_back({.name = std::move(name), .type = type_number(type)});
        return answers.answer(query, 0);
    }

    std::string address(const std::string& name) {
        const Message reply = ask(name);
        for (const auto& record : reply.answers) {
            if (const auto* a = std::get_if<std::array<std::uint8_t, 4>>(&record.data)) {
                return net::dns::to_address(*a);
            }
        }
        return {};
    }

    void fail_the_primary() {
        for (std::size_t i = 0; i < 16; ++i) {
            checks.heard(check_id, i, {.success = false});
        }
    }

    ZoneBook::Now now{.instant = Instant{std::chrono::seconds{9}}, .wall = utc_from_ms(1)};
    ZoneBook book{Duration{}, 1};
    CheckBook checks{16, 1};
    std::string zone;
    std::string check_id;
    bool emptied = false;
    DnsAnswers answers{
        book,
        checks,
        {.static_names = {{"dynamodb.us-east-1.lab.farshore", "127.0.0.8"}},
         .static_ttl = 5,
         .emptied =
             [this](const std::string&) {
                 return emptied;
             }}
    };
};

TEST_F(DnsAnswersTest, FollowsTheHealthCheck) {
    const Message before = ask("shop.example.com");
    EXPECT_TRUE(before.authoritative);
    EXPECT_TRUE(before.response);
    EXPECT_EQ(before.id, 77);
    ASSERT_EQ(before.answers.size(), 1U);
    EXPECT_EQ(before.answers[0].ttl, 5U);
    EXPECT_EQ(address("shop.example.com"), "127.0.0.1");
    fail_the_primary();
    EXPECT_EQ(address("shop.example.com"), "127.0.0.2");
    EXPECT_EQ(ask("shop.example.com").answers[0].ttl, 7U);
}

TEST_F(DnsAnswersTest, ChasesNamesAndAliasesWithinItsZones) {
    const Message reply = ask("www.example.com");
    ASSERT_EQ(reply.answers.size(), 2U);
    EXPECT_EQ(std::get<std::string>(reply.answers[0].data), "shop.example.com");
    EXPECT_EQ(reply.answers[1].name, "shop.example.com");
    EXPECT_EQ(address("example.com"), "127.0.0.1");
    fail_the_primary();
    EXPECT_EQ(address("example.com"), "127.0.0.2");
    const Message out = ask("out.example.com");
    EXPECT_EQ(out.rcode, Rcode::no_error);
    EXPECT_EQ(out.answers.size(), 1U);
    EXPECT_EQ(ask("loop.example.com").rcode, Rcode::server_failure);
}

TEST_F(DnsAnswersTest, TellsMissingNamesFromMissingTypes) {
    const Message nothing = ask("nobody.example.com");
    EXPECT_EQ(nothing.rcode, Rcode::name_error);
    ASSERT_EQ(nothing.authorities.size(), 1U);
    EXPECT_EQ(nothing.authorities[0].type, type_number("SOA"));
    EXPECT_EQ(nothing.authorities[0].ttl, 900U);
    const Message no_type = ask("shop.example.com", "AAAA");
    EXPECT_EQ(no_type.rcode, Rcode::no_error);
    EXPECT_TRUE(no_type.answers.empty());
    EXPECT_EQ(no_type.authorities.size(), 1U);
    const Message between = ask("below.example.com");
    EXPECT_EQ(between.rcode, Rcode::no_error) << "a name with names below it exists";
    EXPECT_TRUE(between.answers.empty());
}

TEST_F(DnsAnswersTest, AWildcardCoversWhatHasNoNameOfItsOwn) {
    EXPECT_EQ(address("x.wild.example.com"), "127.0.0.3");
    EXPECT_EQ(address("x.y.wild.example.com"), "127.0.0.3");
    EXPECT_EQ(ask("x.wild.example.com").answers[0].name, "x.wild.example.com");
    EXPECT_EQ(ask("wild.example.com").answers.size(), 0U);
}

TEST_F(DnsAnswersTest, ServesItsOtherTypes) {
    const Message text = ask("deep.below.example.com", "TXT");
    ASSERT_EQ(text.answers.size(), 1U);
    EXPECT_EQ(
        std::get<std::vector<std::string>>(text.answers[0].data),
        (std::vector<std::string>{"a b", "c"})
    );
    const Message mail = ask("mail.example.com", "MX");
    ASSERT_EQ(mail.answers.size(), 1U);
    const std::vector<std::uint8_t> expected{
        0, 10, 2, 'm', 'x', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0
    };
    EXPECT_EQ(std::get<std::vector<std::uint8_t>>(mail.answers[0].data), expected);
    EXPECT_EQ(ask("example.com", "NS").answers.size(), 4U);
    EXPECT_EQ(ask("example.com", "SOA").answers.size(), 1U);
}

TEST_F(DnsAnswersTest, ServesTheOctetsOfAText) {
    const auto served = [this](const std::string& name, const std::string& value) {
        put(simple(name + ".", "TXT", {value}));
        book.settle(now.instant);
        const Message reply = ask(name, "TXT");
        EXPECT_EQ(reply.answers.size(), 1U) << value;
        return reply.answers.empty() ? std::vector<std::string>{}
                                     : std::get<std::vector<std::string>>(reply.answers[0].data);
    };
    EXPECT_EQ(
        served("octal.example.com", R"("caf\303\251 \042x\042 \\ end")"),
        (std::vector<std::string>{"caf\xC3\xA9 \"x\" \\ end"})
    );
    EXPECT_EQ(
        served("close.example.com", R"("a\"b""\000c" "")"),
        (std::vector<std::string>{"a\"b", std::string{"\0c", 2}, ""})
    );
    const std::string longest(255, 'x');
    std::string value;
    for (int i = 0; i < 15; ++i) {
        value += "\"" + longest + "\" ";
    }
    EXPECT_EQ(served("long.example.com", value), (std::vector<std::string>(15, longest)));
}

TEST_F(DnsAnswersTest, RefusesWhatIsNotItsOwn) {
    EXPECT_EQ(ask("www.example.net").rcode, Rcode::refused);
    EXPECT_EQ(ask("com").rcode, Rcode::refused);
    Message query;
    query.questions.push_back({.name = "shop.example.com", .type = 1, .klass = 3});
    EXPECT_EQ(answers.answer(query, 0).rcode, Rcode::refused);
    query.questions[0] = {.name = "shop.example.com", .type = 255};
    EXPECT_EQ(answers.answer(query, 0).rcode, Rcode::not_implemented);
    query.opcode = 4;
    EXPECT_EQ(answers.answer(query, 0).rcode, Rcode::not_implemented);
    EXPECT_EQ(answers.answer(Message{}, 0).rcode, Rcode::format_error);
}

TEST_F(DnsAnswersTest, AnEmptiedNameHasNoAddressButExists) {
    EXPECT_EQ(address("dynamodb.us-east-1.lab.farshore"), "127.0.0.8");
    emptied = true;
    const Message reply = ask("dynamodb.us-east-1.lab.farshore");
    EXPECT_EQ(reply.rcode, Rcode::no_error);
    EXPECT_TRUE(reply.answers.empty());
    ASSERT_EQ(reply.authorities.size(), 1U);
    EXPECT_EQ(reply.authorities[0].ttl, 5U);
    EXPECT_EQ(ask("dynamodb.mars.lab.farshore").rcode, Rcode::name_error);
    EXPECT_EQ(ask("us-east-1.lab.farshore").rcode, Rcode::no_error);
    EXPECT_EQ(ask("lab.farshore", "SOA").answers.size(), 1U);
}

TEST_F(DnsAnswersTest, AnswersWithEdnsWhenAsked) {
    EXPECT_FALSE(ask("shop.example.com").edns_udp_size);
    Message query;
    query.questions.push_back({.name = "shop.example.com", .type = 1});
    query.edns_udp_size = 4096;
    EXPECT_TRUE(answers.answer(query, 0).edns_udp_size);
}

}  // namespace
}  // namespace farshore::lab::route53
