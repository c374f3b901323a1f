#include "adapters/host/host_files.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "adapters/host/durable_file.h"

namespace farshore::host {
namespace {

const AppId kApp{"magento"};

StoredState state_of(std::uint64_t epoch, std::uint64_t fenced = 0) {
    return {
        .route =
            {.epoch = Epoch{epoch}, .active = RegionId{"us-east-1"}, .users = RegionId{"eu-west-1"}
            },
        .fenced = Epoch{fenced}
    };
}

class HostFiles : public ::testing::Test {
  protected:
    HostFiles() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "farshore-host-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
    }

    ~HostFiles() override {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    std::string directory_;
};

TEST_F(HostFiles, TheStateSurvives) {
    EXPECT_EQ(*load_state(directory_, kApp), std::nullopt);
    ASSERT_TRUE(store_state(directory_, kApp, state_of(7, 8), utc_from_ms(1)));
    ASSERT_TRUE(store_state(directory_, kApp, state_of(9), utc_from_ms(2)));
    const auto loaded = load_state(directory_, kApp);
    ASSERT_TRUE(loaded) << loaded.error().text;
    EXPECT_EQ(**loaded, state_of(9));
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/magento.json.new"));
}

TEST_F(HostFiles, AWriterThatDiesHalfwayLeavesTheOldState) {
    ASSERT_TRUE(store_state(directory_, kApp, state_of(7), utc_from_ms(1)));
    std::ofstream(directory_ + "/magento.json.new") << R"({"schema_version":1,"app":"mag)";
    EXPECT_EQ(**load_state(directory_, kApp), state_of(7));
    ASSERT_TRUE(store_state(directory_, kApp, state_of(8), utc_from_ms(2)))
        << "the litter does not stand in the way";
    EXPECT_EQ(**load_state(directory_, kApp), state_of(8));
}

TEST_F(HostFiles, EveryTruncationIsAnError) {
    const std::string whole = serialize_state(kApp, state_of(7), utc_from_ms(1));
    ASSERT_TRUE(parse_state(kApp, whole));
    for (std::size_t n = 0; n + 2 < whole.size(); ++n) {
        EXPECT_FALSE(parse_state(kApp, whole.substr(0, n))) << n;
    }
}

TEST_F(HostFiles, AnothersStateIsRefused) {
    ASSERT_TRUE(store_state(directory_, AppId{"other"}, state_of(7), utc_from_ms(1)));
    std::filesystem::rename(directory_ + "/other.json", directory_ + "/magento.json");
    const auto loaded = load_state(directory_, kApp);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().kind, ErrorKind::malformed);
    EXPECT_FALSE(loaded.error().remedy.empty());
}

TEST_F(HostFiles, AppNamesLeadNowhereElse) {
    EXPECT_EQ(state_path("/d", AppId{"../etc/passwd"}), "/d/___etc_passwd.json");
}

TEST_F(HostFiles, AFullDiskLeavesTheOldStateAndSaysSo) {
    ASSERT_TRUE(store_state(directory_, kApp, state_of(7), utc_from_ms(1)));
    const pid_t child = fork();
    if (child == 0) {
        // A file size limit of zero bytes stands for a disk without room.
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        (void)setrlimit(RLIMIT_FSIZE, &none);
        (void)signal(SIGXFSZ, SIG_IGN);
        const Status stored = store_state(directory_, kApp, state_of(8), utc_from_ms(2));
        _exit(stored ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "a write without room must fail";
    EXPECT_EQ(**load_state(directory_, kApp), state_of(7));
}

TEST_F(HostFiles, ErrorsNameTheRemedy) {
    const Status stored = store_state(directory_ + "/missing", kApp, state_of(8), utc_from_ms(2));
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ErrorKind::not_found);
    EXPECT_FALSE(stored.error().remedy.empty());
    const Status prepared = prepare_directory("/proc/farshore", "state directory");
    ASSERT_FALSE(prepared);
    EXPECT_TRUE(prepared.error().text.starts_with("state directory: "));
    EXPECT_TRUE(prepare_directory(directory_ + "/a/b", "state directory"));
}

TEST_F(HostFiles, RegionFilesTellTheActiveRegion) {
    const RegionFile file{
        .host = HostId{"use1-web-1"},
        .home = RegionId{"us-east-1"},
        .at = utc_from_ms(0),
        .apps =
            {{.app = kApp,
              .route = state_of(7).route,
              .write_state = "open",
              .endpoint = "http://127.0.0.1:8642"}}
    };
    ASSERT_TRUE(write_region_files(directory_, file));
    const auto text = read_small_file(directory_ + "/region.json");
    const boost::json::value document = boost::json::parse(**text);
    EXPECT_EQ(document.at("active").as_string(), "us-east-1");
    EXPECT_EQ(document.at("epoch").as_int64(), 7);
    EXPECT_EQ(document.at("apps").at("magento").at("users").as_string(), "eu-west-1");
    const auto env = read_small_file(directory_ + "/magento.env");
    EXPECT_NE((*env)->find("AWS_REGION=\"us-east-1\"\n"), std::string::npos);
    EXPECT_NE(
        (*env)->find("AWS_ENDPOINT_URL_DYNAMODB=\"http://127.0.0.1:8642\"\n"), std::string::npos
    );
    EXPECT_NE((*env)->find("FARSHORE_EPOCH=\"7\"\n"), std::string::npos);
}

}  // namespace
}  // namespace farshore::host
