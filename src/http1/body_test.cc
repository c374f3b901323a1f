#include "http1/body.h"

#include <gtest/gtest.h>

namespace farshore::http1 {

namespace {

constexpr BodyFraming kChunked{.chunked = true, .length = 0};

}  // namespace

TEST(Body, OfALengthEndsThere) {
    BodyReader reader;
    reader.start({.chunked = false, .length = 5}, 5);
    std::string out;
    EXPECT_EQ(reader.feed("he", out), 2U);
    EXPECT_FALSE(reader.done());
    EXPECT_EQ(reader.feed("lloNEXT", out), 3U);
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(out, "hello");
    reader.start({}, 5);
    EXPECT_TRUE(reader.done());
}

TEST(Body, ChunksAreReadWhereverTheyAreCut) {
    const std::string wire = "5\r\nhello\r\n00A\r\n, world!!!\r\n0\r\n\r\nNEXT";
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        BodyReader reader;
        reader.start(kChunked, 100);
        std::string out;
        const std::size_t first = reader.feed(std::string_view{wire}.substr(0, cut), out);
        const std::size_t second = reader.feed(std::string_view{wire}.substr(first), out);
        EXPECT_TRUE(reader.done()) << cut;
        EXPECT_EQ(first + second, wire.size() - 4);
        EXPECT_EQ(out, "hello, world!!!");
    }
}

TEST(Body, BadChunksAreRefused) {
    const std::vector<std::pair<std::string_view, Rule>> cases{
        {"\r\n", Rule::bad_chunk_size},
        {"g\r\n", Rule::bad_chunk_size},
        {"5;x=y\r\nhello", Rule::bad_chunk_size},
        {"5\nhello", Rule::bad_chunk_size},
        {" 5\r\n", Rule::bad_chunk_size},
        {"-1\r\n", Rule::bad_chunk_size},
        {"0x5\r\n", Rule::bad_chunk_size},
        {"0000000000000005\r\n", Rule::bad_chunk_size},
        {"5\r\nhello\r\n\r\n", Rule::bad_chunk_size},
        {"5\rXhello", Rule::bad_chunk_end},
        {"5\r\nhelloX", Rule::bad_chunk_end},
        {"5\r\nhello\rX", Rule::bad_chunk_end},
        {"0\r\n\rX", Rule::bad_chunk_end},
        {"0\r\nTrailer: x\r\n\r\n", Rule::trailer},
    };
    for (const auto& [wire, rule] : cases) {
        BodyReader reader;
        reader.start(kChunked, 1U << 20U);
        std::string out;
        reader.feed(wire, out);
        ASSERT_TRUE(reader.refused()) << wire;
        EXPECT_EQ(to_string(*reader.refused()), to_string(rule)) << wire;
    }
}

TEST(Body, IsBounded) {
    std::string out;
    BodyReader plain;
    plain.start({.chunked = false, .length = 11}, 10);
    EXPECT_EQ(plain.refused(), Rule::body_too_large);
    BodyReader chunked;
    chunked.start(kChunked, 10);
    chunked.feed("6\r\nabcdef\r\n4\r\n", out);
    EXPECT_FALSE(chunked.refused());
    chunked.start(kChunked, 10);
    chunked.feed("6\r\nabcdef\r\n5", out);
    EXPECT_EQ(chunked.refused(), Rule::body_too_large);
    // Said by the first digit too many, not waited for.
    chunked.start(kChunked, 10);
    chunked.feed("10", out);
    EXPECT_EQ(chunked.refused(), Rule::body_too_large);
    chunked.start(kChunked, UINT64_MAX);
    chunked.feed("FFFFFFFFFFFFFFF\r\n", out);
    EXPECT_FALSE(chunked.refused());
}

TEST(Body, WhatIsWrittenAsAChunkIsReadAsOne) {
    const std::string text(300, 'x');
    std::string wire = chunk_size_line(text.size()) + text + "\r\n";
    wire += kLastChunk;
    BodyReader reader;
    reader.start(kChunked, 1000);
    std::string out;
    EXPECT_EQ(reader.feed(wire, out), wire.size());
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(out, text);
}

}  // namespace farshore::http1
