#pragma once

#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/aws/credentials.h"
#include "adapters/net/net_test_world.h"
#include "base/text.h"

// Tests of keys that must be asked for: a clock, a home, and servers on this host that behave like
// AWS's.
namespace farshore::aws::testing {

using namespace std::chrono_literals;
using net::testing::TempDirectory;

inline constexpr std::string_view kSecret = "wJalr-secret";

class TestClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return Instant{real() + elapsed + 1h}; }

    [[nodiscard]] UtcTime wall() const override {
        return utc_from_ms(1'795'439'109'000) +  // 2026-11-23T13:05:09Z
               std::chrono::duration_cast<WallClock::duration>(elapsed);
    }

    Duration elapsed{};

  private:
    // Waiting for an answer ends by itself.
    static Duration real() { return std::chrono::steady_clock::now().time_since_epoch(); }
};

class CredentialsTest : public ::testing::Test {
  protected:
    CredentialsTest() {
        variables["HOME"] = directory.path();
        variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1";
    }

    ~CredentialsTest() override {
        for (const auto& server : servers_) {
            world.stop(*server);
        }
        world.tasks.stop();
        world.run_until([this] { return world.tasks.idle(); });
    }

    std::string serve(net::HttpServer::Handler handler) {
        servers_.push_back(world.serve(std::move(handler)));
        return "http://127.0.0.1:" + std::to_string(servers_.back()->port());
    }

    CredentialsProvider& provider(CredentialSources sources = {}) {
        sources.sts_regions = {RegionId{"us-east-1"}};
        provider_ = std::make_unique<CredentialsProvider>(
            std::move(sources),
            CredentialsEdge{
                .io = &world.io, .clock = &clock, .http = http.get(), .local = http.get()
            },
            7,
            [this](const std::string& name) -> std::optional<std::string> {
                const auto found = variables.find(name);
                return found == variables.end() ? std::nullopt : std::optional{found->second};
            }
        );
        return *provider_;
    }

    Result<sigv4::Credentials> get() {
        std::function<net::Task<Result<sigv4::Credentials>>()> start = [this] {
            return provider_->get(5s);
        };
        return world.wait_for(start);
    }

    std::string file(const std::string& name, const std::string& content) {
        const std::string path = directory.path() + "/" + name;
        std::ofstream(path) << content;
        return path;
    }

    // What the servers answer with; ends an hour after the test's beginning.
    [[nodiscard]] std::string document(const std::string& id) const {
        return R"({"Code":"Success","AccessKeyId":")" + id + R"(","SecretAccessKey":")" +
               std::string{kSecret} + R"(","Token":"session","Expiration":"2026-11-23T14:05:09Z"})";
    }

    TestClock clock;
    TempDirectory directory;
    net::testing::World world;
    std::unique_ptr<net::HttpClient> http = net::HttpClient::create(world.io, {});
    std::map<std::string, std::string> variables;

  private:
    std::vector<std::unique_ptr<net::HttpServer>> servers_;
    std::unique_ptr<CredentialsProvider> provider_;
};

}  // namespace farshore::aws::testing
