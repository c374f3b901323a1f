#include "cli/lab_directory.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "cli/lab_client.h"
#include "cli/lab_files.h"
#include "cli/lab_supervisor.h"

namespace farshore::cli {
namespace {

namespace fs = std::filesystem;

class SomeDirectory : public ::testing::Test {
  protected:
    SomeDirectory() {
        std::string name = (fs::temp_directory_path() / "farshore-mark-test-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        directory_ = root_ + "/d";
    }

    ~SomeDirectory() override {
        std::error_code ignored;
        fs::remove_all(root_, ignored);
    }

    void put(const std::string& name, const std::string& text) const {
        fs::create_directories((fs::path{root_} / name).parent_path());
        std::ofstream{root_ + "/" + name} << text;
    }

    // Every file below the root with its contents.
    [[nodiscard]] std::map<std::string, std::string> everything() const {
        std::map<std::string, std::string> out;
        for (const auto& entry : fs::recursive_directory_iterator{root_}) {
            const std::ifstream in{entry.path()};
            std::ostringstream text;
            text << in.rdbuf();
            out[entry.path().string()] = entry.is_directory() ? "(directory)" : text.str();
        }
        return out;
    }

    [[nodiscard]] LabOptions options() const {
        LabOptions options;
        options.directory = directory_;
        return options;
    }

    std::string root_;
    std::string directory_;
};

TEST_F(SomeDirectory, IsOursWhenItIsNewOrEmptyAndStaysSo) {
    EXPECT_FALSE(has_mark(directory_, kWorldMark));
    ASSERT_TRUE(claim_directory(directory_, kWorldMark));
    EXPECT_TRUE(has_mark(directory_, kWorldMark));
    EXPECT_FALSE(has_mark(directory_, kDemoMark));
    put("d/anything", "x");
    EXPECT_TRUE(claim_directory(directory_, kWorldMark));
}

// What a careless --dir names may have files of the same names as a world's.
TEST_F(SomeDirectory, OfSomebodyElseIsLeftAsItIsByEveryDoor) {
    put("d/credentials", "[default]\naws_access_key_id = mine\n");
    put("d/lab.json", "{\"pid\":1}");
    put("d/logs/years", "of work");
    put("d/lab.log", "mine too");
    put("d.log", "and mine");
    put("d.lock", "");
    const auto before = everything();

    for (const DirectoryMark& mark : {kWorldMark, kDemoMark}) {
        const Status claimed = claim_directory(directory_, mark);
        ASSERT_FALSE(claimed);
        EXPECT_EQ(claimed.error().kind, ErrorKind::conflict);
        EXPECT_NE(claimed.error().text.find("is no "), std::string::npos);
        EXPECT_FALSE(claimed.error().remedy.empty());
    }
    EXPECT_EQ(clear_world(directory_).error().kind, ErrorKind::conflict);
    EXPECT_EQ(LabProcess::start(options()).error().kind, ErrorKind::conflict);
    EXPECT_EQ(
        serve_lab(options(), [](const boost::json::value&) {}).error().kind, ErrorKind::conflict
    );
    EXPECT_FALSE(lab_is_running(directory_));
    EXPECT_EQ(everything(), before);
}

TEST_F(SomeDirectory, IsNotOursWhenTheMarkSaysSomethingElse) {
    put("d/.farshore-lab-world", "a note about farshore");
    EXPECT_FALSE(has_mark(directory_, kWorldMark));
    EXPECT_FALSE(claim_directory(directory_, kWorldMark));
    // Nor when it stands elsewhere.
    const std::string other = root_ + "/other";
    ASSERT_TRUE(claim_directory(other, kWorldMark));
    fs::remove(directory_ + "/.farshore-lab-world");
    fs::create_symlink(other + "/.farshore-lab-world", directory_ + "/.farshore-lab-world");
    EXPECT_FALSE(has_mark(directory_, kWorldMark));
}

TEST_F(SomeDirectory, IsClearedOfWhatAWorldWritesAndOfNothingElse) {
    ASSERT_TRUE(claim_directory(directory_, kWorldMark));
    auto layout = lay_out(options(), 177);
    ASSERT_TRUE(layout);
    ASSERT_TRUE(make_lab_directory(*layout));
    layout->zone_id = "Z1";
    ASSERT_TRUE(write_configurations(*layout));
    put("d/lab.json", "{}");
    put("d/logs/agent.log", "x");
    ASSERT_TRUE(clear_world(directory_));
    // A name that a world writes and that is missing from the list would stay here.
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator{directory_}) {
        left.push_back(entry.path().filename().string());
    }
    EXPECT_EQ(left, std::vector<std::string>{".farshore-lab-world"});

    put("d/thesis.tex", "years of work");
    ASSERT_TRUE(clear_world(directory_));
    EXPECT_TRUE(fs::exists(directory_ + "/thesis.tex"));
}

TEST_F(SomeDirectory, IsClaimedAgainAfterAnInterruptedClaim) {
    put("d/.farshore-lab-world.new", "Written by");
    EXPECT_TRUE(claim_directory(directory_, kWorldMark));
}

}  // namespace
}  // namespace farshore::cli
