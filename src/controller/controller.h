#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "adapters/aws/client.h"
#include "adapters/net/http_server.h"
#include "adapters/net/task_group.h"
#include "adapters/recording/recorder.h"
#include "adapters/system/system_clock.h"
#include "controller/agent_link.h"
#include "controller/api.h"
#include "controller/closed_register.h"
#include "controller/commands.h"
#include "controller/core_ports.h"
#include "controller/credentials.h"
#include "controller/edge.h"
#include "controller/enrolment.h"
#include "controller/epoch_records.h"
#include "controller/fleets.h"
#include "controller/host_records.h"
#include "controller/joining.h"
#include "controller/loss_keeper.h"
#include "controller/probes.h"
#include "controller/store_desk.h"
#include "controller/table_watch.h"
#include "controller/traffic.h"
#include "ports/store.h"
#include "runtime/pump.h"
#include "wire/config.h"

namespace farshore::controller {

// One farshored: the core, its runtime and the adapters around them, on one io_context and one
// thread.
class Controller {
  public:
    // Opens everything that can be wrong: tokens, store, clients, port; leads the app from then on.
    // Errors are ready to be shown, each with its remedy: denied and not_found (files), conflict
    // (store or port in use), malformed, exhausted.
    [[nodiscard]] static Result<std::unique_ptr<Controller>> create(
        net::Io& io, config::Config config
    );
    ~Controller();
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

    // Begins to work. Never fails: what is not there yet is waited for.
    void start();
    // Reads the tokens file and the certificate again. It happens by itself, too, within a second
    // of a change; what cannot be read leaves in force what was.
    void reload();
    // Ends all work; the io_context runs until stopped() afterwards.
    void stop();
    [[nodiscard]] bool stopped() const;

    // Why it has stopped by itself; nullopt: it was told to.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

    [[nodiscard]] std::uint16_t port() const;

  private:
    Controller(net::Io& io, config::Config config, std::unique_ptr<ports::WholeStore> store);
    [[nodiscard]] Status take_lead();
    [[nodiscard]] Result<std::string> register_name();
    [[nodiscard]] Result<std::uint64_t> configuration_generation();
    void connect();
    [[nodiscard]] Status assemble();
    void assemble_register();
    void assemble_api();
    [[nodiscard]] Status listen();
    void make_room(net::HttpServer::Options& options) const;
    [[nodiscard]] AgentLink::Options link_options(std::uint64_t generation, BootId boot) const;
    [[nodiscard]] AgentLink::Upcalls link_upcalls();
    [[nodiscard]] Joining::Parts joining_parts();
    [[nodiscard]] net::Task<> boot();
    [[nodiscard]] net::Task<std::optional<core::AppRecord>> first_record();
    [[nodiscard]] core::AppCore::Start start_of(
        core::AppRecord record,
        const core::EpochReading& survey,
        std::vector<ports::RegisteredHost> hosts
    );
    [[nodiscard]] net::Task<> stop_server();
    void begin(core::AppRecord record, const core::EpochReading& survey);
    void begin_recording(core::Opening opening);
    void start_tasks();
    void note_life(const char* what, std::string detail);
    void deliver(core::Event event);
    [[nodiscard]] net::Task<> enroll_found(core::HostsFound event);
    [[nodiscard]] net::Task<Status> enroll(HostId host, RegionId region);
    [[nodiscard]] bool is_listed(const HostId& host) const;
    [[nodiscard]] std::vector<HostId> unlisted() const;
    [[nodiscard]] bool drop(const HostId& host);
    [[nodiscard]] net::Task<> watch_files();
    void reload_if_changed(bool always);
    void end_streams_without_credential();
    [[nodiscard]] std::optional<UtcTime> drill_proven_at();

    net::Io& io_;
    config::Config config_;
    system::SystemClock clock_;
    std::unique_ptr<ports::WholeStore> store_;
    std::unique_ptr<StoreDesk> desk_;
    std::unique_ptr<Credentials> credentials_;
    net::TaskGroup tasks_;
    std::unique_ptr<net::DnsClient> dns_;
    std::unique_ptr<net::HttpClient> http_;
    std::unique_ptr<aws::AwsClient> aws_;
    std::unique_ptr<aws::DynamoDb> tables_;
    std::unique_ptr<aws::Route53> route53_;
    std::unique_ptr<Edge> edge_;
    std::unique_ptr<EpochRecords> epochs_;
    std::unique_ptr<ClosedRegister> closed_register_;  // null: it is open, or `keep` is the rule
    std::unique_ptr<HostRecords> host_records_;
    std::unique_ptr<Probes> probes_;
    std::unique_ptr<TableWatch> table_watch_;
    std::unique_ptr<Traffic> traffic_;
    std::unique_ptr<Checks> checks_;
    std::unique_ptr<Commands> commands_;
    std::unique_ptr<Fleets> fleets_;
    std::unique_ptr<LossKeeper> losses_;
    std::unique_ptr<AgentLink> link_;
    std::unique_ptr<Enrolment> enrolment_;
    std::unique_ptr<Joining> joining_;
    std::unique_ptr<Api> api_;
    std::unique_ptr<WakeUp> wake_;
    Announcer announcer_;
    std::unique_ptr<recording::Recorder> recorder_;  // null: nothing is recorded
    std::unique_ptr<runtime::Pump> pump_;
    std::unique_ptr<net::HttpServer> server_;
    std::set<HostId> not_stored_;  // hosts that the core counts, and the store has refused
    std::string register_id_;      // whose hosts the epoch records confirm
    std::string tls_stamp_;
    std::optional<Error> failure_;
    bool stopping_ = false;
    bool server_stopped_ = false;
};

}  // namespace farshore::controller
