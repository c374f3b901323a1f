#include "dataplane/item_digest.h"

#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::dataplane {

TEST(ItemDigest, AgreesWithTheSharedVectors) {
    std::ifstream file(FARSHORE_SOURCE_DIR "/test/data/item_digest.json");
    ASSERT_TRUE(file) << "test/data/item_digest.json";
    std::stringstream text;
    text << file.rdbuf();
    boost::json::parse_options options;
    options.max_depth = 128;
    const boost::json::value vectors = boost::json::parse(text.str(), {}, options);
    const boost::json::array& cases = vectors.at("cases").as_array();
    ASSERT_GT(cases.size(), 5U);
    for (const boost::json::value& each : cases) {
        const boost::json::object& item = each.at("item").as_object();
        EXPECT_EQ(canonical_item(item), std::string{each.at("canonical").as_string()})
            << each.at("name");
        EXPECT_EQ(item_digest(item), std::string{each.at("sha256").as_string()}) << each.at("name");
    }
}

TEST(ItemDigest, RefusesWhatIsNoItem) {
    for (const std::string_view text : {
             R"({"a":"b"})",
             R"({"a":{"S":1}})",
             R"({"a":{"N":"x"}})",
             R"({"a":{"N":""}})",
             R"({"a":{"N":"1e"}})",
             R"({"a":{"N":"1e99999999999"}})",
             R"({"a":{"S":"x","N":"1"}})",
             R"({"a":{"Q":"x"}})",
             R"({"a":{"L":{}}})",
             R"({"a":{"M":[]}})",
             R"({"a":{"SS":[1]}})",
             R"({"a":{"BOOL":"true"}})",
             R"({"a":{}})",
         }) {
        EXPECT_FALSE(item_digest(boost::json::parse(text).as_object())) << text;
    }
}

TEST(ItemDigest, DepthIsBounded) {
    std::string text = R"({"S":"x"})";
    for (int i = 0; i < 50; ++i) {
        text = R"({"L":[)" + text + "]}";
    }
    boost::json::parse_options options;
    options.max_depth = 256;
    const auto item = boost::json::parse(R"({"a":)" + text + "}", {}, options);
    EXPECT_FALSE(item_digest(item.as_object()));
}

}  // namespace farshore::dataplane
