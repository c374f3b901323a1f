#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/aws/credentials.h"
#include "agent/controller_link.h"
#include "agent/epoch_reader.h"
#include "agent/health.h"
#include "agent/prover.h"
#include "agent/stack_prober.h"
#include "agent/upstream_resolver.h"
#include "agent/verifier.h"

namespace farshore::agent {

// What the apps of one process share. Control thread only; outlives them.
struct Shared {
    net::Io& io;
    std::shared_ptr<const ports::Clock> clock;
    net::TaskGroup& tasks;
    const config::AgentConfig& config;
    BlockingPool& files;
    net::HttpClient& controllers;  // verifies with the installation's CA
    net::HttpClient& stacks;       // verifies with the system's
    net::DnsClient* dns = nullptr;
    aws::AwsClient& aws;
    aws::CredentialsProvider& credentials;
    std::vector<sigv4::Credentials> client_keys;
    const RegistrationName& registration_name;
    BootId boot;
    std::uint64_t seed = 1;
    std::optional<std::size_t> clients_max;  // nullopt: the usual
};

// Everything about one app on this host: the endpoint, the gate before it, and the tasks around
// them.
class AppAgent {
  public:
    // Reads the state file, binds the endpoint. Errors: conflict (port in use), malformed, denied.
    [[nodiscard]] static Result<std::unique_ptr<AppAgent>> start(
        Shared& shared, config::AgentApp app
    );
    ~AppAgent();
    AppAgent(const AppAgent&) = delete;
    AppAgent& operator=(const AppAgent&) = delete;

    // Lets what is on its way to a Region be answered, for as long as an answer may take.
    void wind_down(std::function<void()> done);
    // Ends the endpoint's threads; the shared tasks must have ended before we die.
    void stop();

    [[nodiscard]] AppGate& gate() { return *gate_; }

    [[nodiscard]] const AppGate& gate() const { return *gate_; }

    [[nodiscard]] dataplane::Endpoint& endpoint() { return *endpoint_; }

    [[nodiscard]] const dataplane::Endpoint& endpoint() const { return *endpoint_; }

    [[nodiscard]] Health& health() { return *health_; }

    [[nodiscard]] const EpochReader& epochs() const { return *epochs_; }

    [[nodiscard]] const HostRegistration& registration() const { return *registration_; }

    [[nodiscard]] const core::EvidenceBook& evidence() const { return book_; }

    [[nodiscard]] const UnknownOutcomes& unknown() const { return *unknown_; }

    [[nodiscard]] const Membership& membership() const { return *membership_; }

    [[nodiscard]] const Prover& prover() const { return *prover_; }

    [[nodiscard]] std::vector<LinkStatus> links() const;
    [[nodiscard]] std::string endpoint_url() const;

  private:
    AppAgent(Shared& shared, config::AgentApp app);

    [[nodiscard]] Status open_endpoint();
    void wire_up();
    net::Task<> run_ticks();
    net::Task<> run_evidence();
    void tell_of_clients(const dataplane::Statistics& statistics);

    Shared* shared_;
    config::AgentApp app_;
    std::vector<dataplane::Upstream> upstreams_;
    bool lived_before_ = false;
    bool told_of_discovery_ = false;
    bool told_of_foreign_ = false;
    core::EvidenceBook book_;
    std::unique_ptr<dataplane::Endpoint> endpoint_;
    std::unique_ptr<AppGate> gate_;
    std::unique_ptr<UnknownOutcomes> unknown_;
    std::unique_ptr<aws::AwsClient> own_;  // through our own endpoint
    std::unique_ptr<Verifier> verifier_;
    std::unique_ptr<Prover> prover_;
    std::unique_ptr<Membership> membership_;
    std::unique_ptr<HostRegistration> registration_;
    std::unique_ptr<EpochReader> epochs_;
    std::unique_ptr<OrderDesk> desk_;
    std::unique_ptr<Health> health_;
    std::vector<std::unique_ptr<StackProber>> stacks_;
    std::vector<std::unique_ptr<UpstreamResolver>> resolvers_;
    std::vector<std::unique_ptr<ControllerLink>> links_;
};

}  // namespace farshore::agent
