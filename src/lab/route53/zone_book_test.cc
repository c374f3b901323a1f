#include "lab/route53/zone_book.h"

#include <gtest/gtest.h>

namespace farshore::lab::route53 {
namespace {

using std::chrono::seconds;

class ZoneBookTest : public testing::Test {
  protected:
    ZoneBookTest() {
        const auto created = book.create("example.com", "ref", "", now);
        EXPECT_TRUE(created);
        zone = created->zone;
    }

    [[nodiscard]] static RecordSet record(
        std::string name, std::string type, std::vector<std::string> values
    ) {
        return {
            .name = std::move(name), .type = std::move(type), .ttl = 5, .values = std::move(values)
        };
    }

    [[nodiscard]] static RecordSet half(FailoverRole role, std::string address, std::string check) {
        return {
            .name = "shop.example.com.",
            .type = "A",
            .set_identifier = role == FailoverRole::primary ? "one" : "two",
            .failover = role,
            .ttl = 5,
            .values = {std::move(address)},
            .health_check = std::move(check)
        };
    }

    std::string refused(const std::vector<RecordChange>& changes) {
        const auto change = book.change(zone.id, changes, "", now);
        if (change) {
            return "accepted";
        }
        EXPECT_EQ(change.error().code, "InvalidChangeBatch");
        return change.error().text;
    }

    void advance(Duration by) { now.instant += by; }

