#include "dataplane/framing.h"

#include <gtest/gtest.h>

namespace farshore::dataplane {

namespace {

struct Verdict {
    std::optional<FramingError> error;
    bool complete = false;
    RequestHead head;
    std::string bytes;
};

Verdict judge(std::string text, std::size_t bytes_max = 32768) {
    Verdict verdict;
    verdict.bytes = std::move(text);
    std::size_t searched = 0;
    const HeadEnd end = find_head_end(verdict.bytes, searched, bytes_max);
    verdict.error = end.error;
    if (end.size) {
        verdict.complete = true;
        verdict.error =
            parse_request_head(std::string_view{verdict.bytes}.substr(0, *end.size), verdict.head);
    }
    return verdict;
}

std::string with(const std::string& headers) {
    return "POST / HTTP/1.1\r\n" + headers + "\r\n";
}

}  // namespace

TEST(Framing, TakesAnOrdinaryRequest) {
    const Verdict verdict =
        judge(with("Host: h\r\nContent-Length: 12\r\nX-Amz-Target:  a b \t\r\n"));
    ASSERT_TRUE(verdict.complete);
    ASSERT_FALSE(verdict.error);
    EXPECT_EQ(verdict.head.method, "POST");
    EXPECT_EQ(verdict.head.target, "/");
    EXPECT_EQ(verdict.head.body.length, 12U);
    EXPECT_TRUE(verdict.head.keep_alive);
    EXPECT_EQ(find_field(verdict.head.fields, "x-amz-target"), "a b");
}

TEST(Framing, RefusesWhatCouldBeReadInTwoWays) {
    const std::vector<std::string> refused{
        "POST / HTTP/1.1\nHost: h\n\n",
        "\r\nPOST / HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.1 \r\nHost: h\r\n\r\n",
        "POST /\r\nHost: h\r\n\r\n",
        "POST http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "P OST / HTTP/1.1\r\nHost: h\r\n\r\n",
        with(""),
        with("Host: h\r\nHost: h\r\n"),
        with("Host: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n"),
        with("Host: h\r\nContent-Length: 3, 3\r\n"),
        with("Host: h\r\nContent-Length: +3\r\n"),
        with("Host: h\r\nContent-Length: -3\r\n"),
        with("Host: h\r\nContent-Length: 0x3\r\n"),
        with("Host: h\r\nContent-Length: \r\n"),
        with("Host: h\r\nContent-Length: 99999999999999999999\r\n"),
        with("Host: h\r\nContent-Length : 3\r\n"),
        with("Host: h\r\nContent-Length: 3\t\r\n"),
        with("Host: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
        with("Host: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
        with("Host: h\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n"),
        with("Host: h\r\nTransfer-Encoding: xchunked\r\n"),
        with("Host: h\r\nTransfer-Encoding: chunked, identity\r\n"),
        with("Host: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        with("Host: h\r\nTransfer-Encoding:\r\n"),
        with("Host: h\r\nX: a\r\n b\r\n"),
        with("Host: h\r\n\tX: a\r\n"),
        with("Host: h\r\nX: a\rb\r\n"),
        with(std::string("Host: h\r\nX: a\0b\r\n", 17)),
        with("Host: h\r\nX: a\x01\r\n"),
        with("Host: h\r\nX: a\x7f\r\n"),
        with("Host: h\r\nno colon\r\n"),
        with("Host: h\r\n: no name\r\n"),
        with("Host: h\r\nX(y): z\r\n"),
        with("Host: h\r\nExpect: 200-maybe\r\n"),
        "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /\x80 HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    for (const std::string& text : refused) {
        EXPECT_TRUE(judge(text).error) << text;
    }
}

TEST(Framing, StrayLineFeedIsNotWaitedOut) {
    EXPECT_TRUE(judge("POST / HTTP/1.1\r\nHost: h\nX").error);
}

TEST(Framing, HeadIsFoundWhereverItIsCut) {
    const std::string text = with("Host: h\r\n") + "body";
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        std::size_t searched = 0;
        HeadEnd end = find_head_end(std::string_view{text}.substr(0, cut), searched, 1000);
        EXPECT_FALSE(end.error);
        end = find_head_end(text, searched, 1000);
        ASSERT_TRUE(end.size) << cut;
        EXPECT_EQ(*end.size, text.size() - 4);
    }
}

TEST(Framing, HeadIsBounded) {
    EXPECT_EQ(
        judge(with("Host: h\r\nX: " + std::string(100, 'x') + "\r\n"), 100).error->status, 431
    );
    EXPECT_EQ(judge("POST / HTTP/1.1\r\nHost: " + std::string(200, 'x'), 100).error->status, 431);
    std::string many = "Host: h\r\n";
    for (int i = 0; i < 200; ++i) {
        many += "X: y\r\n";
    }
    EXPECT_EQ(judge(with(many)).error->status, 431);
}

TEST(Framing, ConnectionAndExpectAreUnderstood) {
    EXPECT_FALSE(judge(with("Host: h\r\nConnection: x, Close\r\n")).head.keep_alive);
    EXPECT_TRUE(judge(with("Host: h\r\nConnection: closed\r\n")).head.keep_alive);
    EXPECT_FALSE(judge("POST / HTTP/1.0\r\nHost: h\r\n\r\n").head.keep_alive);
    EXPECT_TRUE(judge(with("Host: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n"))
                    .head.expects_continue);
    EXPECT_FALSE(judge(with("Host: h\r\nExpect: 100-continue\r\n")).head.expects_continue);
}

TEST(Framing, ChunksAreReadWhereverTheyAreCut) {
    const std::string wire = "5\r\nhello\r\n00A\r\n, world!!!\r\n0\r\n\r\nNEXT";
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        BodyReader reader;
        reader.start({.chunked = true, .length = 0}, 100);
        std::string out;
        const std::size_t first = reader.feed(std::string_view{wire}.substr(0, cut), out);
        const std::size_t second = reader.feed(std::string_view{wire}.substr(first), out);
        EXPECT_TRUE(reader.done()) << cut;
        EXPECT_EQ(first + second, wire.size() - 4);
        EXPECT_EQ(out, "hello, world!!!");
    }
}

TEST(Framing, BadChunksAreRefused) {
    for (const std::string_view wire : {
             "\r\n",
             "g\r\n",
             "5;x=y\r\nhello",
             "5\nhello",
             "5\r\nhelloX",
             "5\r\nhello\rX",
             "0\r\nTrailer: x\r\n\r\n",
             "123456789\r\n",
             " 5\r\n",
             "-1\r\n",
             "0x5\r\n",
         }) {
        BodyReader reader;
        reader.start({.chunked = true, .length = 0}, 1U << 20U);
        std::string out;
        reader.feed(wire, out);
        EXPECT_TRUE(reader.error()) << wire;
    }
}

TEST(Framing, BodiesAreBounded) {
    std::string out;
    BodyReader plain;
    plain.start({.chunked = false, .length = 11}, 10);
    EXPECT_EQ(plain.error()->status, 413);
    BodyReader chunked;
    chunked.start({.chunked = true, .length = 0}, 10);
    chunked.feed("6\r\nabcdef\r\n5\r\n", out);
    ASSERT_TRUE(chunked.error());
    EXPECT_EQ(chunked.error()->status, 413);
}

TEST(Framing, AnswersAreReadStrictlyToo) {
    ResponseHead head;
    EXPECT_FALSE(parse_response_head("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", head));
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.reason, "OK");
    EXPECT_FALSE(parse_response_head("HTTP/1.1 204\r\n\r\n", head));
    EXPECT_TRUE(head.body.empty());
    EXPECT_TRUE(parse_response_head("HTTP/1.1 200 OK\r\n\r\n", head));
    EXPECT_TRUE(parse_response_head("HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n", head));
    EXPECT_TRUE(parse_response_head("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n", head));
    EXPECT_TRUE(parse_response_head(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", head
    ));
}

}  // namespace farshore::dataplane
