#include "wire/url.h"

#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace farshore::wire {
namespace {

TEST(Url, TakesApartWhatItAccepts) {
    const std::vector<std::tuple<std::string, Url, std::string>> cases{
        {"http://h", {.tls = false, .host = "h", .port = 80}, "h"},
        {"https://H.Example/",
         {.tls = true, .host = "h.example", .port = 443, .path = "/"},
         "h.example"},
        {"http://h:4566/prefix",
         {.tls = false, .host = "h", .port = 4566, .path = "/prefix"},
         "h:4566"},
        {"https://h:443/a%20b?x=1&y=/?",
         {.tls = true, .host = "h", .port = 443, .path = "/a%20b", .query = "x=1&y=/?"},
         "h"},
        {"http://[::1]:4566", {.tls = false, .host = "::1", .port = 4566}, "[::1]:4566"},
        {"https://[FD00:EC2::23]/x",
         {.tls = true, .host = "fd00:ec2::23", .port = 443, .path = "/x"},
         "[fd00:ec2::23]"},
        {"http://127.0.0.1:65535?x",
         {.tls = false, .host = "127.0.0.1", .port = 65535, .query = "x"},
         "127.0.0.1:65535"},
        {"http://0a1b2c3d", {.tls = false, .host = "0a1b2c3d", .port = 80}, "0a1b2c3d"},
        {"http://my_host-1.lan:1",
         {.tls = false, .host = "my_host-1.lan", .port = 1},
         "my_host-1.lan:1"},
    };
    for (const auto& [text, url, authority] : cases) {
        const Result<Url> parsed = parse_url(text);
        ASSERT_TRUE(parsed) << text << ": " << parsed.error().text;
        EXPECT_EQ(*parsed, url) << text;
        EXPECT_EQ(parsed->authority(), authority);
        EXPECT_EQ(*parse_url(parsed->text()), url)
            << "its own text means the same: " << parsed->text();
    }
}

TEST(Url, RefusesWhatTwoProgramsReadInTwoWays) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "does not begin with"},
        {"h:4566", "does not begin with"},
        {"ftp://h", "does not begin with"},
        {"HTTP://h", "does not begin with"},
        {"http://", "names no host"},
        {"http://:4566", "names no host"},
        {"http:///x", "names no host"},
        {"http://u@h:1", "user name or password"},
        {"http://u:p@h:1/x", "user name or password"},
        {"http://h:", "`` is not a port"},
        {"http://h:0", "`0` is not a port"},
        {"http://h:99999", "`99999` is not a port"},
        {"http://h:80x", "`80x` is not a port"},
        {"http://h:+80", "`+80` is not a port"},
        {"http://h:080", "`080` is not a port"},
        {"http://::1:4566", "stands in brackets"},
        {"http://[::1", "without its `]`"},
        {"http://[::1]x", "is not a port"},
        {"http://[1.2.3.4]", "not an IPv6 address"},
        {"http://[fe80::1%25eth0]", "not an IPv6 address"},
        {"http://127.1", "neither a host's name nor an IP address"},
        {"http://127.0x1", "neither a host's name nor an IP address"},
        {"http://2130706433", "neither a host's name nor an IP address"},
        {std::string{"http://127.0.0.1\0x", 18}, "neither a host's name nor an IP address"},
        {"http://1.2.3.256", "neither a host's name nor an IP address"},
        {"http://h..example", "neither a host's name nor an IP address"},
        {"http://h.example.", "neither a host's name nor an IP address"},
        {"http://-h", "neither a host's name nor an IP address"},
        {"http://h%41", "neither a host's name nor an IP address"},
        {"http://h\xc3\xa9", "neither a host's name nor an IP address"},
        {"http://" + std::string(64, 'a'), "neither a host's name nor an IP address"},
        {"http://h\\@evil.example", "user name or password"},
        {"http://h /x", "neither a host's name nor an IP address"},
        {"http://h/a b", "percent-encoded"},
        {"http://h/a\nb", "percent-encoded"},
        {"http://h/\xc3\xa9", "percent-encoded"},
        {std::string{"http://h/a\0b", 12}, "percent-encoded"},
        {"http://h/%4", "hexadecimal"},
        {"http://h/?%zz", "hexadecimal"},
        {"http://h/#x", "never sent"},
        {"http://h/" + std::string(2048, 'a'), "longer than"},
    };
    for (const auto& [text, why] : cases) {
        const Result<Url> parsed = parse_url(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::malformed);
        EXPECT_NE(parsed.error().text.find(why), std::string::npos)
            << text << ": " << parsed.error().text;
        EXPECT_FALSE(parsed.error().remedy.empty()) << text;
    }
}

TEST(Url, AnEndpointIsWhatPathsAreAppendedTo) {
    EXPECT_EQ(parse_endpoint("http://h:4566/")->text(), "http://h:4566");
    EXPECT_EQ(parse_endpoint("http://h:4566/prefix/")->text(), "http://h:4566/prefix");
    EXPECT_EQ(parse_endpoint("https://h:443/a/b")->text(), "https://h/a/b");
    for (const char* text :
         {"http://h/?x",
          "http://h?",
          "http://h//",
          "http://h//a",
          "http://h/a//b",
          "h",
          "http://h/a/../b",
          "http://h/.",
          "http://h/%2E./x"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

TEST(Url, AnAddressHasItsPort) {
    EXPECT_EQ(*parse_address_port("127.0.0.1:0"), (AddressPort{.address = "127.0.0.1", .port = 0}));
    EXPECT_EQ(*parse_address_port("[::1]:53"), (AddressPort{.address = "::1", .port = 53}));
    EXPECT_EQ(parse_address_port("[::1]:53")->text(), "[::1]:53");
    EXPECT_EQ(parse_address_port("10.0.0.1:5353")->text(), "10.0.0.1:5353");
    for (const char* text :
         {"",
          "127.0.0.1",
          "127.0.0.1:",
          "127.0.0.1:65536",
          "127.0.0.1:080",
          "127.0.0.1:dns",
          "localhost:53",
          "::1:53",
          "::1",
          "[::1]",
          "[::1]:",
          "[127.0.0.1]:53",
          "127.0.0.1:53 ",
          "256.1.1.1:1",
          "01.1.1.1:1",
          "8642",
          ":53"}) {
        const auto parsed = parse_address_port(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_FALSE(parsed.error().remedy.empty()) << text;
    }
}

TEST(Url, KnowsTheLoopbackAddresses) {
    EXPECT_TRUE(is_loopback("127.9.8.7"));
    EXPECT_TRUE(is_loopback("::1"));
    EXPECT_FALSE(is_loopback("127.evil.example"));
    EXPECT_FALSE(is_loopback("10.0.0.1"));
    EXPECT_FALSE(is_loopback("::2"));
    EXPECT_TRUE(is_ip_address("fd00::1"));
    EXPECT_FALSE(is_ip_address("fe80::1%eth0"));
    EXPECT_FALSE(is_ip_address("h"));
}

}  // namespace
}  // namespace farshore::wire
