#include "controller/key_mask.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::controller {
namespace {

TEST(KeyMask, TellsKeysApartWithoutNamingThem) {
    const KeyMask mask;
    const std::string one = mask.hide("sessions", R"({"id":{"S":"alice"}})");
    EXPECT_EQ(one.find("alice"), std::string::npos);
    EXPECT_EQ(one, mask.hide("sessions", R"({"id":{"S":"alice"}})"));
    EXPECT_NE(one, mask.hide("sessions", R"({"id":{"S":"bob"}})"));
    EXPECT_NE(one, mask.hide("carts", R"({"id":{"S":"alice"}})"));
    EXPECT_NE(one, KeyMask{}.hide("sessions", R"({"id":{"S":"alice"}})"))
        << "without its secret a viewer cannot try names";
}

TEST(KeyMask, ABookWithoutItsKeysHasNoDigestsMadeFromThem) {
    const boost::json::object book = boost::json::parse(R"({"counts":{"at_risk":1},"entries":[
        {"table":"sessions","key":{"id":{"S":"alice"}},"hash":"0a1b","fate":"at_risk","host":"h"}]})"
    )
                                         .as_object();
    const boost::json::object hidden = KeyMask{}.hidden(book);
    const std::string text = boost::json::serialize(hidden);
    EXPECT_EQ(text.find("alice"), std::string::npos) << text;
    EXPECT_EQ(text.find("0a1b"), std::string::npos) << text;
    EXPECT_TRUE(hidden.at("keys_hidden").as_bool());
    EXPECT_EQ(hidden.at("entries").at(0).at("fate"), "at_risk");
}

}  // namespace
}  // namespace farshore::controller
