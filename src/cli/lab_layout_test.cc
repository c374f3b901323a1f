#include "cli/lab_layout.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/udp.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "adapters/net/task.h"
#include "base/version.h"
#include "cli/lab_children.h"
#include "cli/lab_directory.h"
#include "cli/lab_files.h"
#include "cli/lab_lock.h"
#include "cli/lab_processes.h"
#include "cli/lab_view.h"
#include "cli/output.h"
#include "wire/config_document.h"
#include "wire/config_loader.h"

namespace farshore::cli {
namespace {

namespace fs = std::filesystem;

class LabDirectory : public ::testing::Test {
  protected:
    LabDirectory() {
        std::string name = (fs::temp_directory_path() / "farshore-lab-test-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        EXPECT_TRUE(claim_directory(directory_, kWorldMark));
    }

    ~LabDirectory() override {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }

    [[nodiscard]] LabLayout layout() const {
        LabOptions options;
        options.directory = directory_;
        auto laid_out = lay_out(options, 177);
        EXPECT_TRUE(laid_out.has_value());
        laid_out->zone_id = "Z123";
        return *laid_out;
    }

    static std::string contents_of(const std::string& path) {
        std::ifstream in{path};
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }

    std::string directory_;
};

TEST(FileLock, IsAskedForWithoutLeavingAFileBehind) {
    const std::string path = "/tmp/farshore-lock-" + std::to_string(::getpid());
    EXPECT_FALSE(FileLock::is_held(path));
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
    {
        const auto lock = FileLock::take(path);
        ASSERT_TRUE(lock);
        EXPECT_TRUE(FileLock::is_held(path));
    }
    EXPECT_FALSE(FileLock::is_held(path));
    ::unlink(path.c_str());
}

TEST(ShortName, IsHowHostsAreNamed) {
    EXPECT_EQ(short_name(RegionId{"us-east-1"}), "use1");
    EXPECT_EQ(short_name(RegionId{"eu-west-1"}), "euw1");
    EXPECT_EQ(short_name(RegionId{"ap-southeast-2"}), "aps2");
}

TEST_F(LabDirectory, HasAPartyForEachAddress) {
    const LabLayout world = layout();
    ASSERT_EQ(world.hosts.size(), 4U);
    EXPECT_EQ(world.hosts[0].name, "use1-web-1");
    EXPECT_EQ(world.hosts[0].address, "127.177.1.11");
    EXPECT_EQ(world.world.party_of(world.hosts[2].address).place, RegionId{"eu-west-1"});
    EXPECT_EQ(world.witness(), RegionId{"us-east-2"});
    EXPECT_NE(world.ports.shop, 0);
    EXPECT_NE(world.ports.shop, world.ports.health);
}

// Another program's DNS on every address of the machine, by UDP alone, as multicast DNS is.
TEST_F(LabDirectory, ADnsPortIsFreeForTcpAndForUdp) {
    const LabLayout first = layout();
    const auto port = first.ports.dns;
    EXPECT_NE(port, 5353) << "multicast DNS has that";
    net::Io io{1};
    boost::asio::ip::udp::socket taken{
        io, {boost::asio::ip::make_address(first.world.dns_address()), port}
    };
    EXPECT_NE(layout().ports.dns, port);
}

TEST_F(LabDirectory, AWorldNeedsThreeDifferentRegions) {
    LabOptions options;
    options.regions = {RegionId{"us-east-1"}, RegionId{"us-east-1"}, RegionId{"us-east-2"}};
    const auto laid_out = lay_out(options, 177);
    ASSERT_FALSE(laid_out.has_value());
    EXPECT_EQ(laid_out.error().kind, ErrorKind::malformed);
    EXPECT_FALSE(laid_out.error().remedy.empty());
    options.regions = {RegionId{"../x"}, RegionId{"a/b"}, RegionId{"us-east-2"}};
    const Status elsewhere = check_regions(options);
    ASSERT_FALSE(elsewhere.has_value());
    EXPECT_TRUE(elsewhere.error().text.starts_with(
        "`../x` is not the name of a Region; `a/b` is not the name of a Region; "
    )) << elsewhere.error().text;
}

TEST_F(LabDirectory, HostsOfRegionsWithOneShortNameHaveNamesOfTheirOwn) {
    LabOptions options;
    options.regions = {RegionId{"ap-south-1"}, RegionId{"ap-southeast-1"}, RegionId{"us-east-2"}};
    const auto laid_out = lay_out(options, 177);
    ASSERT_TRUE(laid_out.has_value()) << laid_out.error().text;
    EXPECT_EQ(laid_out->hosts.front().name, "ap-south-1-web-1");
    EXPECT_EQ(laid_out->hosts.back().name, "ap-southeast-1-web-2");
}

// The files with which the three programs are started by hand are as good as the manual's examples.
// None of them is warned of, with the longest promise of a demo nor with the shortest.
class WrittenConfiguration : public LabDirectory, public ::testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Rto, WrittenConfiguration, ::testing::Values(60, 5));

TEST_P(WrittenConfiguration, IsAcceptedByTheLoader) {
    LabLayout world = layout();
    world.options.rto = std::chrono::seconds{GetParam()};
    ASSERT_TRUE(make_lab_directory(world).has_value());
    ASSERT_TRUE(write_configurations(world).has_value());
    const std::string text = contents_of(world.controller_file());
    const auto controller = config::parse_config(text);
    for (const auto& finding : controller.diagnostics) {
        ADD_FAILURE() << config::render(finding, "farshore.yaml", text);
    }
    EXPECT_EQ(controller.value.app.value(), kLabApp);
    EXPECT_EQ(controller.value.rto, std::chrono::seconds{GetParam()});
    EXPECT_EQ(controller.value.agents.size(), 4U);
    for (const LabHost& host : world.hosts) {
        const std::string agent_text = contents_of(world.agent_file(host));
        const auto agent = config::parse_agent_config(agent_text);
        for (const auto& finding : agent.diagnostics) {
            ADD_FAILURE() << config::render(finding, host.name, agent_text);
        }
        EXPECT_EQ(agent.value.host.value(), host.name);
        EXPECT_EQ(agent.value.aws.source_address, host.address);
    }
    struct stat token{};
    ASSERT_EQ(::stat(world.path("operator.token").c_str(), &token), 0);
    EXPECT_EQ(token.st_mode & 0777U, 0600U);
    EXPECT_EQ(
        contents_of(world.path("tokens.json"))
            .find(contents_of(world.path("operator.token")).substr(0, 20)),
        std::string::npos
    ) << "the controller's file holds digests only";
}

TEST_F(LabDirectory, AWorldMayFollowAnEarlierOne) {
    ASSERT_TRUE(make_lab_directory(layout()).has_value());
    std::ofstream{directory_ + "/etc/old"} << "x";
    ASSERT_TRUE(make_lab_directory(layout()).has_value());
    EXPECT_FALSE(fs::exists(directory_ + "/etc/old"));
}

// What `config view --effective` prints can be loaded again and means the same.
TEST_F(LabDirectory, TheEffectiveConfigurationIsAConfiguration) {
    const LabLayout world = layout();
    ASSERT_TRUE(make_lab_directory(world).has_value());
    ASSERT_TRUE(write_configurations(world).has_value());
    const auto first = config::parse_config(contents_of(world.controller_file()));
    const std::string printed = to_yaml(config::config_document(first.value));
    const auto second = config::parse_config(printed);
    for (const auto& finding : second.diagnostics) {
        ADD_FAILURE() << config::render(finding, "effective.yaml", printed);
    }
    EXPECT_EQ(to_yaml(config::config_document(second.value)), printed);
    EXPECT_EQ(second.value.detect.healthy_for, first.value.detect.healthy_for);
    EXPECT_EQ(second.value.aws.dynamodb, first.value.aws.dynamodb);
}

TEST_F(LabDirectory, ALockIsHeldByOneAndGoneWithItsHolder) {
    const std::string path = directory_ + "/lock";
    {
        const auto lock = FileLock::take(path);
        ASSERT_TRUE(lock.has_value());
        const auto second = FileLock::take(path);
        ASSERT_FALSE(second.has_value());
        EXPECT_EQ(second.error().kind, ErrorKind::conflict);
    }
    EXPECT_TRUE(FileLock::take(path).has_value());
}

TEST_F(LabDirectory, ChildrenEndWithTheirKeeper) {
    pid_t pid = 0;
    {
        Children children;
        const auto started = children.start(
            {.name = "sleeper", .argv = {"/bin/sleep", "600"}, .log_file = directory_ + "/log"}
        );
        ASSERT_TRUE(started.has_value());
        pid = *started;
        EXPECT_EQ(::kill(pid, 0), 0);
        EXPECT_EQ(children.pid("sleeper"), pid);
        EXPECT_FALSE(children
                         .start(
                             {.name = "sleeper",
                              .argv = {"/bin/sleep", "1"},
                              .log_file = directory_ + "/log"}
                         )
                         .has_value());
    }
    EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(LabDirectory, AMissingProgramIsAnErrorWithItsRemedy) {
    Children children;
    const auto started = children.start(
        {.name = "x", .argv = {directory_ + "/farshored"}, .log_file = directory_ + "/log"}
    );
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().kind, ErrorKind::not_found);
    EXPECT_FALSE(started.error().remedy.empty());
}

TEST_F(LabDirectory, ABareWorldNamesTheCommandsThatCompleteIt) {
    LabLayout world = layout();
    world.options.bare = true;
    const LabProcesses processes{world};
    const auto status = processes.describe([](const std::string&) { return std::nullopt; });
    EXPECT_EQ(status.at("commands").as_array().size(), 5U);
    for (const ChildSpec& spec : processes.all()) {
        EXPECT_TRUE(spec.name.starts_with("storefront-")) << spec.name;
    }
}

TEST_F(LabDirectory, TheStatusTellsOfEachProcess) {
    const LabLayout world = layout();
    const LabProcesses processes{world};
    const std::string agent = "agent-" + world.hosts[0].name;
    const std::string storefront = "storefront-" + world.hosts[0].name;
    const ChildExit end{.name = "any", .pid = 7, .status = SIGSEGV, .last_words = "oh"};
    std::string by_fault = agent;
    const auto status = [&] {
        return boost::json::value{
            {"processes",
             processes.census(
                 {.supervisor = 4,
                  .pid_of =
                      [](const std::string& name) {
                          return name == "controller" ? std::optional{pid_t{5}} : std::nullopt;
                      },
                  .end_of = [&](const std::string& name) { return name == agent ? &end : nullptr; },
                  .killed_by_fault =
                      [&](const std::string& name) {
                          return name == by_fault;
                      }}
             )}
        };
    };
    const boost::json::value killed = status();
    EXPECT_FALSE(has_dead_process(killed)) << "it comes back when the fault ends";
    by_fault.clear();
    const boost::json::value dead = status();
    EXPECT_TRUE(has_dead_process(dead));
    std::map<std::string, boost::json::object> by_name;
    for (const boost::json::value& process : dead.at("processes").as_array()) {
        by_name[text_at(process, "name")] = process.as_object();
    }
    EXPECT_EQ(by_name.size(), 2 + 2 * world.hosts.size());
    EXPECT_EQ(by_name.at("lab").at("pid").to_number<int>(), 4);
    EXPECT_EQ(by_name.at("controller").at("pid").to_number<int>(), 5);
    EXPECT_EQ(by_name.at("controller").at("state").as_string(), "running");
    EXPECT_EQ(by_name.at(storefront).at("state").as_string(), "not started");
    EXPECT_EQ(by_name.at(agent).at("pid").to_number<int>(), 7);
    EXPECT_EQ(by_name.at(agent).at("state").as_string(), "ended");
    EXPECT_EQ(by_name.at(agent).at("how").as_string(), "killed by signal 11 (SEGV)");
    EXPECT_EQ(by_name.at(agent).at("last_words").as_string(), "oh");
    EXPECT_EQ(by_name.at(agent).at("log").as_string(), processes.log_file(agent).c_str());
    const std::string table = world_table(dead);
    EXPECT_NE(table.find("ended: killed by signal 11 (SEGV)"), std::string::npos) << table;
    EXPECT_NE(world_table(killed).find("killed by a fault"), std::string::npos);
}

TEST(Version, IsTheProjects) {
    std::ifstream in{fs::path{FARSHORE_SOURCE_DIR} / "CMakeLists.txt"};
    std::ostringstream text;
    text << in.rdbuf();
    EXPECT_NE(text.str().find("VERSION " + std::string{kVersion} + " "), std::string::npos);
}

}  // namespace
}  // namespace farshore::cli
