#include "cli/plan_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

class PlanFile : public ::testing::Test {
  protected:
    PlanFile() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "farshore-plan-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
        path = directory_ + "/plan.json";
    }

    ~PlanFile() override {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    std::string path;

  private:
    std::string directory_;
};

TEST_F(PlanFile, IsReadAsItWasWritten) {
    const boost::json::value document = boost::json::parse(
        R"({"plan":{"verb":"switchover","app":"shop","from":"a","to":"b","levers":["repoint"],)"
        R"("steps":[],"fingerprint":"0123456789abcdef"}})"
    );
    ASSERT_TRUE(write_plan_file(path, document));
    const auto plan = read_plan_file(path);
    ASSERT_TRUE(plan.has_value()) << plan.error().text;
    EXPECT_EQ(plan->verb, core::Verb::switchover);
    EXPECT_EQ(plan->app, "shop");
    EXPECT_EQ(plan->to, "b");
    EXPECT_EQ(plan->levers, std::vector<std::string>{"repoint"});
    EXPECT_EQ(plan->fingerprint, "0123456789abcdef");
}

TEST_F(PlanFile, WhatIsNoPlanIsRefusedWithAReason) {
    EXPECT_FALSE(read_plan_file(path).has_value()) << "it is not there";
    for (const auto& [text, named] : std::vector<std::pair<std::string, std::string>>{
             {"verb: switchover", "JSON"},
             {"{}", "plan: missing"},
             {R"({"plan":{"app":"a","to":"b","levers":[],"fingerprint":"0"}})", "plan.verb"},
             {R"({"plan":{"verb":"switchover","app":"a","to":"b","fingerprint":""}})",
              "plan.fingerprint"}
         }) {
        std::ofstream(path) << text;
        const auto plan = read_plan_file(path);
        ASSERT_FALSE(plan.has_value()) << text;
        EXPECT_NE(plan.error().text.find(named), std::string::npos) << plan.error().text;
    }
}

}  // namespace
}  // namespace farshore::cli