    ZoneBook::Now now{.instant = Instant{seconds{100}}, .wall = utc_from_ms(1)};
    ZoneBook book{seconds{2}, 1};
    Zone zone;
    RecordSet a = record("a.example.com.", "A", {"127.0.0.1"});
};

TEST_F(ZoneBookTest, ANewZoneHasItsTwoRecords) {
    const auto records = book.records(zone.id);
    ASSERT_TRUE(records);
    EXPECT_EQ((*records)->size(), 2U);
    EXPECT_EQ(zone.name, "example.com.");
    EXPECT_EQ(book.create("example.org", "ref", "", now).error().code, "HostedZoneAlreadyExists");
    EXPECT_EQ(book.create("example.com", "two", "", now).error().code, "ConflictingDomainExists");
    EXPECT_EQ(book.create("exa..mple", "three", "", now).error().code, "InvalidDomainName");
}

TEST_F(ZoneBookTest, DnsSeesAChangeOnlyWhenItIsInSync) {
    advance(seconds{2});
    book.settle(now.instant);
    ASSERT_EQ(book.served("a.example.com.")->records->size(), 2U);
    const auto change = book.change(zone.id, {{ChangeAction::create, a}}, "why", now);
    ASSERT_TRUE(change);
    EXPECT_FALSE(change->in_sync);
    EXPECT_EQ((*book.records(zone.id))->size(), 3U) << "the API sees it at once";
    advance(seconds{1});
    book.settle(now.instant);
    EXPECT_EQ(book.served("a.example.com.")->records->size(), 2U);
    EXPECT_FALSE(book.change_state(change->id, now)->in_sync);
    advance(seconds{1});
    book.settle(now.instant);
    EXPECT_EQ(book.served("a.example.com.")->records->size(), 3U);
    EXPECT_TRUE(book.change_state(change->id, now)->in_sync);
    EXPECT_EQ(book.change_state(change->id, now)->comment, "why");
    EXPECT_EQ(book.change_state("C404", now).error().code, "NoSuchChange");
}

TEST_F(ZoneBookTest, ABatchIsAllOrNothing) {
    const RecordSet b = record("b.example.com.", "A", {"127.0.0.2"});
    const auto text =
        refused({{ChangeAction::create, a}, {ChangeAction::erase, b}, {ChangeAction::create, a}});
    EXPECT_EQ(
        text,
        "[Tried to delete resource record set [name='b.example.com.', type='A'] but it was not "
        "found, "
        "Tried to create resource record set [name='a.example.com.', type='A'] but it already "
        "exists]"
    );
    EXPECT_EQ((*book.records(zone.id))->size(), 2U);
}

TEST_F(ZoneBookTest, ReplacingAPairInOneBatchWorks) {
    ASSERT_TRUE(book.change(zone.id, {{ChangeAction::create, a}}, "", now));
    RecordSet moved = a;
    moved.values = {"127.0.0.9"};
    ASSERT_TRUE(
        book.change(zone.id, {{ChangeAction::erase, a}, {ChangeAction::create, moved}}, "", now)
    );
    EXPECT_EQ((*book.records(zone.id))->at(key_of(a)).values[0], "127.0.0.9");
}

TEST_F(ZoneBookTest, ADeletionMustNameTheCurrentValues) {
    ASSERT_TRUE(book.change(zone.id, {{ChangeAction::create, a}}, "", now));
    RecordSet other = a;
    other.ttl = 60;
    EXPECT_NE(
        refused({{ChangeAction::erase, other}}).find("do not match the current values"),
        std::string::npos
    );
    EXPECT_TRUE(book.change(zone.id, {{ChangeAction::erase, a}}, "", now));
}

TEST_F(ZoneBookTest, AFailoverPairHasOneOfEachAndAPrimaryHasACheck) {
    ASSERT_TRUE(book.change(
        zone.id,
        {{ChangeAction::create, half(FailoverRole::primary, "127.0.0.1", "c")},
         {ChangeAction::create, half(FailoverRole::secondary, "127.0.0.2", "")}},
        "",
        now
    ));
    RecordSet third = half(FailoverRole::secondary, "127.0.0.3", "");
    third.set_identifier = "three";
    EXPECT_NE(
        refused({{ChangeAction::create, third}}).find("SECONDARY failover record exists"),
        std::string::npos
    );
    RecordSet unchecked = half(FailoverRole::primary, "127.0.0.1", "");
    EXPECT_EQ(
        refused({{ChangeAction::upsert, unchecked}}),
        "[A non-alias primary ResourceRecordSet must have an associated health check.]"
    );
    const RecordSet simple = record("shop.example.com.", "A", {"127.0.0.4"});
    EXPECT_NE(
        refused({{ChangeAction::create, simple}}).find("another routing policy"), std::string::npos
    );
    RecordSet nameless = half(FailoverRole::primary, "127.0.0.1", "c");
    nameless.set_identifier.clear();
    EXPECT_NE(refused({{ChangeAction::upsert, nameless}}).find("SetIdentifier"), std::string::npos);
}

TEST_F(ZoneBookTest, WrongRecordsAreNamed) {
    const auto says = [this](const RecordSet& record, std::string_view words) {
        const auto text = refused({{ChangeAction::create, record}});
        EXPECT_NE(text.find(words), std::string::npos) << text;
    };
    says(record("a.example.org.", "A", {"127.0.0.1"}), "is not permitted in zone example.com.");
    says(record("example.com.", "CNAME", {"a.example.com"}), "is not permitted at apex");
    says(record("a.example.com.", "A", {"300.0.0.1"}), "not a valid IPv4 address");
    says(record("a.example.com.", "AAAA", {"1.2.3.4"}), "not a valid IPv6 address");
    says(record("a.example.com.", "TXT", {"plain"}), "quotation marks");
    says(record("a.example.com.", "MX", {"a.example.com"}), "preference and a name");
    says(record("a.example.com.", "SRV", {"1 2 3 a"}), "does not serve records of type SRV");
    says(record("a.example.com.", "A", {}), "found none");
    says(record("b.example.com.", "SOA", {"a. b. 1 2 3 4 5"}), "exactly one SOA");
    RecordSet both = a;
    both.alias = AliasTarget{.zone = zone.id, .name = "b.example.com."};
    says(both, "found more than one");
    ASSERT_TRUE(book.change(zone.id, {{ChangeAction::create, a}}, "", now));
    says(record("a.example.com.", "CNAME", {"b.example.com"}), "conflicts with other records");
    const Records records = **book.records(zone.id);
    for (const auto& [key, own] : records) {
        if (own.name == "example.com.") {
            EXPECT_NE(
                refused({{ChangeAction::erase, own}}).find("A HostedZone must contain"),
                std::string::npos
            );
        }
    }
}

std::string repeated(std::size_t times, char c) {
    return std::string(times, c);
}

// `count` character strings of `length` octets each.
std::string strings(std::size_t count, std::size_t length) {
    std::string value;
    for (std::size_t i = 0; i < count; ++i) {
        value += (value.empty() ? "\"" : " \"") + repeated(length, 'a') + "\"";
    }
    return value;
}

TEST_F(ZoneBookTest, ATextHasStringsOf255OctetsAnd4000InAll) {
    const auto outcome = [this](std::string value) {
        return refused({{ChangeAction::upsert, record("a.example.com.", "TXT", {std::move(value)})}}
        );
    };
    const auto refusal = [](const std::string& problem, const std::string& value) {
        return "[Invalid Resource Record: 'FATAL problem: " + problem + " encountered with '" +
               value + "'']";
    };
    const std::string too_long = "CharacterStringTooLong (Value is too long)";
    const std::string unquoted =
        "InvalidCharacterString (Value should be enclosed in quotation marks)";
    for (const std::string& value :
         {strings(1, 256),
          strings(2, 256),
          strings(15, 267),
          strings(15, 255) + " " + strings(1, 176)}) {
        EXPECT_EQ(outcome(value), refusal(too_long, value));
    }
    for (const std::string value :
         {R"("a"b")",
          "plain",
          R"("open)",
          R"("a" b)",
          R"("a\")",
          R"("\8")",
          R"("\12")",
          R"("\400")",
          "\"",
          " "}) {
        EXPECT_EQ(outcome(value), refusal(unquoted, value));
    }
    std::string escaped = "\"";
    for (std::size_t i = 0; i < 255; ++i) {
        escaped += R"(\303)";
    }
    for (const std::string& value :
         {strings(1, 255),
          strings(15, 255) + " " + strings(1, 175),
          escaped + "\"",
          std::string{R"("a""b")"},
          std::string{R"("")"},
          std::string{R"("a\"b\\")"}}) {
        EXPECT_EQ(outcome(value), "accepted") << value;
    }
}

TEST_F(ZoneBookTest, ADeletionNamesTheValuesInAnyOrder) {
    const RecordSet two = record("b.example.com.", "A", {"127.0.0.1", "127.0.0.2"});
    ASSERT_TRUE(book.change(zone.id, {{ChangeAction::create, two}}, "", now));
    for (std::vector<std::string> others :
         {std::vector<std::string>{"127.0.0.2"},
          {"127.0.0.2", "127.0.0.3"},
          {"127.0.0.2", "127.0.0.2"},
          {"127.0.0.1", "127.0.0.2", "127.0.0.2"}}) {
        EXPECT_EQ(
            refused({{ChangeAction::erase, record("b.example.com.", "A", std::move(others))}}),
            "[Tried to delete resource record set [name='b.example.com.', type='A'] but the values "
            "provided do not match the current values]"
        );
    }
    RecordSet turned = two;
    turned.values = {"127.0.0.2", "127.0.0.1"};
    EXPECT_TRUE(book.change(zone.id, {{ChangeAction::erase, turned}}, "", now));

    const RecordSet names = record("c.example.com.", "NS", {"A.example.org.", "b.example.org"});
    ASSERT_TRUE(book.change(zone.id, {{ChangeAction::create, names}}, "", now));
    RecordSet respelled = names;
    respelled.values = {"b.example.org.", "a.example.org"};
    EXPECT_TRUE(book.change(zone.id, {{ChangeAction::erase, respelled}}, "", now));
}

TEST_F(ZoneBookTest, AValueOccursOnceInARecordSet) {
    const auto says = [this](const std::string& type, std::vector<std::string> values) {
        const RecordSet twice = record("a.example.com.", type, std::move(values));
        const std::string text = refused({{ChangeAction::upsert, twice}});
        EXPECT_EQ(refused({{ChangeAction::create, twice}}), text);
        EXPECT_EQ((*book.records(zone.id))->size(), 2U);
        return text;
    };
    EXPECT_EQ(
        says("A", {"127.0.0.1", "127.0.0.2", "127.0.0.1"}),
        "[Duplicate Resource Record: '127.0.0.1']"
    );
    EXPECT_EQ(says("AAAA", {"::1", "0:0::1"}), "[Duplicate Resource Record: '0:0::1']");
    EXPECT_EQ(says("NS", {"A.b.c.", "a.b.c"}), "[Duplicate Resource Record: 'a.b.c']");
    EXPECT_EQ(says("MX", {"5 a.b", "5 A.b."}), "[Duplicate Resource Record: '5 A.b.']");
    EXPECT_EQ(says("TXT", {R"("a")", R"("\141")"}), "[Duplicate Resource Record: '\"\\141\"']");
    EXPECT_EQ(
        refused({{ChangeAction::create, record("a.example.com.", "TXT", {R"("a")", R"("A")"})}}),
        "accepted"
    );
}

TEST_F(ZoneBookTest, WhatDnsCannotCarryIsRefused) {
    const auto says = [this](std::string name, const std::string& type, std::string value) {
        return refused({{ChangeAction::upsert, record(std::move(name), type, {std::move(value)})}});
    };
    EXPECT_NE(says("example.com.", "SOA", "a. b. 1 2 3 4 five"), "accepted");
    EXPECT_NE(says("example.com.", "SOA", "a..b b. 1 2 3 4 5"), "accepted");
    EXPECT_NE(says("example.com.", "SOA", "a. b. 1 2 3 4 4294967296"), "accepted");
    EXPECT_NE(says("a.example.com.", "MX", "65536 a.b"), "accepted");
    EXPECT_EQ(says("example.com.", "SOA", "a. b. 1 2 3 4 5"), "accepted");
}

TEST_F(ZoneBookTest, ABatchHasItsLimits) {
    const auto addresses = [](std::size_t count) {
        std::vector<std::string> values;
        for (std::size_t i = 0; i < count; ++i) {
            values.push_back("127.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
        }
        return values;
    };
    EXPECT_EQ(
        refused({{ChangeAction::create, record("a.example.com.", "A", addresses(401))}}),
        "[Cannot have more than 400 records in a RRSet.]"
    );
    const auto three = [&](ChangeAction action, std::size_t last) {
        return std::vector<RecordChange>{
            {action, record("a.example.com.", "A", addresses(400))},
            {action, record("b.example.com.", "A", addresses(100))},
            {action, record("c.example.com.", "A", addresses(last))}
        };
    };
    const std::string records = "[Number of records limit of 1000 exceeded.]";
    EXPECT_EQ(refused(three(ChangeAction::upsert, 1)), records) << "UPSERT counts twice";
    EXPECT_EQ(refused(three(ChangeAction::create, 1)), "accepted");
    std::vector<std::string> texts;
    for (char c = 'a'; c <= 'h'; ++c) {
        texts.push_back("\"" + repeated(8, c) + "\" " + strings(15, 255));
    }
    const RecordSet large = record("t.example.com.", "TXT", texts);
    EXPECT_EQ(
        refused({{ChangeAction::upsert, large}}), "[RDATA character limit of 32000 exceeded.]"
    );
    EXPECT_EQ(refused({{ChangeAction::create, large}}), "accepted");
}

TEST_F(ZoneBookTest, AZoneIsDeletedOnlyWhenEmpty) {
    ASSERT_TRUE(book.change(zone.id, {{ChangeAction::create, a}}, "", now));
    EXPECT_EQ(book.erase(zone.id, now).error().code, "HostedZoneNotEmpty");
    ASSERT_TRUE(book.change(zone.id, {{ChangeAction::erase, a}}, "", now));
    ASSERT_TRUE(book.erase(zone.id, now));
    EXPECT_EQ(book.zone(zone.id).error().code, "NoSuchHostedZone");
    advance(seconds{1});
    book.settle(now.instant);
    EXPECT_FALSE(book.served("example.com.")) << "its creation had not reached DNS yet";
    advance(seconds{1});
    book.settle(now.instant);
    EXPECT_FALSE(book.served("example.com."));
}

}  // namespace
}  // namespace farshore::lab::route53
