#pragma once

#include <memory>
#include <string>

#include "adapters/net/http_server.h"
#include "adapters/net/task_group.h"
#include "agent/app_agent.h"
#include "agent/documents.h"
#include "agent/watchdog.h"
#include "wire/config.h"

namespace farshore::agent {

// farshore-agent as an object: all apps of a configuration on one control thread, the thread that
// runs `io`. Everything it starts, it ends.
class Agent {
  public:
    struct Options {
        config::AgentConfig config;
        std::shared_ptr<const ports::Clock> clock;
        std::uint64_t seed = 1;
    };

    // Reads secrets, prepares directories, binds all ports. Errors carry their remedy: malformed or
    // denied (configuration and files), exhausted (disk full), conflict and unavailable (ports).
    [[nodiscard]] static Result<std::unique_ptr<Agent>> start(net::Io& io, Options options);
    // After stop().
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    // Ends everything. Takes nothing new, answers what waits with 503, and lets what is on its way
    // to a Region be answered; what is not within `upstream_timeout` is cut, and the application
    // told that the outcome is unknown. What was lately given up is written down for the next
    // process. Takes the longest `upstream_timeout` and five seconds at most: one for applications
    // to take in their answers, one for the disk, the rest for health checks and tasks under way.
    net::Task<> stop();

    // No task is left: the object may be destroyed.
    [[nodiscard]] bool stopped() const { return stopped_ && tasks_.idle() && files_->idle(); }

    [[nodiscard]] AppAgent& app(std::size_t index) { return *apps_.at(index); }

    [[nodiscard]] std::uint16_t health_port() const { return server_->port(); }

  private:
    Agent(net::Io& io, Options options);

    void make_room();
    [[nodiscard]] Status prepare();
    [[nodiscard]] Status read_keys();
    [[nodiscard]] Status claim_state_directory();
    void make_clients();
    void make_credentials();
    [[nodiscard]] Status await_credentials();
    [[nodiscard]] Status open();
    [[nodiscard]] AppAgent* find(std::string_view app);
    net::Task<net::HttpResponse> answer(net::HttpRequest request);
    net::Task<net::HttpResponse> answer_health(net::HttpRequest request, HealthDepth depth);
    [[nodiscard]] net::HttpResponse answer_route53(std::string_view path);
    struct Left;
    net::Task<> wind_down();
    net::Task<> remember_unknown();
    net::Task<> wait_for(std::shared_ptr<Left> left, Duration at_most);
    net::Task<> run_turns();
    net::Task<> run_files();
    net::Task<> run_credentials_log();
    [[nodiscard]] host::RegionFile region_file() const;

    net::Io* io_;
    Options options_;
    net::TaskGroup tasks_;
    std::unique_ptr<BlockingPool> files_;
    std::unique_ptr<net::DnsClient> dns_;
    std::unique_ptr<net::HttpClient> controllers_;
    std::unique_ptr<net::HttpClient> stacks_;
    std::unique_ptr<net::HttpClient> local_;  // to addresses of the host itself
    std::unique_ptr<aws::CredentialsProvider> credentials_;
    std::unique_ptr<aws::AwsClient> aws_;
    std::vector<sigv4::Credentials> client_keys_;
    std::vector<std::string> names_;          // of this host, for the Host header
    std::optional<std::size_t> clients_max_;  // fewer than usual, of each app
    std::unique_ptr<RegistrationName> registration_name_;
    std::unique_ptr<Shared> shared_;
    Apps apps_;
    std::unique_ptr<net::HttpServer> server_;
    std::unique_ptr<Watchdog> watchdog_;  // run_turns() feeds it to its end
    int claim_ = -1;                      // an open lock file: one agent per state directory
    bool stopped_ = false;
};

}  // namespace farshore::agent
