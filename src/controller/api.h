#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_message.h"
#include "adapters/net/later.h"
#include "adapters/net/task.h"
#include "controller/credentials.h"
#include "controller/denial_log.h"
#include "controller/guess_limiter.h"
#include "controller/joining.h"
#include "controller/key_mask.h"
#include "controller/view.h"
#include "wire/request_documents.h"

namespace farshore::controller {

// The controller's HTTP API for people and their programs: documents as JSON, requests for changes,
// and a stream to watch an operation. Every change is in the audit by the same commit that makes it
// durable; what a guard refuses is answered with all guards. Wrong tokens are answered slower and
// slower. Single-threaded.
class Api {
  public:
    struct Parts {
        net::Io& io;
        const ports::Clock& clock;
        const config::Config& config;
        Credentials& credentials;
        Joining& joining;
        ports::Stored& stored;
        StoreDesk& desk;
        AgentLink& link;
        LossKeeper& losses;
        const TableWatch& tables;
        const EpochRecords& epochs;
        // Takes back what a host has registered by itself.
        std::function<void(const HostId&)> forget;
        // So many random bytes, hex.
        std::function<std::string(std::size_t)> random;
    };

    explicit Api(Parts parts) : parts_(parts) {}

    // Before this only /livez answers: nothing is known yet.
    void ready(runtime::Pump& pump);

    [[nodiscard]] net::Task<net::HttpResponse> answer(net::HttpRequest request);

    // The journal has grown: clients that watch get the new entries.
    void journal_changed();

    // Ends all watching, so that the server can stop.
    void close();

  private:
    using Words = std::vector<std::string_view>;

    [[nodiscard]] std::optional<net::HttpResponse> refuse_foreign(const net::HttpRequest& request
    ) const;
    [[nodiscard]] net::Task<net::HttpResponse> answer_join(net::HttpRequest request);
    // For an unknown token, or a proof that does not hold: the answer waits, and asks to wait.
    [[nodiscard]] net::Task<net::HttpResponse> slowed(std::string peer, net::HttpResponse response);
    [[nodiscard]] std::optional<Error> why_not_for(
        const net::HttpRequest& request, const Caller& caller
    ) const;
    [[nodiscard]] net::HttpResponse read(
        const net::HttpRequest& request, const Words& path, const Caller& caller
    );
    [[nodiscard]] net::HttpResponse read_operation(
        const net::HttpRequest& request, const Words& path, const Caller& caller
    );
    // api_losses.cc
    [[nodiscard]] net::HttpResponse read_losses(
        const net::HttpRequest& request, const OperationId& id, const Caller& caller
    );
    [[nodiscard]] net::Task<net::HttpResponse> settle_losses(
        OperationId id, boost::json::object body, Caller caller
    );
    [[nodiscard]] net::Task<net::HttpResponse> change(net::HttpRequest request, Caller caller);
    [[nodiscard]] net::Task<net::HttpResponse> carry_out(
        const net::HttpRequest& request,
        const Words& path,
        const boost::json::object& body,
        const Caller& caller
    );
    [[nodiscard]] net::Task<net::HttpResponse> change_app(
        const net::HttpRequest& request,
        const Words& path,
        const boost::json::object& body,
        const Caller& caller
    );
    [[nodiscard]] net::Task<net::HttpResponse> start(
        core::ChangeRequest change, bool confirmed, Caller caller
    );
    // The operation that this very request has begun already, as the store has it: its answer was
    // lost. nullopt: there is none.
    [[nodiscard]] std::optional<net::HttpResponse> answer_again(const core::ChangeRequest& change);
    [[nodiscard]] std::optional<Error> why_not_meant(
        const core::ChangeRequest& change, bool confirmed, const Caller& caller
    ) const;
    [[nodiscard]] net::Task<net::HttpResponse> pause(boost::json::object body, Caller caller);
    [[nodiscard]] net::Task<net::HttpResponse> resume(Caller caller);
    // api_credentials.cc
    [[nodiscard]] net::Task<net::HttpResponse> forget(HostId host, Caller caller);
    [[nodiscard]] net::Task<net::HttpResponse> revoke(HostId host, Caller caller);
    [[nodiscard]] net::HttpResponse join_tokens() const;
    [[nodiscard]] net::Task<net::HttpResponse> make_join_token(
        boost::json::object body, Caller caller
    );
    [[nodiscard]] net::Task<net::HttpResponse> end_join_token(std::string name, Caller caller);
    [[nodiscard]] std::optional<net::Task<net::HttpResponse>> change_credentials(
        const Words& path, const boost::json::object& body, const Caller& caller
    );

    [[nodiscard]] net::Task<net::HttpResponse> abort(OperationId id, Caller caller);
    [[nodiscard]] net::Task<net::HttpResponse> answer(
        OperationId id, core::Answer said, boost::json::object body, Caller caller
    );
    [[nodiscard]] net::HttpResponse watch(const OperationId& id);
    [[nodiscard]] net::HttpResponse operations() const;
    [[nodiscard]] net::HttpResponse audit() const;
    [[nodiscard]] net::Task<> run_watch(OperationId id, net::ByteSink& sink);
    [[nodiscard]] Result<core::ChangeRequest> change_from(
        const wire::ChangeBody& asked, core::Verb verb, bool only_plan, const Caller& caller
    ) const;
    // For the audit: who, from where, what, why. `remark` follows the reason.
    [[nodiscard]] ports::AuditRow row_of(
        const Caller& caller, std::string what, std::string detail, std::string_view remark = {}
    ) const;
    void note_denied(
        const std::string& peer,
        const std::string& asked,
        const std::string& who,
        const std::string& why
    );
    [[nodiscard]] View view() const;
    // The words of its path, which point into the request.
    [[nodiscard]] static Words words_in(const net::HttpRequest& request);
    // Asks the core, once; `with` is written in the same commit as what comes of it.
    [[nodiscard]] net::Task<core::Reply> ask(core::Event request, ports::Commit with);
    // About an operation that has been; the answer shows it.
    [[nodiscard]] net::Task<net::HttpResponse> ask_about(
        OperationId id, core::Event request, ports::AuditRow row
    );

    Parts parts_;
    runtime::Pump* pump_ = nullptr;
    std::vector<std::shared_ptr<net::Timer>> watchers_;
    DenialLog denials_;
    GuessLimiter guesses_;
    KeyMask mask_;
    std::size_t slowed_ = 0;  // answers that wait
    std::uint64_t requests_ = 0;
    bool closed_ = false;
};

}  // namespace farshore::controller
