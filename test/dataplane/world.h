#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/system/system_clock.h"

#include "dataplane/endpoint.h"
#include "dataplane/fake_region.h"

namespace farshore::dataplane::test {

struct Answer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    [[nodiscard]] std::string header(std::string_view name) const;
};

// A plain, blocking HTTP client: the application.
class Application {
  public:
    explicit Application(std::uint16_t port);
    explicit Application(const std::string& unix_path);

    // Over a connection that is there; takes it over.
    [[nodiscard]] static Application of(int fd) { return Application(Adopted{fd}); }

    ~Application();
    Application(Application&& other) noexcept;
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;
    Application& operator=(Application&& other) noexcept;

    bool send(std::string_view bytes);
    // nullopt: the connection ended, or nothing complete within the time.
    std::optional<Answer> read(std::chrono::milliseconds within = std::chrono::seconds{60});
    std::optional<Answer> call(
        std::string_view operation, std::string_view body, const std::string& more_headers = {}
    );
    // True once the other side has closed.
    bool ended(std::chrono::milliseconds within = std::chrono::seconds{60});

    [[nodiscard]] int fd() const { return fd_; }

  private:
    struct Adopted {
        int fd;
    };

    explicit Application(Adopted connection) : fd_(connection.fd) {}

    bool fill(std::chrono::steady_clock::time_point until);

    int fd_;
    std::string in_;
};

[[nodiscard]] std::string request_text(
    std::string_view operation, std::string_view body, const std::string& more_headers = {}
);

// Looks until the claim holds or a minute is over.
[[nodiscard]] bool eventually(const std::function<bool()>& claim);

inline const RegionId kEast{"us-east-1"};
inline const RegionId kWest{"eu-west-1"};

// The system's time, and what a test has added to it. Thread-safe.
class MovableClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return system_.now() + added(); }

    [[nodiscard]] UtcTime wall() const override {
        return system_.wall() + std::chrono::duration_cast<UtcTime::duration>(added());
    }

    void advance(Duration by) { added_ += by.count(); }

  private:
    [[nodiscard]] Duration added() const { return Duration{added_.load()}; }

    system::SystemClock system_;
    std::atomic<Duration::rep> added_{0};
};

// Two fake Regions and an endpoint between them and the applications.
class World : public ::testing::Test {
  protected:
    World();

    void start(const std::function<void(Endpoint::Options&)>& adjust = {});

    [[nodiscard]] Application application() const { return Application(endpoint->port()); }

    [[nodiscard]] Instant now() const { return clock->now(); }

    [[nodiscard]] Instant in(Duration duration) const { return now() + duration; }

    // Each waits for the acknowledgement.
    void route_to(std::uint64_t epoch, const RegionId& region);
    HoldResult hold(Duration length);
    FenceResult fence(std::uint64_t epoch, Duration grace);

    // A loop of the endpoint has begun a round after this was called.
    void wait_for_a_round();

    // Each Region has answered the probe that the endpoint sends when it starts: a leap of the
    // clock behind this call makes no probe late.
    void wait_for_first_probes() const;

    std::shared_ptr<MovableClock> clock = std::make_shared<MovableClock>();
    FakeRegion east;
    FakeRegion west;
    std::unique_ptr<Endpoint> endpoint;
};

[[nodiscard]] sigv4::Credentials test_credentials();

}  // namespace farshore::dataplane::test
